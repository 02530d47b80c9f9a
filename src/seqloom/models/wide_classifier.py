"""A classifier beside a linear model of what it reads.

B batch, S source length, E embedding width, V target vocabulary.
"""

from dataclasses import replace

import torch
from torch import Tensor
from torch.nn import functional as F

from seqloom.batches.batch import Batch
from seqloom.models.contract import State
from seqloom.models.encoder_decoder import EncoderDecoder
from seqloom.models.linear_part import LinearPart
from seqloom.models.memory import Memory
from seqloom.vocabulary.special import SPECIAL_TOKENS


class WideClassifier(EncoderDecoder):
    """A network and a linear model that judge a text apart, and whose logits are added up, each times its share.

    A network reads on from what words mean and how they stand, a linear model remembers which words and pairs go with a
    label; they err on different texts. The network learns as if it were alone, and only then gets company: taught
    together with it, as by Cheng et al. 2016 (https://arxiv.org/abs/1606.07792), it learned only what was left over,
    and both were right less often.
    """

    shares: Tensor  # (2,) of the network and of the linear model; `training.weighing` sets them

    def __init__(self, plain: EncoderDecoder, linear: LinearPart) -> None:
        super().__init__(plain.source_embedding, plain.target_embedding, plain.encoder, plain.decoder, plain.output)
        self.linear = linear
        self.register_buffer("shares", torch.tensor([1.0, 0.0]))

    def encode(self, source: Tensor) -> Memory:
        """Source ids `(B, S)` to memory that holds them."""
        return replace(super().encode(source), source=source)

    def step(self, token: Tensor, state: State, memory: Memory) -> tuple[Tensor, State]:
        """The last token of each row `(B,)`, which does not count, to the logits of its label `(B, V)`."""
        assert memory.source is not None
        features, state = self.decoder.run(self.target_embedding(token.unsqueeze(1)), state, memory)
        return self.together(self.output(features.squeeze(1)).float(), self.beside(memory.source)), state

    def forward(self, batch: Batch) -> Tensor:
        """The logits `(B, 1, V)` of each label."""
        return self.together(self.network(batch), self.beside(batch.source)).unsqueeze(1)

    def project(self, hidden: Tensor) -> Tensor:
        """Logits `(…, V)` as they are."""
        return hidden

    def loss(self, batch: Batch, label_smoothing: float) -> Tensor:
        """Mean cross-entropy over the labels, in nats; while training the network's, which is alone then."""
        logits = self.network(batch) if self.training else self(batch).squeeze(1)
        return loss_over_labels(logits, batch.target_output.squeeze(1), label_smoothing)

    def network(self, batch: Batch) -> Tensor:
        """The network's logits `(B, V)`."""
        logits: Tensor = self.output(super().forward(batch).squeeze(1)).float()
        return logits

    def beside(self, source: Tensor) -> Tensor:
        """The linear model's logits `(B, V)`, which knows labels alone."""
        return F.pad(self.linear(source), (len(SPECIAL_TOKENS), 0))

    def together(self, network: Tensor, beside: Tensor) -> Tensor:
        """Logits `(…, V)` of both to those of the model."""
        return self.shares[0] * network + self.shares[1] * beside


def loss_over_labels(logits: Tensor, labels: Tensor, label_smoothing: float = 0.0) -> Tensor:
    """Mean cross-entropy of logits `(B, V)` against the tokens of labels `(B,)`; special tokens are no classes."""
    first = len(SPECIAL_TOKENS)
    return F.cross_entropy(logits[:, first:], labels - first, label_smoothing=label_smoothing)
