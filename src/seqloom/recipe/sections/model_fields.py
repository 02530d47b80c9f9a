"""The fields of the section `model` of a recipe, without the rules between them."""

from typing import Literal

from pydantic import Field

from seqloom.recipe.sections.section import Section


class ModelFields(Section):
    """The architecture, field by field; `model_rules` is typed on it."""

    encoder: Literal["auto", "rnn", "lstm", "gru", "cnn", "transformer", "none"] = Field(
        "auto",
        description="Kind of encoder. none: a language model, which goes on from the source; auto: with it all of this "
        "section that is left at its default is chosen from task and corpus.",
    )
    decoder: Literal["auto", "rnn", "lstm", "gru", "cnn", "transformer", "classifier"] = Field(
        "auto", description="Kind of decoder. classifier: the target is one token, the label; auto: as the encoder."
    )
    attention: Literal["auto", "none", "additive", "multiplicative"] = Field(
        "auto",
        description="How a recurrent decoder sees the source. none: the fixed-length vector alone; additive: Bahdanau; "
        "multiplicative: Luong; auto: additive, where it may be.",
    )
    encoder_width: int = Field(
        0,
        ge=0,
        le=16384,
        description="Numbers in a state of the encoder, in each direction; 0: chosen from the corpus.",
    )
    decoder_width: int = Field(
        0, ge=0, le=16384, description="Numbers in a state of the decoder; 0: chosen from the corpus."
    )
    encoder_layers: int = Field(0, ge=0, le=32, description="Stacked encoder layers; 0: chosen by their kind.")
    decoder_layers: int = Field(0, ge=0, le=32, description="Stacked decoder layers; 0: chosen by their kind.")
    bidirectional: bool = Field(True, description="A recurrent encoder reads the source in both directions.")
    reverse_source: bool = Field(
        False, description="A recurrent encoder reads the source from its end only (Sutskever et al. 2014)."
    )
    input_feeding: bool = Field(
        False, description="What multiplicative attention made of a token enters the cell with the next (Luong)."
    )
    variational_dropout: bool = Field(
        False, description="Recurrent sides drop the same numbers at every time step (Gal and Ghahramani 2016)."
    )
    kernel_size: int = Field(3, ge=2, le=64, description="Tokens in the window of a convolution.")
    heads: int = Field(4, ge=1, le=256, description="Attention heads of a Transformer layer; they divide its width.")
    feedforward_width: int = Field(
        0, ge=0, le=65536, description="Hidden numbers of a Transformer's feed-forward; 0: twice the wider side."
    )
    norm: Literal["pre", "post"] = Field(
        "pre", description="A Transformer normalizes before each sublayer, or after it as the original did."
    )
    positions: Literal["auto", "sinusoidal", "learned", "rotary"] = Field(
        "auto",
        description="How a Transformer or a convolutional side knows places; rotary turns a Transformer's queries and "
        "keys. auto: rotary for a Transformer without an encoder, else sinusoidal.",
    )
    max_positions: int = Field(
        512,
        ge=2,
        le=1_000_000,
        description="Tokens of the longest text and its end, for learned positions; of running text those of a row.",
    )
    copy_attention: bool = Field(
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
    ngram_order: int = Field(
        0,
        ge=0,
        le=3,
        description="Tokens of the longest run that a linear model beside a classifier weighs: 2 for words and word "
        "pairs; 0: no such model.",
    )
    tie_embeddings: bool = Field(True, description="The output layer shares the target embedding.")
    dropout: float = Field(
        0.2, ge=0.0, le=0.99, description="Share of activations dropped while training, in steps of 1/256 on a CPU."
    )
