"""The seven applications, as a recipe's task names them: metrics, baselines, plots and rules of each.

Translation: a text in another language. Summarization: a document's content in fewer words of the same language.
Sentiment: a label of the corpus's own for a text, and how sure the model is. Reconstruction: the text itself, decoded
from its fixed-length vector. Chat: the next turn of a conversation. Generation: a language model's continuation.
Transduction: a string for a string, such as the sounds of a word or the usual form of a date.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from seqloom.recipe.application import Application
from seqloom.recipe.language_tags import same_language
from seqloom.recipe.metric import Metric
from seqloom.recipe.model_rules import AUTO, RECURRENT

if TYPE_CHECKING:
    from seqloom.recipe.recipe_fields import RecipeFields
    from seqloom.recipe.sections.corpus_section import CorpusSection


def _translation_rules(recipe: "RecipeFields") -> Iterator[str]:
    if recipe.corpus.format == "texts":
        yield "corpus.format texts has no translations: set task to reconstruction, or give a table"
    if recipe.model.decoder == "classifier":
        yield "model.decoder classifier answers with a label, not a translation: set task to sentiment"


TRANSLATION = Application(
    name="translation",
    rows="pairs",
    answer="text",
    metrics=(
        Metric("bleu", "BLEU"),
        Metric("chrf", "chrF"),
        Metric("ter", "TER", rises=False, judged=False),  # a baseline's may pass 100, where pictures end
        Metric("perplexity", "perplexity", "plain", rises=False, judged=False),  # of vocabularies that may differ
        Metric("accuracy", "token accuracy", "share", judged=False),
    ),
    metric="chrf",
    baselines={"nearest": "nearest training source", "copy": "copied source"},
    plots={"scores.png": "scores", "chrf_by_length.png": "chrF by length", "lengths.png": "lengths of the answers"},
    acceptable=50.0,
    acceptable_words="have a chrF of 50 at least against the reference",
    rules=_translation_rules,
    by_sentence=True,
    robust=True,
)


def _summarization_rules(recipe: "RecipeFields") -> Iterator[str]:
    if recipe.model.decoder == "classifier":
        yield "model.decoder classifier answers with a label, not a summary: set task to sentiment"
    source, target = recipe.corpus.source_language, recipe.corpus.target_language
    if not same_language(source, target):
        yield (
            f"task summarization writes in the language of the text, and corpus.source_language is {source or 'empty'} "
            f"where corpus.target_language is {target or 'empty'}: set both to one language"
        )


SUMMARIZATION = Application(
    name="summarization",
    rows="documents",
    answer="text",
    metrics=(
        Metric("rouge1", "ROUGE-1"),
        Metric("rouge2", "ROUGE-2"),
        Metric("rougeL", "ROUGE-L"),
        Metric("length_ratio", "length", "share", judged=False),
        Metric("repetition", "repeated", "share", rises=False, judged=False),
        Metric("new_words", "new words", "share", judged=False),
    ),
    metric="rougeL",
    baselines={"lead": "lead sentence", "nearest": "nearest training source"},
    plots={
        "scores.png": "scores",
        "rouge_by_length.png": "ROUGE-L by length of the document",
        "lengths.png": "lengths of the summaries",
    },
    acceptable=30.0,
    acceptable_words="have a ROUGE-L of 30 at least against the reference",
    rules=_summarization_rules,
    robust=True,
)


def _sentiment_rules(recipe: "RecipeFields") -> Iterator[str]:
    if recipe.corpus.format == "texts":
        yield "corpus.format texts has no labels: set it to labeled, or give a table"
    if recipe.model.decoder not in ("classifier", AUTO):
        yield "task sentiment answers with a label: set model.decoder to classifier"
    if recipe.training.objective == "masked":
        yield (
            "training.objective masked learns no labels: train it with task translation, and start from it with "
            "training.start_encoder_from"
        )
    if recipe.vocabulary.shared:
        yield "vocabulary.shared makes one vocabulary of texts and labels: set it to false"
    if recipe.vectors.target_file:
        yield "vectors.target_file holds vectors of words, and the target is a label: remove it"


SENTIMENT = Application(
    name="sentiment",
    rows="texts",
    answer="label",
    metrics=(
        Metric("accuracy", "accuracy", "share"),
        Metric("macro_f1", "macro-F1", "share"),
        Metric("calibration_error", "calibration error", "share", rises=False, judged=False),
    ),
    metric="macro_f1",
    baselines={"tfidf": "logistic regression", "majority": "majority label"},
    plots={
        "scores.png": "scores",
        "confusion.png": "which label is taken for which",
        "calibration.png": "how often the model is right when it says how sure it is",
    },
    acceptable=0.0,
    acceptable_words="are right",
    rules=_sentiment_rules,
    robust=True,
)


def _reconstruction_rules(recipe: "RecipeFields") -> Iterator[str]:
    model = recipe.model
    if model.encoder == "none":
        yield "task reconstruction needs a vector to write back from: set model.encoder to another kind"
    if model.decoder not in (*RECURRENT, AUTO):
        yield f"a {model.decoder} decoder writes no text from a vector alone: set model.decoder to rnn, lstm or gru"
    if model.copy_attention:
        yield "task reconstruction would be copying and nothing else: remove model.copy_attention"
    if model.attention not in ("none", AUTO):
        yield (
            f"attention {model.attention} sees the text itself, and task reconstruction writes from the fixed-length "
            "vector alone: set model.attention to none"
        )
    yield from _target_rules(recipe.corpus)


def _target_rules(section: "CorpusSection") -> Iterator[str]:
    """Yield a sentence for each field of the corpus that gives a text another target than itself."""
    places = {split: getattr(section, split) for split in ("train", "validation", "test")}
    of_sources = {f"sources.{each.name}.{split}": getattr(each, split) for each in section.sources for split in places}
    for field, files in (places | of_sources).items():
        if len(files) == 2:
            yield f"corpus.{field} has two places, and the target of task reconstruction is the source: give one"
        for file in files:
            if file.lower().partition("#")[0].removesuffix(".gz").endswith((".po", ".mo")):
                yield f"{file} is a catalog of translations: give lines of text and set corpus.format to texts"
    if section.format in ("lines", "labeled", "po", "mo"):
        yield f"corpus.format {section.format} has a target beside each text: set it to texts, or give a table"
    if section.format != "texts" and section.source_column != section.target_column:
        yield (
            "the target of task reconstruction is the source: set corpus.format to texts for lines of text, or "
            f"corpus.source_column and corpus.target_column to one column of a table, not {section.source_column!r} "
            f"and {section.target_column!r}"
        )


RECONSTRUCTION = Application(
    name="reconstruction",
    rows="texts",
    answer="text",
    metrics=(
        Metric("exact_match", "exact match", "share"),
        Metric("bleu", "BLEU"),
        Metric("chrf", "chrF"),
        Metric("perplexity", "perplexity", "plain", rises=False, judged=False),
        Metric("accuracy", "token accuracy", "share", judged=False),
    ),
    metric="chrf",
    baselines={"nearest": "nearest training text"},
    plots={
        "scores.png": "scores",
        "chrf_by_length.png": "chrF by length: where the vector gets too small for the text",
        "lengths.png": "lengths of the answers",
    },
    acceptable=80.0,
    acceptable_words="have a chrF of 80 at least against the text",
    rules=_reconstruction_rules,
)


def _chat_rules(recipe: "RecipeFields") -> Iterator[str]:
    section = recipe.corpus
    if not section.turns:
        yield "task chat needs corpus.turns, how many turns before it a reply may look back to: set it, such as to 3"
    if section.format in ("po", "mo", "labeled"):
        yield f"corpus.format {section.format} holds no dialogues: set it to texts for lines of turns, or give a table"
    if section.overfit:
        yield "corpus.overfit holds no dialogue out to be tested on: remove it"
    if recipe.model.decoder == "classifier":
        yield "model.decoder classifier answers with a label, not a reply: set task to sentiment"
    if recipe.training.objective == "masked":
        yield "training.objective masked writes no replies: set it to sequence"
    source, target = section.source_language, section.target_language
    if not same_language(source, target):
        yield (
            f"task chat replies in the language it is asked in, and corpus.source_language is {source or 'empty'} "
            f"where corpus.target_language is {target or 'empty'}: set both to one language"
        )


CHAT = Application(
    name="chat",
    rows="replies",
    answer="text",
    metrics=(
        Metric("bleu", "BLEU"),
        Metric("chrf", "chrF"),
        Metric("perplexity", "perplexity", "plain", rises=False, judged=False),  # of vocabularies that may differ
        Metric("distinct1", "distinct-1", "share", judged=False),
        Metric("distinct2", "distinct-2", "share", judged=False),
        Metric("different", "different", "share", judged=False),
    ),
    metric="chrf",
    baselines={"nearest": "nearest question"},
    plots={
        "scores.png": "scores",
        "diversity.png": "how much the replies vary, beside those of people",
        "lengths.png": "lengths of the replies",
    },
    acceptable=30.0,
    acceptable_words="have a chrF of 30 at least against the reply of a person",
    rules=_chat_rules,
    dialogues=True,
)


def _generation_rules(recipe: "RecipeFields") -> Iterator[str]:
    if recipe.model.encoder not in ("none", AUTO):
        yield (
            f"task generation has no source for the encoder {recipe.model.encoder} to read, its text goes on from "
            "itself: set model.encoder to none"
        )


GENERATION = Application(
    name="generation",
    rows="passages",
    answer="continuation",
    running_text=True,
    metrics=(
        Metric("word_perplexity", "perplexity a word", "plain", rises=False),
        Metric("character_perplexity", "perplexity a character", "plain", rises=False),
        Metric("perplexity", "perplexity a token", "plain", rises=False, judged=False),
        Metric("distinct1", "distinct words", "share", judged=False),
        Metric("distinct2", "distinct pairs", "share", judged=False),
    ),
    metric="word_perplexity",
    baselines={"kneser_ney": "Kneser-Ney 5-gram"},
    plots={
        "scores.png": "perplexities",
        "perplexity_by_passage.png": "perplexity by passage, in the order of the text",
    },
    acceptable=0.0,
    acceptable_words="",
    rules=_generation_rules,
)


def _transduction_rules(recipe: "RecipeFields") -> Iterator[str]:
    if recipe.corpus.format == "texts":
        yield "corpus.format texts has no targets: set task to reconstruction, or give a table"
    if recipe.model.decoder == "classifier":
        yield "model.decoder classifier answers with a label, not a string: set task to sentiment"
    if recipe.training.objective == "masked":
        yield "training.objective masked writes no strings: set it to sequence"


TRANSDUCTION = Application(
    name="transduction",
    rows="strings",
    answer="text",
    metrics=(
        Metric("exact_match", "exact match", "share"),
        Metric("symbol_error_rate", "symbol error", "share", rises=False, judged=False),  # may pass 100 %
        Metric("character_error_rate", "character error", "share", rises=False, judged=False),
        Metric("perplexity", "perplexity", "plain", rises=False, judged=False),
        Metric("accuracy", "token accuracy", "share", judged=False),
    ),
    metric="exact_match",
    baselines={"nearest": "nearest training source", "copy": "copied source"},
    plots={
        "scores.png": "scores",
        "exact_match_by_length.png": "exact match by length of the source",
        "lengths.png": "lengths of the answers",
    },
    acceptable=0.0,
    acceptable_words="are right",
    rules=_transduction_rules,
    by_sentence=True,
    strings=True,
)


APPLICATIONS = {
    application.name: application
    for application in (TRANSLATION, SUMMARIZATION, SENTIMENT, RECONSTRUCTION, CHAT, GENERATION, TRANSDUCTION)
}


def application_of(task: str) -> Application:
    """Return the application that `task` of a recipe names."""
    return APPLICATIONS[task]


def metric_of_recipe(recipe: "RecipeFields") -> Metric:
    """Return the metric that judges a version of the recipe, checked or read."""
    application = application_of(recipe.task)
    metric = recipe.evaluation.metric
    return application.judged[application.metric if metric == "auto" else metric]
