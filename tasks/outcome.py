"""Result of a data-to-model run for the closing card and for scripts, and advice where a corpus is too small."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from prefect.client.schemas.objects import State
from prefect.runtime import flow_run

from seqloom.artifact.manifest import Manifest
from seqloom.evaluation.examples import short_source
from seqloom.recipe.applications import application_of
from seqloom.recipe.schema import Recipe
from seqloom.recipe.sections.source_section import places_of
from seqloom.shell_command import shell_word
from tasks.headlines import headline
from tasks.prefect_client import prefect_is_embedded

FEW_TEST_ROWS = 100  # the score of a version swings by several points with which rows they are
FEW_TEXTS, FEW_LABELED = 5_000, 1_000  # rows to learn from
LARGER_SHARE = 0.2


@dataclass(frozen=True)
class Outcome:
    """The result of a data-to-model run."""

    model: str
    version: int
    aliases: list[str]
    gate: str  # the verdict and its reason
    run_id: str
    checkpoint: str
    metrics: dict[str, float]
    stages: dict[str, float | str]  # seconds, or "cached"
    flow_run: str
    prefect_url: str  # of the flow run, empty where Prefect is embedded
    mlflow_url: str  # of the version, empty where MLflow has no server
    task: str = "translation"
    champion: dict[str, float] | None = None  # its version, and the judged scores it was registered with
    examples: list[dict[str, str]] = field(default_factory=list)  # rank, source, reference, hypothesis
    verdict: str = "champion"  # or refused, declined, waiting
    lacks: list[str] = field(default_factory=list)  # advice on the corpus of a version that was refused

    @property
    def uri(self) -> str:
        """The model URI, as `seqloom generate` and `mlflow.pyfunc.load_model` take it."""
        return f"models:/{self.model}/{self.version}"

    @property
    def try_it(self) -> str:
        """The command that tries the model: a chat, or a source text."""
        if application_of(self.task).dialogues:
            return f"seqloom chat {self.uri}"
        return f"seqloom generate {self.uri} {shell_word(short_source(self.examples, '…'))}"

    def as_json(self) -> dict[str, Any]:
        """Return every field, for `--json`."""
        return asdict(self)


def outcome_of(recipe: Recipe, corpus: Manifest, states: Sequence[State[Manifest]]) -> Outcome:
    """Return the outcome of the flow run whose stages ended in these states; the model is of a training or ensemble."""
    manifests: list[Manifest] = [state.result() for state in states]
    cached = {manifest.stage for manifest, state in zip(manifests, states, strict=True) if state.name == "Cached"}
    done = {manifest.stage: manifest for manifest in manifests}
    registry, gate = done["registry"].facts, done["gate"].facts
    return Outcome(
        model=registry["name"],
        version=registry["version"],
        aliases=list(gate["aliases"]),
        gate=headline(done["gate"]),
        run_id=registry["run_id"],
        checkpoint=done["registry"].folder,
        metrics=done["evaluation"].facts["metrics"],
        stages={name: "cached" if name in cached else manifest.seconds for name, manifest in done.items()},
        flow_run=str(flow_run.id),
        prefect_url="" if prefect_is_embedded() else str(flow_run.ui_url or ""),
        mlflow_url=registry["version_url"],
        task=registry["task"],
        champion=gate["champion"],
        examples=done["evaluation"].facts["examples"],
        verdict=gate["verdict"],
        lacks=list(shortage(recipe, corpus, gate["verdict"])),
    )


def shortage(recipe: Recipe, corpus: Manifest, verdict: str) -> Iterator[str]:
    """Yield sentences of advice where the corpus of a refused version is small; none for a version that passed."""
    rows = corpus.facts["rows"]
    if verdict != "refused":
        return
    if rows["test"] < FEW_TEST_ROWS:
        advice = _larger_share(recipe, sum(rows.values()))
        yield f"{rows['test']:,} test rows hardly tell two models apart{advice}."
    if rows["train"] < (FEW_LABELED if application_of(recipe.task).answer == "label" else FEW_TEXTS):
        yield (
            f"{rows['train']:,} rows are little to learn from: what does not occur in them a model cannot know; more "
            "rows help most."
        )


def _larger_share(recipe: Recipe, rows: int) -> str:
    """Return which share would hold out more of the rows for test; nothing where none would."""
    corpus = recipe.corpus
    if corpus.overfit:
        return ""
    own = [each for each in corpus.sources if each.test_share >= 0]
    helps = not places_of(corpus, "test") and corpus.test_share < LARGER_SHARE
    if helps and not own:
        return f": corpus.test_share={LARGER_SHARE} holds out some {round(LARGER_SHARE * rows):,}"
    fields = ["corpus.test_share"] if helps else []
    fields += [f"test_share of source {each.name}" for each in own if each.test_share < LARGER_SHARE]
    return f": {' and '.join(fields)} of {LARGER_SHARE} would hold out more" if fields else ""
