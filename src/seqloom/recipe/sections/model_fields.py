"""The fields of the section `model` of a recipe, without the rules between them."""

from typing import Literal

from pydantic import Field

from seqloom.recipe.sections.section import Section


class ModelFields(Section):
    """The architecture, field by field; `model_rules` is typed on it."""

    encoder: Literal["auto", "rnn", "lstm", "gru", "cnn", "transformer", "none"] = Field(
        "auto",
        description="Encoder architecture. none: a language model, which continues the source; auto: chosen from "
        "task and corpus, with all of this section that is left at its default.",
    )
    decoder: Literal["auto", "rnn", "lstm", "gru", "cnn", "transformer", "classifier"] = Field(
        "auto",
        description="Decoder architecture. classifier: the target is one token, the label; auto: as the encoder.",
    )
    attention: Literal["auto", "none", "additive", "multiplicative"] = Field(
        "auto",
        description="Attention of a recurrent decoder. none: the encoder's fixed-length vector alone; additive: "
        "Bahdanau et al. 2015; multiplicative: Luong et al. 2015; auto: additive, where the task "
        "allows it.",
    )
    encoder_width: int = Field(
        0,
        ge=0,
        le=16384,
        description="Numbers in a hidden state of the encoder, per direction; 0: chosen from the corpus.",
    )
    decoder_width: int = Field(
        0, ge=0, le=16384, description="Numbers in a hidden state of the decoder; 0: chosen from the corpus."
    )
    encoder_layers: int = Field(0, ge=0, le=32, description="Stacked encoder layers; 0: chosen by their kind.")
    decoder_layers: int = Field(0, ge=0, le=32, description="Stacked decoder layers; 0: chosen by their kind.")
    bidirectional: bool = Field(True, description="A recurrent encoder reads the source in both directions.")
    reverse_source: bool = Field(
        False, description="A unidirectional recurrent encoder reads the source in reverse (Sutskever et al. 2014)."
    )
    input_feeding: bool = Field(
        False,
        description="Concatenate the attentional vector of each step to the next input, with multiplicative "
        "attention (Luong et al. 2015).",
    )
    variational_dropout: bool = Field(
        False, description="Use one dropout mask for all time steps of recurrent sides (Gal and Ghahramani 2016)."
    )
    kernel_size: int = Field(3, ge=2, le=64, description="Tokens in the window of a convolution.")
    heads: int = Field(4, ge=1, le=256, description="Attention heads of a Transformer layer; they divide its width.")
    feedforward_width: int = Field(
        0, ge=0, le=65536, description="Hidden numbers of a Transformer's feed-forward layer; 0: twice the wider side."
    )
    norm: Literal["pre", "post"] = Field(
        "pre",
        description="Layer normalization of a Transformer before each sublayer (pre), or after it as in the "
        "original (post).",
    )
    positions: Literal["auto", "sinusoidal", "learned", "rotary"] = Field(
        "auto",
        description="Positional encoding of a Transformer or convolutional side; rotary rotates a Transformer's "
        "queries and keys. auto: rotary for a Transformer without an encoder, else sinusoidal.",
    )
    max_positions: int = Field(
        512,
        ge=2,
        le=1_000_000,
        description="Tokens of the longest text with its end token, for learned positions; running text: tokens "
        "of a row.",
    )
    copy_attention: bool = Field(
        False,
        description="Let a decoder with attention copy source tokens (pointer-generator, See et al. 2017): names, "
        "rare words.",
    )
    coverage: float = Field(
        0.0,
        ge=0.0,
        le=100.0,
        description="Weight of the coverage loss, which penalizes repeated attention to a source token while "
        "copying; 1 is usual, 0 is off.",
    )
    pooling: Literal["summary", "mean", "max"] = Field(
        "summary",
        description="Input of a classifier. summary: the encoder's fixed-length vector; mean and max: pooled over "
        "all tokens.",
    )
    ngram_order: int = Field(
        0,
        ge=0,
        le=3,
        description="Tokens of the longest n-gram in a linear model that is combined with a classifier: 2 for "
        "words and word pairs; 0: no such model.",
    )
    tie_embeddings: bool = Field(True, description="The output layer shares the weights of the target embedding.")
    dropout: float = Field(
        0.2, ge=0.0, le=0.99, description="Share of activations dropped while training, in steps of 1/256 on a CPU."
    )
