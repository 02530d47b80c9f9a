"""The section `training` of a recipe."""

from typing import Literal, Self

from pydantic import Field, model_validator

from seqloom.recipe.sections.section import Section


class TrainingSection(Section):
    """How the weights are learned."""

    objective: Literal["sequence", "masked"] = Field(
        "sequence",
        description="sequence: predict the target; masked: train the encoder alone as a masked language model "
        "(BERT), to start another training from.",
    )
    start_encoder_from: str = Field(
        "",
        description="Checkpoint folder of a training, from which the encoder and the source embedding are initialized, "
        "and whose source vocabulary is kept.",
    )
    start_from: str = Field(
        "",
        pattern=r"^(models:/[^/@#]+(@[^/@#]+|/[0-9]+(#sha256=[0-9a-f]{16,64})?))?$",
        description="Registered version whose weights and vocabulary this training continues from, such as "
        "models:/NAME@champion; a vocabulary of kind word gains new words at its end. After a number, "
        "#sha256=… of its checkpoint is verified.",
    )
    parent_decay: float = Field(
        0.0,
        ge=0.0,
        le=100.0,
        description="With start_from: decay toward the parent's weights in each update, in proportion to the learning "
        "rate, so that less of what it knows is forgotten; 0: none.",
    )
    parent_share: float = Field(
        0.0,
        ge=0.0,
        lt=1.0,
        description="With start_from: share of the parent's weights in the final ones, an average of both; 0: none.",
    )
    model_soup: bool = Field(
        False,
        description="With start_from: try averages of the final weights with the parent's (a quarter, a half and three "
        "quarters of the parent's), and keep the one with the best validation score, or the final weights.",
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
        description="Running text: tokens of a row; in evaluation, as many before it are context, of which a "
        "Transformer or a convolutional model sees half.",
    )
    gradient_accumulation: int = Field(
        1, ge=1, le=100_000, description="Batches per update, whose gradients are summed."
    )
    optimizer: Literal["sgd", "adagrad", "adam", "adamw"] = Field("adamw", description="Optimizer.")
    learning_rate: float = Field(
        0.0, ge=0.0, le=10.0, description="Peak learning rate; 0: chosen by architecture and width."
    )
    schedule: Literal["auto", "constant", "cosine", "inverse-sqrt", "plateau"] = Field(
        "auto",
        description="Learning rate schedule after the warm-up; auto: cosine with a warm-up; cosine falls to zero "
        "at the last epoch, plateau halves it after each epoch without a better validation score.",
    )
    warmup_steps: int = Field(0, ge=0, description="Updates over which the learning rate rises linearly.")
    weight_decay: float = Field(0.0, ge=0.0, le=1.0, description="Weight decay per update, times learning rate.")
    max_grad_norm: float = Field(
        1.0,
        gt=0.0,
        description="Gradients are clipped to this norm; with privacy_epsilon that of each row, before noise is added.",
    )
    privacy_epsilon: float = Field(
        0.0,
        ge=0.0,
        le=1000.0,
        description="Differentially private training (DP-SGD, Abadi et al. 2016): the most that the weights may tell "
        "of any one row, such as 8 or 3; noise is added for it. 0: not private (docs/privacy.md).",
    )
    privacy_delta: float = Field(
        0.0,
        ge=0.0,
        lt=1.0,
        description="With privacy_epsilon: probability with which more may be told; 0: 1 / rows^1.1.",
    )
    label_smoothing: float = Field(
        0.1, ge=0.0, lt=1.0, description="Share of the target probability spread over the vocabulary."
    )
    freeze_embeddings: bool = Field(False, description="Keep the embeddings of section vectors fixed.")
    ema_decay: float = Field(
        0.0,
        ge=0.0,
        lt=1.0,
        description="Exponential moving average of the weights, which is validated and kept: share of it that "
        "each update keeps, such as 0.999; 0: the weights themselves.",
    )
    average_checkpoints: int = Field(
        1, ge=1, le=100, description="Average the weights of this number of best epochs at the end; 1: the best alone."
    )
    select_by: Literal[
        "auto", "loss", "bleu", "chrf", "accuracy", "macro_f1", "rouge1", "rouge2", "rougeL", "exact_match"
    ] = Field(
        "auto",
        description="Validation score that selects the best epoch and stops training early: a metric of the task, "
        "over all rows for labels, else over up to 1,000 sampled by their text; auto: loss, or for "
        "labels the metric that judges a version.",
    )
    patience: int = Field(
        0,
        ge=0,
        description="Epochs without a better validation score before training stops; 0: a third of them, at least 5.",
    )
    seed: int = Field(1, ge=0, description="Seed of initialization, order and dropout.")
    device: Literal["auto", "cpu", "cuda"] = Field("auto", description="auto: a GPU where there is one.")
    precision: Literal["auto", "fp32", "bf16"] = Field(
        "auto", description="Number format of matrix products; auto: bf16 where the machine is fast at it."
    )
    processes: int = Field(
        1, ge=1, le=1024, description="Processes of a machine that share each batch, with one GPU each on device cuda."
    )
    nodes: int = Field(
        1,
        ge=1,
        le=1024,
        description="Machines that share each batch. They see SEQLOOM_HOME at the same path, and the first one says "
        "what to run on the others (docs/scaling.md).",
    )
    rendezvous: str = Field(
        "",
        pattern=r"^([A-Za-z0-9._-]{1,253}:[0-9]{1,5})?$",
        description="Host and port at which the machines of `nodes` meet, such as 10.0.0.5:29400: a free port of the "
        "machine that trains.",
    )
    checkpoint_minutes: float = Field(
        10.0, gt=0.0, le=100_000.0, description="Minutes of training that a kill may lose at most, within an epoch."
    )

    @model_validator(mode="after")
    def _nodes_meet(self) -> Self:
        if self.nodes > 1 and not self.rendezvous:
            raise ValueError(
                f"{self.nodes} nodes need a host and port to meet at: set training.rendezvous, such as 10.0.0.5:29400"
            )
        return self

    @model_validator(mode="after")
    def _delta_has_an_epsilon(self) -> Self:
        if self.privacy_delta and not self.privacy_epsilon:
            raise ValueError("privacy_delta is of a private training: set privacy_epsilon, or privacy_delta to 0")
        return self

    @model_validator(mode="after")
    def _starts_from_one(self) -> Self:
        if self.start_from and (self.start_encoder_from or self.objective == "masked"):
            other = "start_encoder_from" if self.start_encoder_from else "objective masked"
            raise ValueError(f"start_from takes all weights of a version, which {other} does not: remove one of them")
        near = {"parent_decay": self.parent_decay, "parent_share": self.parent_share, "model_soup": self.model_soup}
        for field, value in near.items():
            if value and not self.start_from:
                off = "false" if field == "model_soup" else "0"
                raise ValueError(
                    f"{field} keeps weights near those of a parent: set start_from to one, or {field} to {off}"
                )
        if self.model_soup and self.parent_share:
            raise ValueError(
                "model_soup chooses the share that parent_share fixes: set parent_share to 0, or model_soup to false"
            )
        return self

    @model_validator(mode="after")
    def _hidden_tokens_are_no_answer(self) -> Self:
        if self.objective == "masked" and self.select_by not in ("auto", "loss"):
            raise ValueError(f"objective masked writes no text for {self.select_by} to judge: set select_by to loss")
        return self
