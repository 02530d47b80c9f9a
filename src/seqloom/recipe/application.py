"""The declaration of an application: its metrics, baselines, plots and rules."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from seqloom.recipe.filter_expressions import RULES, parse_filters
from seqloom.recipe.metric import Metric

if TYPE_CHECKING:
    from seqloom.recipe.recipe_fields import RecipeFields

BASELINE = "baseline/"  # prefix of a baseline's name and metric among the metrics of an evaluation


@dataclass(frozen=True)
class Application:
    """One application, declared; `seqloom.evaluation.applications` computes what is named here."""

    name: str
    rows: str  # the noun for rows of its corpus, in the plural
    answer: Literal["text", "label", "continuation"]
    metrics: tuple[Metric, ...]  # in display order
    metric: str  # judges a version if evaluation.metric is auto
    baselines: Mapping[str, str]  # titles, by name
    plots: Mapping[str, str]  # captions, by file
    acceptable: float  # quality of a row, by which examples are ranked, from which confidence counts it as right
    acceptable_words: str  # the same for people
    rules: "Callable[[RecipeFields], Iterator[str]]"  # yields a sentence for each field that contradicts the task
    dialogues: bool = False  # its corpus and its requests are dialogues
    running_text: bool = False  # its corpus is running text
    robust: bool = False  # a source with typos has the same answer
    by_sentence: bool = False  # the answers to the sentences of a text are the answer to the text
    strings: bool = False  # its rows are words and strings, of which a similar one has another answer

    @property
    def judged(self) -> dict[str, Metric]:
        """Return the metrics that may judge a version, by name."""
        return {measure.name: measure for measure in self.metrics if measure.judged}

    def baselines_in(self, metrics: Mapping[str, float]) -> dict[str, str]:
        """Return the titles of the baselines that these metrics include: one can be switched off."""
        measured = {name.split("/")[1] for name in metrics if name.startswith(BASELINE)}
        return {name: title for name, title in self.baselines.items() if name in measured}

    def errors_in(self, recipe: "RecipeFields") -> Iterator[str]:
        """Yield a sentence for each field that contradicts the task."""
        yield from self.rules(recipe)
        if recipe.decoding.long_texts == "sentences" and not self.by_sentence:
            yield (
                f"decoding.long_texts sentences answers the sentences of a text one by one, which is no answer to the "
                f"text in task {self.name}: set it to cut or refuse"
            )
        if recipe.evaluation.bertscore_model and self.answer != "text":
            yield f"evaluation.bertscore_model compares texts, and task {self.name} answers with none: remove it"
        if recipe.corpus.turns and not self.dialogues:
            yield "corpus.turns makes replies of dialogues, which are for task chat: set task to chat, or remove it"
        if self.running_text != (recipe.corpus.format == "running"):
            is_not, remedy = ("no ", "to running") if self.running_text else ("", "to what the files are")
            yield (
                f"corpus.format {recipe.corpus.format} is {is_not}running text, which task {self.name} "
                f"{'learns' if self.running_text else 'does not learn'} from: set it {remedy}"
            )
        if self.answer == "label":
            for each in parse_filters(recipe.corpus.filters):
                if each.sides != ("source",):
                    yield (
                        f"corpus.filters {each} looks at the targets, which are labels in task {self.name}: "
                        f"{'remove it' if RULES[each.name].fixed else f'write source.{each}'}"
                    )
        rising = [name for name, measure in self.judged.items() if measure.rises]  # loss itself is what falls
        for field, value, also, names in (
            ("evaluation.metric", recipe.evaluation.metric, ["auto"], list(self.judged)),
            ("training.select_by", recipe.training.select_by, ["auto", "loss"], rising),
        ):
            if value not in (*also, *names):
                yield f"{field} {value} is no score of task {self.name}: set it to {', '.join([*also, *names])}"
