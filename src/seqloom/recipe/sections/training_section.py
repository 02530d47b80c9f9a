"""The section `training` of a recipe."""

from typing import Literal, Self

from pydantic import Field, model_validator

from seqloom.recipe.sections.section import Section


class Training(Section):
    """How the weights are learned."""

    objective: Literal["sequence", "masked"] = Field(
        "sequence",
        description="sequence: the target; masked: the encoder alone learns to tell hidden source tokens (BERT), to "
        "start another training from.",
    )
    start_encoder_from: str = Field(
        "", description="Checkpoint folder of a training whose encoder and source embedding this one starts from."
    )
    start_from: str = Field(
        "",
        pattern=r"^(models:/[^/@#]+(@[^/@#]+|/[0-9]+(#sha256=[0-9a-f]{16,64})?))?$",
        description="Registered version that this training goes on from, such as models:/NAME@champion: its weights, "
        "and its vocabulary (of kind word with new words behind it). Behind a number #sha256=… of its checkpoint is "
        "checked.",
    )
    epochs: int = Field(
        0, ge=0, le=100_000, description="Passes over the training split at most; 0: chosen from the corpus."
    )
    batch_tokens: int = Field(
        0, ge=0, description="Tokens per batch and side at most, padding included; 0: chosen from the corpus."
    )
    block_size: int = Field(
        128,
        ge=2,
        le=100_000,
        description="Running text: tokens of a row; where a model is judged, as many before it are known, of which a "
        "Transformer or a convolutional model sees half.",
    )
    gradient_accumulation: int = Field(
        1, ge=1, le=100_000, description="Batches per update: their gradients are added up."
    )
    optimizer: Literal["sgd", "adagrad", "adam", "adamw"] = Field("adamw", description="Update rule.")
    learning_rate: float = Field(
        0.0, ge=0.0, le=10.0, description="Step size at its peak; 0: chosen by the kind of model and its width."
    )
    schedule: Literal["auto", "constant", "cosine", "inverse-sqrt", "plateau"] = Field(
        "auto",
        description="Learning rate after the warm-up; auto: cosine behind a warm-up; cosine falls to zero at the last "
        "epoch, plateau halves it after each epoch without a better validation figure.",
    )
    warmup_steps: int = Field(0, ge=0, description="Updates over which the learning rate rises linearly.")
    weight_decay: float = Field(
        0.0, ge=0.0, le=1.0, description="Decay of the weights per update, times learning rate."
    )
    max_grad_norm: float = Field(1.0, gt=0.0, description="Gradients are scaled down to this norm.")
    label_smoothing: float = Field(0.1, ge=0.0, lt=1.0, description="Share of the target spread over the vocabulary.")
    freeze_embeddings: bool = Field(False, description="Keep the embeddings as the vectors made them.")
    ema_decay: float = Field(
        0.0,
        ge=0.0,
        lt=1.0,
        description="Validate and keep a moving average of the weights that holds on to this share of itself at each "
        "update, such as 0.999; 0 keeps the weights themselves.",
    )
    average_checkpoints: int = Field(
        1, ge=1, le=100, description="Average the weights of so many best epochs at the end; 1 keeps the best alone."
    )
    select_by: Literal[
        "auto", "loss", "bleu", "chrf", "accuracy", "macro_f1", "rouge1", "rouge2", "rougeL", "exact_match"
    ] = Field(
        "auto",
        description="Validation figure that picks the best epoch and stops training early: a score of the task, "
        "over all rows where they are labels, else over up to 1,000 drawn by their text; auto: loss, and of labels the "
        "score that judges a version.",
    )
    patience: int = Field(
        0, ge=0, description="Epochs without a better figure before training stops; 0: a third of them, at least 5."
    )
    seed: int = Field(1, ge=0, description="Seed of weights, order and dropout.")
    device: Literal["auto", "cpu", "cuda"] = Field("auto", description="auto takes a GPU where there is one.")
    precision: Literal["auto", "fp32", "bf16"] = Field(
        "auto", description="Numbers of the matrix products; auto takes bf16 where the machine is fast at it."
    )
    processes: int = Field(
        1, ge=1, le=1024, description="Processes that share each batch, one GPU each where the device is cuda."
    )
    checkpoint_minutes: float = Field(
        10.0, gt=0.0, le=100_000.0, description="Minutes of training that a kill may cost at most, within an epoch."
    )

    @model_validator(mode="after")
    def _starts_from_one(self) -> Self:
        if self.start_from and (self.start_encoder_from or self.objective == "masked"):
            other = "start_encoder_from" if self.start_encoder_from else "objective masked"
            raise ValueError(f"start_from takes all weights of a version, which {other} does not: remove one of them")
        return self

    @model_validator(mode="after")
    def _hidden_tokens_are_no_answer(self) -> Self:
        if self.objective == "masked" and self.select_by not in ("auto", "loss"):
            raise ValueError(f"objective masked writes no text for {self.select_by} to judge: set select_by to loss")
        return self
