"""The report of a version: the verdict first, then examples, slices, contamination, curves and cost."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from seqloom.evaluation import ATTENTION_FILE, CONFIDENCE_PLOT, FIGURES_FOLDER
from seqloom.evaluation.answer_constraints import CONSTRAINTS, describe_constraints
from seqloom.evaluation.bertscore_summary import describe_bertscore
from seqloom.evaluation.contamination_summary import describe_contamination
from seqloom.recipe.application import Application
from seqloom.recipe.applications import application_of
from seqloom.reports.adversarial_section import adversarial_section
from seqloom.reports.cost_summary import cost_rows
from seqloom.reports.ensemble_summary import (
    MEMBER_COLUMNS,
    ensemble_cost_rows,
    ensemble_privacy_rows,
    member_rows,
)
from seqloom.reports.evaluation_folder import EvaluationFolder
from seqloom.reports.example_rows import example_section
from seqloom.reports.html_page import (
    Cell,
    Markup,
    details,
    joined,
    of_corpus,
    page,
    paragraph,
    section,
    table,
    tag,
    text,
)
from seqloom.reports.known_answers_summary import describe_known_answers
from seqloom.reports.memorization_section import memorization_section
from seqloom.reports.privacy_summary import privacy_rows
from seqloom.reports.svg_drawings import bar, plot, token_map
from seqloom.reports.verdict_box import verdict_box
from seqloom.reports.word_vectors_section import word_vectors_section

_CONFIDENCE_PLOT = 99  # its number; those of the curves count from 0
_CONFUSED = 12  # labels in the matrix

Section = tuple[str, Markup]


def version_report(made: EvaluationFolder) -> str:
    """Return the page of a version."""
    scores = made.scores
    kind = application_of(scores["task"])
    parts: list[Section] = [
        _scores(made, scores, kind),
        *_members(made),
        example_section(made.rows, made.metric, kind),
        *_confusion(scores),
        *_slices(made, scores),
        *_contamination(made, scores, kind),
        *_confidence(made, scores, kind),
        *_constraints(scores),
        *_robustness(made, scores),
        *adversarial_section(scores, kind),
        *memorization_section(scores),
        *_curves(made, kind),
        *_attention(made),
        *word_vectors_section(scores),
        *_privacy(made),
        _cost(made, scores),
        _signatures(scores),
    ]
    return page(made.title, [verdict_box(made, scores, kind)], parts)


def _scores(made: EvaluationFolder, scores: Mapping[str, Any], kind: Application) -> Section:
    metrics, intervals = scores["metrics"], scores["intervals"]
    baselines = kind.baselines_in(metrics)
    rows = []
    for measure in kind.metrics:
        if f"test/{measure.name}" not in metrics:
            continue
        ends = intervals.get(measure.name)
        between = " to ".join(measure.shown(end) for end in ends) if ends else ""
        others = [metrics.get(f"baseline/{name}/{measure.name}") for name in baselines]
        label = Cell(tag("strong", text(measure.label))) if measure == made.metric else measure.label
        shown = ["" if value is None else measure.shown(value) for value in others]
        rows.append([label, measure.shown(metrics[f"test/{measure.name}"]), between, *shown])
    columns = ["score", "this model", "95 % interval", *baselines.values()]
    bounds = [
        f"The {baselines[name]} was learned from {told}." for name, told in scores.get("baseline_bounds", {}).items()
    ]
    told = [f"{describe_bertscore(scores['bertscore'])}."] if "bertscore" in scores else []
    told += [describe_known_answers(made.known_answers)] if made.known_answers else []
    return section("Scores", table(columns, rows, range(1, len(columns))), *map(paragraph, [*told, *bounds]))


def _members(made: EvaluationFolder) -> Iterator[Section]:
    """Yield the versions that an ensemble is made of."""
    if made.ensemble:
        told = "At every token the probabilities of these versions are averaged; all else is as the first has it."
        rows = [list(each) for each in member_rows(made.ensemble)]
        yield section("Members", paragraph(told), table(list(MEMBER_COLUMNS), rows, range(1, len(MEMBER_COLUMNS))))


def _slices(made: EvaluationFolder, scores: Mapping[str, Any]) -> Iterator[Section]:
    metric, slices = made.metric, [part for part in scores["slices"] if made.metric.name in part]
    if not slices:
        return
    whole = scores["metrics"][f"test/{metric.name}"]
    most = max([whole, *(part[metric.name] for part in slices)], default=1.0) or 1.0
    rows = [
        [
            Cell(of_corpus(part["slice"])),
            f"{part['rows']:,}",
            metric.shown(part[metric.name]),
            metric.change(part[metric.name] - whole),
            Cell(bar(part[metric.name] / most, "blue" if metric.gain(whole, part[metric.name]) >= 0 else "ochre")),
        ]
        for part in slices
    ]
    yield section(
        "Slices",
        paragraph(f"{metric.label} on parts of the test rows; ochre: worse than on all ({metric.shown(whole)})."),
        table(["slice", "rows", metric.label, "difference", ""], rows, (1, 2, 3)),
    )


def _contamination(made: EvaluationFolder, scores: Mapping[str, Any], kind: Application) -> Iterator[Section]:
    found = scores.get("contamination", {})
    if not found:
        return
    parts = [paragraph(describe_contamination(found, made.metric, kind.rows))]
    if found["scores"]:
        judged = list(kind.judged.values())
        rows = [
            [f"{name} rows", *(measure.shown(values[measure.name]) for measure in judged)]
            for name, values in found["scores"].items()
        ]
        parts.append(table(["", *(measure.label for measure in judged)], rows, range(1, len(judged) + 1)))
        listed = [[each["kind"], f"{each['row'] + 1:,}", Cell(of_corpus(each["source"]))] for each in found["listed"]]
        parts.append(details("the first of them", table(["in training", "test row", "source"], listed, (1,))))
    yield section("Test rows that stand in training", *parts)


def _confidence(made: EvaluationFolder, scores: Mapping[str, Any], kind: Application) -> Iterator[Section]:
    """Yield how well the confidence beside each answer is calibrated."""
    found = scores.get("confidence")
    if not found:
        return
    rows = [[f"{each['confidence']:.0%}", f"{each['right']:.0%}", f"{each['rows']:,}"] for each in found["curve"]]
    drawn = (made.folder / FIGURES_FOLDER / CONFIDENCE_PLOT).with_suffix(".svg")
    yield section(
        "Confidence",
        paragraph(
            f"Each answer comes with the probability that it is among those that {found['acceptable']}. The mean is "
            f"{found['confidence']:.0%}, and {found['right']:.0%} of the answers to {found['rows']:,} test {kind.rows} "
            f"do; the expected calibration error is {found['error']:.1%}."
        ),
        *([plot(drawn, _CONFIDENCE_PLOT)] if drawn.is_file() else []),
        details("by confidence", table(["confidence, on average", "such answers", kind.rows], rows, (0, 1, 2))),
        paragraph("What a person should look at: seqloom generate MODEL --file FILE --below 0.5.", "faint"),
    )


def _constraints(scores: Mapping[str, Any]) -> Iterator[Section]:
    """Yield what came of the terms and the protected text that the recipe asks for."""
    found = scores.get(CONSTRAINTS)
    if found:
        yield section("Terms and protected text", *map(paragraph, describe_constraints(found)))


def _robustness(made: EvaluationFolder, scores: Mapping[str, Any]) -> Iterator[Section]:
    found = scores.get("robustness")
    if not found:
        return
    metric = made.metric
    rows = [
        [name, metric.shown(each["score"]), f"{each['kept']:.0%}", Cell(bar(each["kept"]))]
        for name, each in sorted(found["perturbations"].items(), key=lambda item: float(item[1]["kept"]))
    ]
    yield section(
        "Robustness",
        paragraph(
            f"{found['kept']:.0%} of the score is kept on average when the sources are disturbed: {metric.label} of "
            f"{found['rows']:,} test rows, {metric.shown(found['clean'])} as they are."
        ),
        table(["sources with", metric.label, "kept", ""], rows, (1, 2)),
    )


def _confusion(scores: Mapping[str, Any]) -> Iterator[Section]:
    if "confusion" not in scores:
        return
    labels, counts = scores["confusion"]["labels"][:_CONFUSED], scores["confusion"]["rows"][:_CONFUSED]
    rows = [
        [Cell(of_corpus(label)), *(f"{count:,}" for count in row[:_CONFUSED])]
        for label, row in zip(labels, counts, strict=True)
    ]
    columns = ["reference, and what it was given", *(Cell(of_corpus(label)) for label in labels)]
    yield section("Which label is taken for which", table(columns, rows, range(1, len(columns))))


def _curves(made: EvaluationFolder, kind: Application) -> Iterator[Section]:
    captions = {"loss.png": "loss by update", **kind.plots}
    files = [(made.folder / FIGURES_FOLDER / name).with_suffix(".svg") for name in captions if name != "confusion.png"]
    drawn = [
        tag("figure", plot(file, number), tag("figcaption", text(captions[f"{file.stem}.png"])))
        for number, file in enumerate(files)
        if file.is_file()
    ]
    if drawn:
        yield section("Curves", *drawn)


def _attention(made: EvaluationFolder) -> Iterator[Section]:
    file = made.folder / ATTENTION_FILE
    maps = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else []
    if maps:
        yield section(
            "Attention",
            paragraph(f"What some answers are from, by {maps[0]['method']}: source tokens above, the answer left."),
            *(token_map(each["source"], each["target"], each["weights"]) for each in maps),
            paragraph("Any other answer: seqloom explain MODEL TEXT.", "faint"),
        )


def _privacy(made: EvaluationFolder) -> Iterator[Section]:
    rows = ensemble_privacy_rows(made.ensemble) if made.ensemble else privacy_rows(made.training)
    if rows:
        yield section("Privacy", table(["", ""], list(map(list, rows))))


def _cost(made: EvaluationFolder, scores: Mapping[str, Any]) -> Section:
    training, facts = made.training, made.facts
    rows = [
        ["training rows", f"{scores['train_rows']:,}"],
        *(map(list, ensemble_cost_rows(made.ensemble)) if made.ensemble else ()),
        *map(list, cost_rows(training, facts, made.price_per_hour)),
    ]
    if "parameters" in training:
        rows.append(["parameters", f"{training['parameters']:,}"])
    if "steps" in training:
        rows.append(["updates", f"{training['steps']:,} in {training['epochs']} epochs"])
    if "device" in training:
        rows.append(["trained on", str(training["device"])])
    if "sentences_per_second" in facts:
        rows.append(["answers a second, in batches", f"{facts['sentences_per_second']:,.1f}"])
    budget = [
        [each["rule"], each["challenger"]]
        for each in made.verdict.get("findings", ())
        if each["rule"].startswith(("one text", "size of the version"))
    ]
    return section("Cost", table(["", ""], [*rows, *budget]))


def _signatures(scores: Mapping[str, Any]) -> Section:
    rows = [[name, Cell(tag("code", text(value)))] for name, value in scores["signatures"].items()]
    return section(
        "How the scores were made",
        joined([paragraph("So that another team can repeat them.")]),
        table(["score", "signature"], rows),
    )
