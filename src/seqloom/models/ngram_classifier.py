"""Linear n-gram classifier, and the combination of a neural classifier with it.

B batch, S source length, N tokens of the longest n-gram, R known n-grams, K labels, E embedding width, V target
vocabulary.
"""

from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from seqloom.dataset.padded_batch import Batch
from seqloom.dataset.padded_frames import PaddedFrames
from seqloom.models.base_classes import State
from seqloom.models.encoder_decoder import EncoderDecoder
from seqloom.models.encoder_memory import Memory
from seqloom.vocabulary.special_tokens import PADDING, SPECIAL_TOKENS

BASE = 1 << 20  # more than any vocabulary has tokens, so that an n-gram has a key of its own
LONGEST = 3  # tokens of an n-gram whose key fits into 64 bits
MOST_WEIGHTS = (
    1 << 22
)  # of rows times n-grams times labels held at once: 16 MB, and as much again while they are masked


class NgramLinear(nn.Module):
    """Bag-of-n-grams logits: the sum of the weights of a text's n-grams, divided by the norm of its n-gram vector.

    It is not trained with the network: `training.ngram_fit` fits it.
    """

    keys: Tensor  # (R,) int64, rising
    weights: Tensor  # (R, K)
    squares: Tensor  # (R,) what an n-gram adds to the squared norm
    bias: Tensor  # (K,)

    def __init__(self, runs: int, labels: int, longest: int) -> None:
        super().__init__()
        self.longest = longest
        self.register_buffer("keys", torch.zeros(runs, dtype=torch.int64))
        self.register_buffer("weights", torch.zeros(runs, labels))
        self.register_buffer("squares", torch.ones(runs))
        self.register_buffer("bias", torch.zeros(labels))

    def forward(self, source: Tensor) -> Tensor:
        """Map source ids `(B, S)` to logits `(B, K)`; unknown n-grams are ignored."""
        keys = ngram_keys(source, self.longest).flatten(1)  # (B, S N)
        indices = torch.searchsorted(self.keys, keys).clamp_max(len(self.keys) - 1)
        known = (self.keys[indices] == keys) & (keys > 0)
        length = (self.squares[indices] * known).sum(dim=1, keepdim=True).clamp_min(1e-12).sqrt()
        rows = max(1, MOST_WEIGHTS // (indices.shape[1] * self.weights.shape[1]))
        parts = zip(torch.split(indices, rows), torch.split(known, rows), strict=True)
        return torch.cat([self._sums(*part) for part in parts]) / length + self.bias

    def _sums(self, indices: Tensor, known: Tensor) -> Tensor:
        """Sum the weights of the known n-grams `(B, S N)` of each row, to `(B, K)`, independent of the other rows."""
        return (self.weights[indices] * known.unsqueeze(2)).sum(dim=1)


def ngram_keys(source: Tensor, longest: int) -> Tensor:
    """Return a key for each n-gram of 1 to N tokens of ids `(B, S)` at its last position, `(B, S, N)`.

    It is 0, the key of no n-gram, where one would begin before the text or contain padding.
    """
    keys = [torch.where(source == PADDING, 0, source)]
    for _ in range(1, longest):
        before = F.pad(keys[-1][:, :-1], (1, 0))  # the n-gram that ends one position earlier
        keys.append(torch.where((before > 0) & (source != PADDING), before * BASE + source, 0))
    return torch.stack(keys, dim=2)


class WideClassifier(EncoderDecoder):
    """Classifier that adds the logits of a network and of a linear n-gram model, each times its mixture weight.

    The two err on different texts. The network is trained alone and combined afterwards: joint training, as by Cheng et
    al. 2016 (https://arxiv.org/abs/1606.07792), was less accurate.
    """

    shares: Tensor  # (2,) of the network and of the linear model; `training.ngram_fit.fit_mixture` sets them

    def __init__(self, plain: EncoderDecoder, linear: NgramLinear) -> None:
        super().__init__(plain.source_embedding, plain.target_embedding, plain.encoder, plain.decoder, plain.output)
        self.linear = linear
        self.register_buffer("shares", torch.tensor([1.0, 0.0]))

    @property
    def ngram_mixture(self) -> "WideClassifier":
        """Return itself."""
        return self

    def encode(self, source: Tensor, frames: PaddedFrames | None = None) -> Memory:
        """Encode source ids `(B, S)` to memory that holds them, too."""
        return replace(super().encode(source, frames), source=source)

    def step(self, token: Tensor, state: State, memory: Memory) -> tuple[Tensor, State]:
        """Return the logits of the label `(B, V)`; the last tokens `(B,)` do not count."""
        assert memory.source is not None
        features, state = self.decoder.run(self.target_embedding(token.unsqueeze(1)), state, memory)
        return self.combine(self.output(features.squeeze(1)).float(), self.ngram_logits(memory.source)), state

    def forward(self, batch: Batch) -> Tensor:
        """Return the logits of the labels, `(B, 1, V)`."""
        return self.combine(self.network_logits(batch), self.ngram_logits(batch.source)).unsqueeze(1)

    def project(self, hidden: Tensor) -> Tensor:
        """Return logits `(…, V)` as they are."""
        return hidden

    def loss(self, batch: Batch, label_smoothing: float) -> Tensor:
        """Return the mean cross-entropy of the labels, in nats; in training that of the network alone."""
        logits = self.network_logits(batch) if self.training else self(batch).squeeze(1)
        return loss_over_labels(logits, batch.target_output.squeeze(1), label_smoothing)

    def network_logits(self, batch: Batch) -> Tensor:
        """Return the logits of the network, `(B, V)`."""
        logits: Tensor = self.output(super().forward(batch).squeeze(1)).float()
        return logits

    def ngram_logits(self, source: Tensor) -> Tensor:
        """Return the logits of the linear model, `(B, V)`, 0 for special tokens."""
        return F.pad(self.linear(source), (len(SPECIAL_TOKENS), 0))

    def combine(self, network: Tensor, ngrams: Tensor) -> Tensor:
        """Combine the logits `(…, V)` of network and linear model."""
        return self.shares[0] * network + self.shares[1] * ngrams


def loss_over_labels(logits: Tensor, labels: Tensor, label_smoothing: float = 0.0) -> Tensor:
    """Return the mean cross-entropy of logits `(B, V)` against label tokens `(B,)`; special tokens are no classes."""
    first = len(SPECIAL_TOKENS)
    return F.cross_entropy(logits[:, first:], labels - first, label_smoothing=label_smoothing)
