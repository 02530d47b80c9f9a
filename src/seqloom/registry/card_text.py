"""The text of a model card (Mitchell et al. 2019), in Markdown: purpose, training data, scores, limits, lineage."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from seqloom.artifact.manifest import Manifest
from seqloom.evaluation.answer_limits import describe_limits
from seqloom.evaluation.bertscore_summary import describe_bertscore
from seqloom.evaluation.contamination_summary import describe_contamination
from seqloom.evaluation.examples import short_source
from seqloom.evaluation.exposure_summary import describe_exposure
from seqloom.recipe.applications import application_of, metric_of_recipe
from seqloom.recipe.metric import Metric
from seqloom.recipe.schema import Recipe
from seqloom.recipe.sections.source_section import places_of
from seqloom.registry.ensemble_card import training_lines
from seqloom.registry.evidence import plain
from seqloom.registry.lineage import KNOWN_ANSWERS
from seqloom.registry.registered_version import Version
from seqloom.reports.cost_summary import cost_rows
from seqloom.reports.ensemble_summary import ensemble_cost_rows
from seqloom.reports.known_answers_summary import counts_of
from seqloom.reports.privacy_summary import privacy_rows
from seqloom.shell_command import shell_word

Manifests = Mapping[str, Manifest]  # by stage


def card_text(recipe: Recipe, made: Manifests, version: Version, lineage: Mapping[str, str]) -> str:
    """Return the card as Markdown, without later events."""
    sections = {
        "What it is for": _purpose(recipe, made),
        "How to call it": _calling(recipe, version, made["evaluation"]),
        "What it learned from": _training_text(recipe, made),
        "How good it is": _quality(recipe, made["evaluation"]),
        "Limits": (*_limits(recipe, made), *_answered_first(lineage)),
        "What it costs": _cost(recipe, made),
        "Where it comes from": (f"- {what}: `{value}`" for what, value in lineage.items()),
    }
    parts = [f"# {version.name}, version {version.number}"]
    parts += [f"## {title}\n\n" + "\n".join(lines) for title, lines in sections.items()]
    return "\n\n".join(parts) + "\n"


def _purpose(recipe: Recipe, made: Manifests) -> Iterator[str]:
    section = recipe.corpus
    yield recipe.registry.description or "Nobody said: set `registry.description` in the recipe."
    yield ""
    target = f" → {section.target_language or 'unknown'}" if application_of(recipe.task).answer == "text" else ""
    yield f"- task: {recipe.task}, {section.source_language or 'unknown'}{target}"
    yield f"- license: {recipe.registry.license or 'not stated; set `registry.license` in the recipe'}"
    model = recipe.model
    attention = "" if model.decoder in ("transformer", "cnn", "classifier") else f", attention {model.attention}"
    beside = f", beside a linear model of runs of up to {model.ngram_order} tokens" if model.ngram_order else ""
    first = ", of the first member" if "ensemble" in made else ""
    yield f"- architecture: {model.encoder} → {model.decoder}{attention}{beside}{first}"


def _calling(recipe: Recipe, version: Version, evaluation: Manifest) -> Iterator[str]:
    source = short_source(evaluation.facts["examples"], "…")
    yield "```"
    yield f"seqloom generate {version.uri} {shell_word(source)}"
    if application_of(recipe.task).dialogues:
        yield f"seqloom chat {version.uri}"
    yield f"mlflow models serve -m {version.uri} --env-manager local"
    yield "```"
    yield ""
    yield f"Its report, with examples and slices: `seqloom report {version.uri}`."
    yield ""
    yield "Where it is loaded, its libraries have to be installed; Seqloom is none of them:"
    yield ""
    yield "```"
    yield f"mlflow artifacts download -u models:/{version.name}/{version.number}/requirements.txt -d ."
    yield "pip install -r requirements.txt"
    yield "```"
    yield ""
    yield "```python"
    yield f'model = mlflow.pyfunc.load_model("{version.uri}")'
    yield f'model.predict(pd.DataFrame({{"source": [{source!r}]}}), params={{"n_best": 1}})'
    yield "```"
    yield ""
    yield f"`models:/{version.name}@champion` in its place is whichever version passed the gate last."


def _training_text(recipe: Recipe, made: Manifests) -> Iterator[str]:
    if "ensemble" in made:
        yield from training_lines(recipe, made["ensemble"].facts, made["vocabulary"].facts)
        return
    corpus, vocabulary, vectors, training = (made[s].facts for s in ("corpus", "vocabulary", "vectors", "training"))
    places = (*places_of(recipe.corpus, "train"), *recipe.corpus.monolingual)
    yield f"- text: {', '.join(f'`{place}`' for place in places)}"
    rows = ", ".join(f"{count:,} for {split}" for split, count in corpus["rows"].items())
    rejected = sum(corpus["rejected"].values())
    yield f"- pairs: {rows}; {rejected:,} rejected"
    if taught := corpus.get("taught"):
        yield (
            f"- of a teacher: {taught['kept']:,} of the training pairs, a {taught['side']} each answered by "
            f"`{recipe.corpus.teacher}`"
        )
    characters = corpus["characters"]["train"]
    yield f"- mean length: {characters['source']:g} characters of source, {characters['target']:g} of target"
    sizes = vocabulary["size"]
    yield f"- vocabulary: {recipe.vocabulary.kind}, {sizes['source']:,} source and {sizes['target']:,} target tokens"
    covered = ", ".join(f"{share:.1%} of {side} tokens" for side, share in vectors["coverage"].items())
    yield f"- word vectors: {recipe.vectors.method}" + (f", which cover {covered}" if covered else "")
    if "pretraining" in made:
        encoder = made["pretraining"].facts
        yield (
            f"- encoder: had learned from {encoder['rows']:,} texts before, of which "
            f"{', '.join(f'`{place}`' for place in recipe.pretraining.corpus)} is raw text (loss of masked tokens "
            f"{encoder['validation']['validation/loss']:.3f})"
        )
    yield (
        f"- training: {training['parameters']:,} parameters, {training['steps']:,} updates in {training['epochs']} "
        f"epochs, of which epoch {training['best_epoch']} was kept"
    )
    yield from (f"- {name}: {value}" for name, value in privacy_rows(training))
    for label, runs in training.get("top_ngrams", {}).items():
        yield f"- speaks for {label}: " + ", ".join(f"`{run.replace('`', chr(39))}`" for run in runs)


def _quality(recipe: Recipe, evaluation: Manifest) -> Iterator[str]:
    facts, kind, judge = evaluation.facts, application_of(recipe.task), metric_of_recipe(recipe)
    metrics = facts["metrics"]
    baselines = kind.baselines_in(metrics)
    yield f"On {facts['rows']:,} test {kind.rows}; judged by {judge.label}. Intervals: 1,000 resamples of the rows."
    yield ""
    yield "| | this model | 95 % interval | " + " | ".join(baselines.values()) + " |"
    yield "| --- | --- | --- | " + "--- | " * len(baselines)
    for name, measure in kind.judged.items():
        low, high = (measure.shown(end) for end in facts["intervals"][name])
        others = " | ".join(measure.shown(metrics[f"baseline/{baseline}/{name}"]) for baseline in baselines)
        yield f"| {measure.label} | **{measure.shown(metrics[f'test/{name}'])}** | {low} to {high} | {others} |"
    yield ""
    for name, bounds in facts.get("baseline_bounds", {}).items():
        yield f"The {kind.baselines[name]} was learned from {bounds}."
        yield ""
    contamination = describe_contamination(facts.get("contamination", {}), judge, kind.rows)
    if contamination:
        yield contamination
        yield ""
    shown = [measure for measure in kind.metrics if not measure.judged]
    further = ", ".join(f"{each.label} {each.shown(metrics[f'test/{each.name}'], _digits(each))}" for each in shown)
    yield f"{further[:1].upper()}{further[1:]}."
    yield ""
    if compared := facts.get("bertscore"):
        yield plain(describe_bertscore(compared)) + "."
        yield ""
    yield from slice_lines(facts["slices"], judge)
    yield ""
    yield from (f"- `{name}: {signature}`" for name, signature in facts["signatures"].items())


def slice_lines(slices: Sequence[Mapping[str, Any]], judge: Metric) -> Iterator[str]:
    """Yield the table of slices; their names are values of the user's columns, and so no Markdown."""
    yield f"| slice | rows | {judge.label} |"
    yield "| --- | --- | --- |"
    for part in slices:
        yield f"| {plain(part['slice'])} | {part['rows']:,} | {judge.shown(part[judge.name])} |"


def _digits(measure: Metric) -> int:
    return 2 if measure.unit == "plain" else 1


def _limits(recipe: Recipe, made: Manifests) -> Iterator[str]:
    if recipe.corpus.overfit:
        yield "- it was tested on the text it learned from (`corpus.overfit`): its scores say nothing of other text"
    judge, slices = metric_of_recipe(recipe), made["evaluation"].facts["slices"]
    large = [part for part in slices if part["rows"] >= recipe.registry.slice_rows]
    if len(large) > 1:
        worst = min(large, key=lambda part: float(part[judge.name]) * (1 if judge.rises else -1))
        score = judge.shown(worst[judge.name])
        yield f"- weakest on {plain(worst['slice'])}: {judge.label} {score} on {worst['rows']:,} rows"
    if _below_a_baseline(recipe, made["evaluation"]):
        yield "- no better than a baseline: see the table above"
    for side, share in made["vocabulary"].facts["unknown"].items():
        if share:
            yield f"- {share:.1%} of the {side} tokens of held-out text are unknown to the vocabulary"
    if exposed := made["evaluation"].facts.get("exposure"):
        yield f"- {describe_exposure(exposed)}"
    yield from (f"- {line}" for line in describe_limits(made["evaluation"].facts, made["corpus"].facts["rows"]))
    longer = {"cut": "", "sentences": "; longer ones are answered by sentence", "refuse": "; longer ones are refused"}
    most, then = f"{recipe.corpus.max_characters:,}", longer[recipe.decoding.long_texts]
    yield f"- it reads a text up to character {most}: it learned from none that was longer{then}"
    yield "- it was measured on text like that it learned from; other text may be served much worse"


def _answered_first(lineage: Mapping[str, str]) -> Iterator[str]:
    if KNOWN_ANSWERS in lineage:
        yield (
            f"- {counts_of(lineage[KNOWN_ANSWERS])} are answered word for word, before the model is asked (column "
            "`from_memory`; `use_memory` false: by the model); the scores are those of the model alone"
        )


def _cost(recipe: Recipe, made: Manifests) -> Iterator[str]:
    training = made["training"].facts if "training" in made else {}
    rows = ensemble_cost_rows(made["ensemble"].facts) if "ensemble" in made else []
    rows += cost_rows(training, made["evaluation"].facts, recipe.registry.price_per_hour)
    yield from (f"- {name}: {value}" for name, value in rows)
    if not recipe.registry.price_per_hour:
        yield "- money: not stated; set `registry.price_per_hour` in the recipe"


def _below_a_baseline(recipe: Recipe, evaluation: Manifest) -> bool:
    metrics, judge = evaluation.facts["metrics"], metric_of_recipe(recipe)
    ours = metrics[f"test/{judge.name}"]
    others = (metrics[f"baseline/{name}/{judge.name}"] for name in application_of(recipe.task).baselines_in(metrics))
    return any(judge.gain(score, ours) <= 0 for score in others)
