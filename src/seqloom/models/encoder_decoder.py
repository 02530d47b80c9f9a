"""The contract that training, decoding and tests rely on, whatever the encoder and decoder are.

B batch, S source length, T target length, E embedding width, V target vocabulary.
"""

from torch import Tensor, nn

from seqloom.batches.batch import Batch
from seqloom.models.memory import Memory
from seqloom.models.recurrent_cell import RecurrentState
from seqloom.models.recurrent_decoder import RecurrentDecoder
from seqloom.models.recurrent_encoder import RecurrentEncoder
from seqloom.vocabulary.special import PADDING


class EncoderDecoder(nn.Module):
    """p(target | source), one token at a time (Sutskever et al. 2014, Cho et al. 2014)."""

    def __init__(
        self,
        source_embedding: nn.Embedding,
        target_embedding: nn.Embedding,
        encoder: RecurrentEncoder,
        decoder: RecurrentDecoder,
        output: nn.Linear,
        dropout: float,
    ) -> None:
        super().__init__()
        self.source_embedding = source_embedding
        self.target_embedding = target_embedding
        self.encoder = encoder
        self.decoder = decoder
        self.output = output
        self.dropout = nn.Dropout(dropout)

    def encode(self, source: Tensor) -> Memory:
        """Source ids `(B, S)` to memory."""
        embedded = self.dropout(self.source_embedding(source))  # (B, S, E)
        return self.decoder.prepare(self.encoder(embedded, source != PADDING))

    def start(self, memory: Memory) -> RecurrentState:
        """The state before the first token."""
        return self.decoder.start(memory)

    def step(self, token: Tensor, state: RecurrentState, memory: Memory) -> tuple[Tensor, RecurrentState]:
        """The last token of each row `(B,)` to the logits of the next `(B, V)` and the state after it."""
        hidden, state = self.decoder.run(self._embed(token.unsqueeze(1)), state, memory)
        return self.project(hidden).squeeze(1), state

    def forward(self, batch: Batch) -> Tensor:
        """Teacher forcing: the hidden features `(B, T, E)` of the whole target at once, ready for `project`."""
        memory = self.encode(batch.source)
        hidden, _ = self.decoder.run(self._embed(batch.target_input), self.start(memory), memory)
        features: Tensor = self.dropout(hidden)
        return features

    def project(self, hidden: Tensor) -> Tensor:
        """Features `(…, E)` to logits `(…, V)`."""
        logits: Tensor = self.output(hidden)
        return logits

    def _embed(self, target: Tensor) -> Tensor:
        embedded: Tensor = self.dropout(self.target_embedding(target))
        return embedded
