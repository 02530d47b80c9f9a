"""Templates of a team's first recipe and deployments, with comments, for a table of theirs."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath

SMALL = 1500  # rows: of fewer a larger share is held out
_SMALL_TEST, _SMALL_VALIDATION = 0.2, 0.1


@dataclass(frozen=True)
class Start:
    """The values that fill the templates."""

    name: str
    recipe_file: str  # path
    places: tuple[str, ...]  # of the text, as corpus.train says it: two are aligned files
    task: str
    source: str = ""  # column
    target: str = ""
    header: bool = True
    format: str = "auto"
    source_language: str = ""
    target_language: str = ""
    max_characters: int = 0  # 0: what is usual
    rows: int = 0  # of a small table; 0: of a large one, or of text that is no table
    turns: int = 0  # of dialogues
    turn_separator: str = ""
    dialogue_column: str = ""


def recipe_text(start: Start) -> str:
    """Return a recipe with the corpus filled in, and further fields as comments."""
    needed = _NEEDED.get(start.task, ())
    lines = [
        f"# {_MADE[start.task]}",
        f"# seqloom check {start.recipe_file} tells what is in the text, and what will run.",
        f"name: {_quoted(start.name)}",
        f"task: {start.task}",
        "",
        "corpus:",
        *_corpus_lines(start),
        "",
        *needed,
        *([""] if needed else []),
        "# What is left out is chosen from the corpus: the sizes of vocabulary and model, batches, epochs.",
        "# These are the fields to try first; take the # away, and the corpus decides no more.",
        *(
            line
            for section, hint in _HINTS.items()
            if not any(each.startswith(section) for each in needed)
            for line in hint
        ),
    ]
    return "\n".join(lines) + "\n"


def deployments_text(start: Start) -> str:
    """Return a `prefect.yaml` with the flows for the recipe."""
    drift = "" if start.task == "generation" else _DRIFT
    return (_DEPLOYMENTS + drift).format(
        name=start.name,
        recipe=_quoted(start.recipe_file),
        grid=_GRIDS[start.task],
        column=_quoted(start.source or "source"),
    )


_DEPLOYMENTS = """\
# Deployments of {name}: `seqloom up` runs them here, `seqloom deploy` puts them on a Prefect server of yours.
pull:
  - prefect.deployments.steps.set_working_directory: {{directory: "{{{{ $PWD }}}}"}}

definitions:
  each: &each
    work_pool: {{name: seqloom-cpu}}
    tags: [seqloom]
    schedules: []

deployments:
  - <<: *each
    name: {name}-nightly
    description: From the text to a judged version, every night; what has not changed is reused.
    entrypoint: flows.data_to_model.data_to_model
    parameters: {{recipe_file: {recipe}}}
    concurrency_limit: {{limit: 1, collision_strategy: ENQUEUE}}  # one at a time: the next waits
    schedules:
      - {{cron: "0 2 * * *", timezone: Etc/UTC}}
    triggers:
      - name: "seqloom: a changed corpus of {name} is trained on"
        expect: [seqloom.corpus.changed]
        match: {{prefect.resource.id: "seqloom.corpus.{name}"}}
        parameters:
          recipe_file: "{{{{ event.payload.recipe_file }}}}"
          override: "{{{{ event.payload.override }}}}"

  - <<: *each
    name: {name}-watch
    description: >-
      Looks every hour whether a twentieth of the rows changed, and then trains.
      Paused; resume it in place of the nights.
    entrypoint: flows.refresh.refresh
    parameters: {{recipe_file: {recipe}, share: 0.05}}
    schedules:
      - {{cron: "30 * * * *", timezone: Etc/UTC, active: false}}

  - <<: *each
    name: {name}-batch
    description: The champion over a whole file or table, in shards, to Parquet.
    entrypoint: flows.batch_generate.batch_generate
    parameters: {{model: "models:/{name}@champion", column: {column}}}

  - <<: *each
    name: {name}-compare
    description: Several architectures side by side on the same rows.
    entrypoint: flows.compare.compare
    parameters: {{recipe_files: [{recipe}], grid: ["{grid}"]}}

  - <<: *each
    name: {name}-tune
    description: A search over the values of fields; trials that lag behind end early, the best recipe is kept.
    entrypoint: flows.tune.tune
    parameters: {{recipe_file: {recipe}, space: ["training.learning_rate=0.0005..0.01", "model.dropout=0..0.5"]}}

  - <<: *each
    name: {name}-clean-up
    description: What the artifacts take that no version and no run of the last 30 days needs; with delete it is freed.
    entrypoint: flows.clean_up.clean_up
    schedules:
      - {{cron: "0 6 * * 0", timezone: Etc/UTC}}
"""

_DRIFT = """
  - <<: *each
    name: {name}-drift
    description: >-
      Whether what the champion is asked is unlike what it has learned from. Paused; resume it once seqloom serve
      models:/{name}@champion --log asked runs in this folder.
    entrypoint: flows.drift.drift
    parameters: {{model: "models:/{name}@champion", log: asked}}
    schedules:
      - {{cron: "0 5 * * *", timezone: Etc/UTC, active: false}}
"""


_MADE: Mapping[str, str] = {
    "translation": "Writes one text for another.",
    "summarization": "Writes what a document says in fewer words.",
    "sentiment": "Tells the label of a text.",
    "chat": "Replies to a conversation with its next turn.",
    "reconstruction": "Writes a text back from one vector.",
    "generation": "Writes on from a prompt, as the text would.",
    "transduction": "Writes one string for another.",
}
"""By task, what the recipe says of its model."""

_NEEDED: Mapping[str, tuple[str, ...]] = {
    "generation": ("decoding: {method: sample, temperature: 0.8}",),
    "chat": ("decoding: {method: sample, temperature: 0.7, top_p: 0.9}  # the likeliest reply is the same to most",),
}
"""By task, what else it should say."""

_HINTS: Mapping[str, tuple[str, ...]] = {
    "vocabulary": ("# vocabulary:", "#   size: 8000  # tokens at most"),
    "training": (
        "# training:",
        "#   epochs: 40  # passes over the text at most",
        "#   patience: 10  # epochs without a better figure before training stops",
    ),
    "registry": (
        "# registry:",
        "#   description: What it is for  # shown beside each version",
        "#   approval: manual  # a person says yes before a version becomes @champion",
    ),
}
"""By section, what one may want to say."""

_GRIDS: Mapping[str, str] = {
    "translation": "model.encoder=transformer,lstm",
    "summarization": "model.encoder=gru,lstm",
    "sentiment": "model.encoder=cnn,lstm",
    "chat": "model.encoder=transformer,gru",
    "reconstruction": "model.encoder=gru,lstm",
    "generation": "model.decoder=lstm,gru",
    "transduction": "model.encoder=lstm,transformer",
}
"""By task, what a first comparison tries."""


def _corpus_lines(start: Start) -> list[str]:
    places = ", ".join(map(_quoted, start.places))
    aligned = "line n of one belongs to line n of the other"
    what = aligned if len(start.places) == 2 else "a list: also a pattern such as data/*.csv, or a URL"
    lines = [f"  train: [{places}]  # {what}"]
    if start.format != "auto":
        lines.append(f"  format: {start.format}")
    if not start.header:
        lines.append("  header: false  # columns are 1, 2, 3 …")
    if start.source:
        lines += [f"  source_column: {_quoted(start.source)}", f"  target_column: {_quoted(start.target)}"]
    lines += _dialogue_lines(start)
    languages = [
        f"source_language: {start.source_language or 'en'}",
        f"target_language: {start.target_language or 'en'}",
    ]
    known = "" if start.source_language else "# "
    lines += [f"  {known}{line}" for line in languages[: 1 if start.task in ("sentiment", "generation") else 2]]
    lines[-1] += "  # ISO 639: how words are found in it"
    if start.max_characters:
        what = "of a passage, which is a row" if start.format == "running" else "a longer text is left out"
        lines.append(f"  max_characters: {start.max_characters}  # {what}")
    if start.rows:
        lines.append(f"  test_share: {_SMALL_TEST}  # of {start.rows:,} rows a twentieth could not tell models apart")
        lines.append(f"  validation_share: {_SMALL_VALIDATION}")
    validation, test = ("a tenth", "a fifth") if start.rows else ("a twentieth", "another twentieth")
    return [
        *lines,
        f"  # validation: {_others('validation', start)}  # else {validation} of the rows, chooses the epoch",
        f"  # test: {_others('test', start)}  # else {test} tells how good the model is",
    ]


def _others(split: str, start: Start) -> str:
    """Return file names of another split, with the suffixes of the training files."""
    return f"[{', '.join(f'{split}{PurePath(place).suffix}' for place in start.places)}]"


def _dialogue_lines(start: Start) -> list[str]:
    if not start.turns:
        return []
    lines = [f"  turns: {start.turns}  # before it that a reply may look back to"]
    if start.turn_separator:
        lines.append(f"  turn_separator: {json.dumps(start.turn_separator)}  # between the turns of a line")
    if start.dialogue_column:
        lines.append(f"  dialogue_column: {_quoted(start.dialogue_column)}  # rows of one value are one dialogue")
    return lines


def _quoted(text: str) -> str:
    """Return a scalar as both YAML and JSON read it, unquoted where that is safe."""
    plain = text.isascii() and text.replace("_", "").replace(".", "").replace("/", "").replace("-", "").isalnum()
    reserved = text.lower() in ("true", "false", "yes", "no", "on", "off", "null", "y", "n")
    return text if plain and text[:1].isalpha() and not reserved else json.dumps(text, ensure_ascii=False)
