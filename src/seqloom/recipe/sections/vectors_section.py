"""The section `vectors` of a recipe."""

from typing import Literal, Self

from pydantic import Field, model_validator

from seqloom.recipe.sections.section import Count, Section


class VectorsSection(Section):
    """The embeddings the model starts from."""

    method: Literal["auto", "none", "word2vec", "fasttext", "pretrained"] = Field(
        "auto",
        description="auto: word2vec for small corpora; none: random embeddings; pretrained: source_file and "
        "target_file.",
    )
    width: int = Field(
        0,
        ge=0,
        le=8192,
        description="Numbers per token: the width of the model's embeddings; 0: chosen from the corpus.",
    )
    algorithm: Literal["skip-gram", "cbow"] = Field(
        "skip-gram", description="Training objective of word2vec or fastText."
    )
    window: Count = Field(5, description="Tokens of context on either side.")
    negative: Count = Field(10, description="Negative samples per token.")
    epochs: Count = Field(10, description="Passes over the training split.")
    workers: Count = Field(1, description="Threads; 1 is deterministic.")
    seed: int = Field(1, ge=0, description="Seed of the vectors.")
    source_file: str = Field(
        "", description="Pretrained source vectors: word2vec text or binary, GloVe, or fastText .vec."
    )
    target_file: str = Field("", description="Pretrained target vectors, in the same formats.")

    @model_validator(mode="after")
    def _files_go_with_pretrained(self) -> Self:
        files = [name for name in ("source_file", "target_file") if getattr(self, name)]
        if self.method == "pretrained" and not files:
            raise ValueError("method pretrained needs source_file, target_file or both")
        if self.method != "pretrained" and files:
            raise ValueError(f"{files[0]} is only read by method pretrained: set method to pretrained or remove it")
        return self
