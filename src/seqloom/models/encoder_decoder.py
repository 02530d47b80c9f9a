"""The contract that training, decoding and tests rely on, whatever the encoder and decoder are.

B batch, S source length, T target length, E embedding width, V target vocabulary.
"""

from torch import Tensor, nn

from seqloom.dataset.batch import Batch
from seqloom.models.base import Decoder, Encoder, State
from seqloom.models.cross_entropy import linear_cross_entropy
from seqloom.models.memory import Memory
from seqloom.vocabulary.special_tokens import END, PADDING


class EncoderDecoder(nn.Module):
    """p(target | source), one token at a time (Sutskever et al. 2014, Cho et al. 2014)."""

    window = 0  # tokens that it reads at once, where longer text is read window by window

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

    def encode(self, source: Tensor) -> Memory:
        """Source ids `(B, S)` to memory."""
        return self.decoder.prepare(self.encoder(self.source_embedding(source), source != PADDING))

    def prompt(self, source: Tensor) -> Tensor:
        """What of the source ids `(B, S)` the answer goes on from, `(B, P)`: nothing where an encoder reads them."""
        if self.encoder.memory_width:
            return source[:, :0]
        return source.masked_fill(source == END, PADDING)[:, :-1]

    def read(self, source: Tensor) -> tuple[Memory, Tensor]:
        """All that a search needs of the source ids `(B, S)`: their memory and the prompt."""
        return self.encode(source), self.prompt(source)

    def start(self, memory: Memory) -> State:
        """The state before the first token."""
        return self.decoder.start(memory)

    def run(self, tokens: Tensor, state: State, memory: Memory) -> tuple[Tensor, State]:
        """Target tokens `(B, T)` behind a state to features `(B, T, E)` and the state after the last."""
        return self.decoder.run(self.target_embedding(tokens), state, memory)

    def step(self, token: Tensor, state: State, memory: Memory) -> tuple[Tensor, State]:
        """The last token of each row `(B,)` to the logits of the next `(B, V)` and the state after it."""
        hidden, state = self.run(token.unsqueeze(1), state, memory)
        return self.project(hidden).squeeze(1), state

    def advance(self, tokens: Tensor, state: State, memory: Memory) -> State:
        """The state after tokens `(B, T)` that are known, read at once and not projected."""
        return self.run(tokens, state, memory)[1]

    def forward(self, batch: Batch) -> Tensor:
        """Teacher forcing: the hidden features `(B, T, E)` of the whole target at once, ready for `project`."""
        memory = self.encode(batch.source)
        return self.run(batch.target_input, self.start(memory), memory)[0]

    def loss(self, batch: Batch, label_smoothing: float) -> Tensor:
        """Return the mean cross-entropy per target token, in nats.

        Padding, and tokens that the decoder never writes, are not even projected to logits.
        """
        hidden = self(batch)  # (B, T, E)
        real = batch.target_output != PADDING
        first = self.decoder.first_token
        return linear_cross_entropy(hidden[real], self.output, batch.target_output[real], label_smoothing, first)

    def project(self, hidden: Tensor) -> Tensor:
        """Features `(…, E)` to logits `(…, V)`."""
        logits: Tensor = self.output(hidden)
        return logits
