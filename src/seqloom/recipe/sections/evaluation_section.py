"""The section `evaluation` of a recipe."""

from typing import Annotated, Literal

from pydantic import Field

from seqloom.recipe.sections.section import Section


class EvaluationSection(Section):
    """Metrics, baselines and examples of the evaluation."""

    metric: Literal[
        "auto",
        "bleu",
        "chrf",
        "accuracy",
        "macro_f1",
        "rouge1",
        "rouge2",
        "rougeL",
        "exact_match",
        "word_perplexity",
        "character_perplexity",
    ] = Field(
        "auto",
        description="The metric that judges a version; auto: chrf for translation, reconstruction and chat, "
        "rougeL for summarization, macro_f1 for sentiment, word_perplexity for generation, exact_match for "
        "transduction.",
    )
    test_rows: Literal["clean", "all"] = Field(
        "clean",
        description="Test rows that scores, baselines and the gate count; clean: without those whose source stands in "
        "the training split, but for case, spaces and punctuation, or nearly (Jaccard similarity above 0.8 of runs of "
        "5 characters), which are scored apart; with fewer than 25 clean rows, all of them count.",
    )
    slice_by: Annotated[list[str], Field(max_length=10)] = Field(
        [],
        description="Columns or JSON keys of the corpus files, such as product: the metric is also computed on the "
        "test rows with each of the 20 commonest values of one, and on those with the others together.",
    )
    robustness_rows: int = Field(
        50,
        ge=0,
        le=10_000,
        description="Test rows, at most a tenth of them, that are answered again with typos, dropped or swapped "
        "letters and six more perturbations, for test/robustness, which takes no longer than to answer the test split "
        "once. 0: none. For translation, summarization and sentiment.",
    )
    adversarial_budget: int = Field(
        0,
        ge=0,
        le=10_000,
        description="Texts that are asked for each of 30 test rows to find the edit of at most 2 characters that hurts "
        "its answer most, for test/broken_share. 0: none. For translation, summarization and sentiment.",
    )
    similarity_file: str = Field(
        "",
        max_length=1000,
        description="UTF-8 file of two words and how similar people find them, a line, with tabs or spaces between "
        "them, such as WordSim-353: test/similarity is Spearman's correlation with the trained embedding. Empty: none.",
    )
    analogy_file: str = Field(
        "",
        max_length=1000,
        description="UTF-8 file of four words a line, the first to the second as the third to the fourth, below lines "
        "such as ': capitals': test/analogies is the share that the trained embedding solves. Empty: none.",
    )
    bertscore_model: str = Field(
        "",
        max_length=1000,
        description="Folder of an encoder as Hugging Face has it (config.json, tokenizer.json, model.safetensors; "
        "nothing of it is run) by whose vectors answers are compared with references: test/bertscore, BERTScore's F1. "
        "Needs Transformers: pip install 'transformers==5.*'. Empty: none.",
    )
    bertscore_layer: int = Field(
        0,
        ge=0,
        le=1000,
        description="With bertscore_model: layers that it is read through, to compare the vectors of the last; 0: all.",
    )
    linear_baseline: bool = Field(
        True,
        description="Labels: train a logistic regression on n-grams for comparison, which takes up to minutes and "
        "a gigabyte with hundreds of labels; false: the majority label is the only baseline.",
    )
    examples: int = Field(
        5,
        ge=0,
        le=1000,
        description="Test examples shown at the end, from the best to the worst.",
    )
