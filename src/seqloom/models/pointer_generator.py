"""Pointer-generator: copy attention and its coverage loss.

B batch, S source length, T target length, N target tokens, C tokens of a chunk, E embedding width, V vocabulary.
"""

from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

from seqloom.dataset.padded_batch import Batch, padding_mask
from seqloom.dataset.padded_frames import PaddedFrames
from seqloom.models.base_classes import AttentiveDecoder, Encoder, State
from seqloom.models.encoder_decoder import EncoderDecoder
from seqloom.models.encoder_memory import Memory

CHUNK_LOGITS = 4 << 20  # held at once while training
LEAST = 1e-30  # probability; the logarithm of nothing has no gradient


class PointerGenerator(EncoderDecoder):
    """Mixture p(token) = g p(written) + (1 - g) attention to that token.  See, Liu and Manning 2017, arXiv:1704.04368.

    The gate g is computed from the features, which every decoder makes of its state, what it saw and the last token.
    `forward` gives the log-probabilities of the mixture, which are logits as good as any: `project` leaves them alone.
    """

    decoder: AttentiveDecoder

    def __init__(
        self,
        source_embedding: nn.Embedding,
        target_embedding: nn.Embedding,
        encoder: Encoder,
        decoder: AttentiveDecoder,
        output: nn.Linear,
        coverage: float,
    ) -> None:
        assert source_embedding is target_embedding, "a source token is copied by its id"
        super().__init__(source_embedding, target_embedding, encoder, decoder, output)
        self.gate = nn.Linear(output.in_features, 1)
        self.coverage = coverage

    def encode(self, source: Tensor, frames: PaddedFrames | None = None) -> Memory:
        """Encode source ids `(B, S)` to memory that holds them, too."""
        return replace(super().encode(source, frames), source=source)

    def step(self, token: Tensor, state: State, memory: Memory) -> tuple[Tensor, State]:
        """Map the last tokens `(B,)` to the log-probabilities of the next `(B, V)` and the state after it."""
        assert memory.source is not None
        features, weights, state = self.decoder.attend(self.target_embedding(token.unsqueeze(1)), state, memory)
        return self.mixture(features.squeeze(1), weights.squeeze(1), memory.for_rows(memory.source)), state

    def forward(self, batch: Batch) -> Tensor:
        """Return the log-probabilities `(B, T, V)` of the whole target (teacher forcing)."""
        features, weights = self._read(batch)
        return self.mixture(features, weights, batch.source.unsqueeze(1).expand_as(weights))

    def project(self, hidden: Tensor) -> Tensor:
        """Return log-probabilities `(…, V)` as they are."""
        return hidden

    def mixture(self, features: Tensor, weights: Tensor, source: Tensor) -> Tensor:
        """Map features `(…, E)`, attention `(…, S)` and source ids `(…, S)` to log-probabilities `(…, V)`."""
        gate = self.gate(features).float()
        written = self.output(features).float().log_softmax(dim=-1)
        return mixed(written, torch.zeros_like(written).scatter_add(-1, source, weights.float()), gate)

    def loss(self, batch: Batch, label_smoothing: float) -> Tensor:
        """Return the mean loss per target token, in nats, with the coverage loss in training, chunk by chunk."""
        features, weights = self._read(batch)
        real = padding_mask(batch.target_output)  # (B, T)
        targets = batch.target_output[real]  # (N,)
        source = batch.source[real.nonzero()[:, 0]]  # (N, S)
        size = max(1, CHUNK_LOGITS // self.output.out_features)
        whole = (features[real], weights[real], source, targets)
        if len(targets) <= size:
            loss = self._chunk_loss(*whole, label_smoothing) / len(targets)
        else:
            parts = zip(*(torch.split(part, size) for part in whole), strict=True)
            chunks = [checkpoint(self._chunk_loss, *part, label_smoothing, use_reentrant=False) for part in parts]
            loss = torch.stack(chunks).sum() / len(targets)
        if self.training and self.coverage:
            loss = loss + self.coverage * coverage_loss(weights)[real].mean()
        return loss

    def _read(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Return features `(B, T, E)` and attention weights `(B, T, S)` of the target."""
        memory = self.encode(batch.source)
        embedded = self.target_embedding(batch.target_input)
        features, weights, _ = self.decoder.attend(embedded, self.start(memory), memory)
        return features, weights

    def _chunk_loss(
        self, features: Tensor, weights: Tensor, source: Tensor, targets: Tensor, label_smoothing: float
    ) -> Tensor:
        """Return the summed loss over the tokens, computing the mixture of the targets alone.

        Label smoothing applies to the generated distribution alone: over the mixture, a token that is rightly copied
        would be charged for every one that is not generated.
        """
        gate = self.gate(features).squeeze(-1).float()
        logits = self.output(features).float()
        total = logits.logsumexp(dim=1)
        written = logits.gather(1, targets.unsqueeze(1)).squeeze(1) - total  # log-probabilities (C,), as those below
        likely = mixed(written, (weights.float() * (source == targets.unsqueeze(1))).sum(dim=1), gate)
        if label_smoothing:
            likely = torch.lerp(likely, logits.mean(dim=1) - total, label_smoothing)
        return -likely.sum()


def mixed(written: Tensor, copied: Tensor, gate: Tensor) -> Tensor:
    """Mix log-probabilities of generation and probabilities of copying by the gate, to log-probabilities."""
    return torch.logaddexp(written + F.logsigmoid(gate), copied.clamp_min(LEAST).log() + F.logsigmoid(-gate))


def coverage_loss(weights: Tensor) -> Tensor:
    """Return the coverage loss of attention `(B, T, S)`, its overlap with earlier attention: `(B, T)`, 0 to 1."""
    before = weights.cumsum(dim=1) - weights
    return torch.minimum(weights, before).sum(dim=2)
