"""What a recipe may say: one flat, frozen section per stage.

The same classes are the YAML file, the parameter of the Prefect flow (so its UI draws the form from these titles and
descriptions) and what MLflow logs. Nested models and `Literal` fields render as forms and drop-downs there; unions
would not, so there are none.
"""

import re
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from seqloom.recipe.architecture import ctranslate2_obstacles, mistakes_in

Share = Annotated[float, Field(ge=0.0, le=0.5)]
Count = Annotated[int, Field(ge=1)]
Places = Annotated[list[str], Field(max_length=2)]
CREDENTIALS = re.compile(r"https?://[^/?#]*@(?P<host>[^/?#:]*)", re.IGNORECASE)


class Section(BaseModel):
    """A frozen group of fields that refuses keys it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Corpus(Section):
    """Where the text is and which pairs are kept."""

    train: Annotated[list[str], Field(min_length=1, max_length=2)] = Field(
        description="Two places hold aligned source and target lines; one holds a table or catalogue. A place is a "
        "path, a path with * in it, package://NAME/PATH in an installed Python package, or a URL (#sha256=… checked)."
    )
    validation: Places = Field([], description="As train; left empty, a share of train is split off.")
    test: Places = Field([], description="As train; left empty, a share of train is split off.")
    format: Literal["auto", "lines", "tsv", "csv", "jsonl", "po", "mo"] = Field(
        "auto", description="Format of the files; auto goes by the name (.gz is looked through)."
    )
    header: bool = Field(True, description="TSV and CSV: the first row names the columns; else they are 1, 2, 3 …")
    source_column: str = Field("source", description="Column or JSON key of the source text.")
    target_column: str = Field("target", description="Column or JSON key of the target text.")
    source_language: str = Field("", description="ISO 639 code of the source, such as en; empty if unknown.")
    target_language: str = Field("", description="ISO 639 code of the target; zh switches to Chinese scoring.")
    validation_share: Share = Field(
        0.05, description="Share of the pairs split off for validation where none is given."
    )
    test_share: Share = Field(0.05, description="Share of the pairs split off for test where none is given.")
    max_characters: Count = Field(1000, description="Characters; a pair with a longer side is rejected.")

    @model_validator(mode="after")
    def _no_secret_in_a_place(self) -> Self:
        for place in (*self.train, *self.validation, *self.test):
            found = CREDENTIALS.match(place)
            if found:
                raise ValueError(
                    f"a name or password for {found['host']} stands in a URL, and recipes are logged: put it into "
                    "~/.netrc"
                )
        return self


class Vocabulary(Section):
    """How text is cut into tokens."""

    kind: Literal["word", "bpe", "unigram", "char"] = Field("bpe", description="Unit of the vocabulary.")
    size: int = Field(8000, ge=8, le=1_000_000, description="Tokens at most, per side, or together where shared.")
    shared: bool = Field(False, description="One vocabulary, and one embedding, for source and target.")
    min_frequency: Count = Field(2, description="Occurrences a token (or a BPE merge) needs to be kept.")


class Vectors(Section):
    """The embeddings the model starts from."""

    method: Literal["none", "word2vec", "fasttext", "pretrained"] = Field(
        "word2vec", description="none starts from random embeddings; pretrained reads source_file and target_file."
    )
    width: int = Field(256, ge=1, le=8192, description="Numbers per token: the width of the model's embeddings.")
    algorithm: Literal["skip-gram", "cbow"] = Field(
        "skip-gram", description="What word2vec or fastText learns to predict."
    )
    window: Count = Field(5, description="Tokens of context on either side.")
    negative: Count = Field(10, description="Negative samples per token.")
    epochs: Count = Field(10, description="Passes over the training split.")
    workers: Count = Field(1, description="Threads; 1 gives the same matrix every time.")
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


class Model(Section):
    """The architecture."""

    encoder: Literal["rnn", "lstm", "gru", "cnn", "transformer", "none"] = Field(
        "lstm", description="Kind of encoder. none: a language model, which goes on from the source."
    )
    decoder: Literal["rnn", "lstm", "gru", "cnn", "transformer", "classifier"] = Field(
        "lstm", description="Kind of decoder. classifier: the target is one token, the label."
    )
    attention: Literal["none", "additive", "multiplicative"] = Field(
        "additive",
        description="How a recurrent decoder sees the source. none: the fixed-length vector alone; additive: Bahdanau; "
        "multiplicative: Luong.",
    )
    encoder_width: int = Field(256, ge=1, le=16384, description="Numbers in a state of the encoder, in each direction.")
    decoder_width: int = Field(512, ge=1, le=16384, description="Numbers in a state of the decoder.")
    encoder_layers: int = Field(1, ge=1, le=32, description="Stacked encoder layers.")
    decoder_layers: int = Field(1, ge=1, le=32, description="Stacked decoder layers.")
    bidirectional: bool = Field(True, description="A recurrent encoder reads the source in both directions.")
    source_reversed: bool = Field(
        False, description="A recurrent encoder reads the source from its end only (Sutskever et al. 2014)."
    )
    input_feeding: bool = Field(
        False, description="What multiplicative attention made of a token enters the cell with the next (Luong)."
    )
    variational_dropout: bool = Field(
        False, description="Recurrent sides drop the same numbers at every time step (Gal and Ghahramani 2016)."
    )
    kernel_width: int = Field(3, ge=2, le=64, description="Tokens in the window of a convolution.")
    heads: int = Field(4, ge=1, le=256, description="Attention heads of a Transformer layer; they divide its width.")
    feedforward_width: int = Field(1024, ge=1, le=65536, description="Hidden numbers of a Transformer's feed-forward.")
    norm: Literal["pre", "post"] = Field(
        "pre", description="A Transformer normalises before each sublayer, or after it as the original did."
    )
    positions: Literal["sinusoidal", "learned", "rotary"] = Field(
        "sinusoidal",
        description="How a Transformer or a convolutional side knows places; rotary turns a Transformer's queries and "
        "keys.",
    )
    places: int = Field(512, ge=2, le=1_000_000, description="Tokens of the longest text, for learned positions.")
    copying: bool = Field(
        False, description="A decoder with attention may copy source tokens (See et al. 2017): names, rare words."
    )
    coverage: float = Field(
        0.0,
        ge=0.0,
        le=100.0,
        description="Weight in the loss of looking twice at a source token when copying; 1 is usual, 0 is off.",
    )
    pooling: Literal["summary", "mean", "max"] = Field(
        "summary",
        description="What a classifier sees of the source. summary: the encoder's fixed-length vector; mean and max: "
        "over all tokens.",
    )
    tied: bool = Field(True, description="The output layer shares the target embedding.")
    dropout: float = Field(
        0.2, ge=0.0, lt=1.0, description="Share of activations dropped while training, in steps of 1/256 on a CPU."
    )

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        for mistake in mistakes_in(self):
            raise ValueError(mistake)
        return self


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
        pattern=r"^(models:/[^/@]+(@[^/@]+|/[0-9]+))?$",
        description="Registered version that this training goes on from, such as models:/NAME@champion: its weights, "
        "and its vocabulary (of kind word with new words behind it).",
    )
    epochs: int = Field(20, ge=1, le=100_000, description="Passes over the training split at most.")
    batch_tokens: int = Field(2048, ge=1, description="Tokens per batch and side at most, padding included.")
    accumulation: int = Field(1, ge=1, le=100_000, description="Batches per update: their gradients are added up.")
    optimiser: Literal["sgd", "adagrad", "adam", "adamw"] = Field("adamw", description="Update rule.")
    learning_rate: float = Field(1e-3, gt=0.0, le=10.0, description="Step size at its peak.")
    schedule: Literal["constant", "cosine", "inverse-sqrt", "plateau"] = Field(
        "constant",
        description="Learning rate after the warm-up; cosine falls to zero at the last epoch, plateau halves it after "
        "each epoch without a better validation figure.",
    )
    warmup_steps: int = Field(0, ge=0, description="Updates over which the learning rate rises linearly.")
    weight_decay: float = Field(
        0.0, ge=0.0, le=1.0, description="Decay of the weights per update, times learning rate."
    )
    clip_norm: float = Field(1.0, gt=0.0, description="Gradients are scaled down to this norm.")
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
    select_by: Literal["loss", "bleu", "chrf"] = Field(
        "loss", description="Validation figure that picks the best epoch and stops training early."
    )
    patience: Count = Field(5, description="Epochs without a better figure before training stops.")
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
        if self.objective == "masked" and self.select_by != "loss":
            raise ValueError(f"objective masked writes no text for {self.select_by} to judge: set select_by to loss")
        return self


class Decoding(Section):
    """How text is generated."""

    beam_size: int = Field(5, ge=1, le=256, description="Hypotheses kept; 1 is greedy search.")
    length_penalty: float = Field(1.0, ge=0.0, le=5.0, description="Exponent on the length a score is divided by.")
    max_length: int = Field(
        200, ge=1, le=10_000, description="Tokens in an answer at most; nor over twice the source and 20."
    )
    batch_size: int = Field(64, ge=1, le=100_000, description="Texts decoded together.")


class Evaluation(Section):
    """What is reported."""

    metric: Literal["bleu", "chrf"] = Field("chrf", description="The figure a version is judged by.")
    examples: int = Field(5, ge=0, le=1000, description="Held-out examples shown at the end.")


class Registry(Section):
    """How the version is presented to those who load it, and when it becomes the champion.

    It does if all rules hold. Points are those of evaluation.metric, 0 to 100; without a champion nothing is compared.
    """

    description: str = Field("", max_length=2000, description="What the model is for; shown in the MLflow registry.")
    licence: str = Field("", max_length=200, description="Licence of the model and of the text it learned from.")
    policy: Literal["better", "not-worse"] = Field(
        "better",
        description="better: above the champion by more than chance (significance); not-worse: below it by no more "
        "than tolerance.",
    )
    significance: float = Field(
        0.05, gt=0.0, lt=1.0, description="Probability of the difference by chance (paired bootstrap), at most."
    )
    tolerance: float = Field(0.5, ge=0.0, le=100.0, description="Points below the champion that not-worse allows.")
    slice_tolerance: float = Field(
        5.0, ge=0.0, le=100.0, description="Points below the champion that any slice (length, corpus file) may fall."
    )
    slice_rows: Count = Field(25, description="Test rows a slice has at least; smaller ones are shown, and not judged.")
    beat_baselines: bool = Field(
        True, description="The metric is above that of the nearest training source and of the copied source."
    )
    latency_p95: float = Field(
        0.0, ge=0.0, description="Milliseconds for one text on this CPU, 95 of 100 texts, at most; 0 is no limit."
    )
    megabytes: float = Field(0.0, ge=0.0, description="Size of the version's files at most, 10^6 bytes; 0 is no limit.")
    form: Literal["torch", "ctranslate2", "ctranslate2-int8", "torch-int8"] = Field(
        "torch", description="Form that each version is exported to beside its own, for CPUs; torch is its own alone."
    )
    approval: Literal["automatic", "manual"] = Field(
        "automatic", description="manual: a person sees the evidence in the Prefect UI and decides."
    )
    approval_hours: float = Field(
        24.0, gt=0.0, le=8760.0, description="Hours that the flow waits for a person; then the answer is no."
    )


class Recipe(Section):
    """Everything that decides what is made."""

    name: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$", description="Name of the registered model: letters, digits, . _ -"
    )
    task: Literal["translation"] = Field("translation", description="What the pairs are to each other.")
    corpus: Corpus
    vocabulary: Vocabulary = Vocabulary()
    vectors: Vectors = Vectors()
    model: Model = Model()
    training: Training = Training()
    decoding: Decoding = Decoding()
    evaluation: Evaluation = Evaluation()
    registry: Registry = Registry()

    @model_validator(mode="after")
    def _an_encoder_learns(self) -> Self:
        if self.model.encoder == "none":
            remedy = "remove it, or set model.encoder to another kind"
            if self.training.objective == "masked":
                raise ValueError(f"training.objective masked trains an encoder, and there is none: {remedy}")
            if self.training.start_encoder_from:
                raise ValueError(f"training.start_encoder_from starts an encoder, and there is none: {remedy}")
        return self

    @model_validator(mode="after")
    def _a_form_fits(self) -> Self:
        if self.registry.form.startswith("ctranslate2"):
            for reason in ctranslate2_obstacles(self):
                raise ValueError(f"registry.form {self.registry.form} cannot run this model: {reason}; set it to torch")
        return self

    @model_validator(mode="after")
    def _source_tokens_are_target_tokens(self) -> Self:
        if not self.vocabulary.shared:
            remedy = "set vocabulary.shared to true"
            if self.model.encoder == "none":
                raise ValueError(f"model.encoder none reads the source and the target as one text: {remedy}")
            if self.model.copying:
                raise ValueError(f"model.copying writes source tokens as target tokens: {remedy}")
        return self
