"""Encoder-decoder model: the interface of every model for training and decoding.

B batch, S source length, T target length, E embedding width, V target vocabulary.
"""

from typing import TYPE_CHECKING

from torch import Tensor, nn

from seqloom.dataset.padded_batch import Batch, padding_mask
from seqloom.dataset.padded_frames import PaddedFrames
from seqloom.models.base_classes import Decoder, Encoder, State
from seqloom.models.cross_entropy import linear_cross_entropy
from seqloom.models.encoder_memory import Memory
from seqloom.models.frame_projection import FrameProjection
from seqloom.vocabulary.special_tokens import END, PADDING

if TYPE_CHECKING:
    from seqloom.models.ngram_classifier import WideClassifier


class EncoderDecoder(nn.Module):
    """Autoregressive model of p(target | source) (Sutskever et al. 2014, Cho et al. 2014)."""

    window = 0  # tokens that it reads at once, where longer text is read window by window
    frame_projection: FrameProjection | None

    def __init__(
        self,
        source_embedding: nn.Embedding,
        target_embedding: nn.Embedding,
        encoder: Encoder,
        decoder: Decoder,
        output: nn.Linear,
    ) -> None:
        super().__init__()
        self.source_embedding = source_embedding
        self.target_embedding = target_embedding
        self.encoder = encoder
        self.decoder = decoder
        self.output = output
        self.frame_projection = None

    @property
    def ngram_mixture(self) -> "WideClassifier | None":
        """Return this model if it mixes a network with a linear n-gram model, which is fitted apart; else None."""
        return None

    @property
    def frame_width(self) -> int:
        """Return the features of a frame that it reads in front of the source; 0 if it reads none."""
        return self.frame_projection.features if self.frame_projection is not None else 0

    def encode(self, source: Tensor, frames: PaddedFrames | None = None) -> Memory:
        """Encode source ids `(B, S)`, behind the frames of each row if it reads such, to memory."""
        embedded, mask = self.source_embedding(source), padding_mask(source)
        if self.frame_projection is not None:
            assert frames is not None, "the caller has to know that the model reads features"
            embedded, mask = self.frame_projection.join(frames, embedded, mask)
        return self.decoder.prepare(self.encoder(embedded, mask))

    def prompt(self, source: Tensor) -> Tensor:
        """Return the prompt `(B, P)` of source ids `(B, S)`: the source of a decoder-only model, else nothing."""
        if self.encoder.memory_width:
            return source[:, :0]
        return source.masked_fill(source == END, PADDING)[:, :-1]

    def read(self, source: Tensor, frames: PaddedFrames | None = None) -> tuple[Memory, Tensor]:
        """Return the memory and the prompt of source ids `(B, S)`: the inputs of a search."""
        return self.encode(source, frames), self.prompt(source)

    def start(self, memory: Memory) -> State:
        """Return the state before the first token."""
        return self.decoder.start(memory)

    def run(self, tokens: Tensor, state: State, memory: Memory) -> tuple[Tensor, State]:
        """Map target tokens `(B, T)` after a state to features `(B, T, E)` and the state after the last."""
        return self.decoder.run(self.target_embedding(tokens), state, memory)

    def step(self, token: Tensor, state: State, memory: Memory) -> tuple[Tensor, State]:
        """Map the last token of each row `(B,)` to the logits of the next `(B, V)` and the state after it."""
        hidden, state = self.run(token.unsqueeze(1), state, memory)
        return self.project(hidden).squeeze(1), state

    def advance(self, tokens: Tensor, state: State, memory: Memory) -> State:
        """Return the state after known tokens `(B, T)`, read at once and without logits."""
        return self.run(tokens, state, memory)[1]

    def forward(self, batch: Batch) -> Tensor:
        """Return the hidden features `(B, T, E)` of the whole target, by teacher forcing."""
        memory = self.encode(batch.source, batch.frames)
        return self.run(batch.target_input, self.start(memory), memory)[0]

    def loss(self, batch: Batch, label_smoothing: float) -> Tensor:
        """Return the mean cross-entropy per target token, in nats.

        Padding, and tokens that the decoder never writes, are not even projected to logits.
        """
        hidden = self(batch)  # (B, T, E)
        real = padding_mask(batch.target_output)
        first = self.decoder.first_token
        return linear_cross_entropy(hidden[real], self.output, batch.target_output[real], label_smoothing, first)

    def project(self, hidden: Tensor) -> Tensor:
        """Project features `(…, E)` to logits `(…, V)`."""
        logits: Tensor = self.output(hidden)
        return logits
