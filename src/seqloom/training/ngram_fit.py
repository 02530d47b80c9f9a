"""Fit of the linear n-gram classifier, and of its mixture with a network.

It is a logistic regression of n-grams of tokens and of characters, by L-BFGS, before the network is trained. Character
n-grams let a rare word share weights with words that look like it (after Bojanowski et al. 2017,
https://arxiv.org/abs/1607.04606). A token has one spelling, so the weights of its character n-grams are added to its
own in the end, and the model needs no characters. The mixture weights are fitted on validation data.

R n-grams, P character n-grams, K labels.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

from seqloom.dataset.padded_batch import Batch
from seqloom.models.ngram_classifier import BASE, NgramLinear, WideClassifier, loss_over_labels
from seqloom.training.ngram_features import Bag, CharNgrams, Ngrams
from seqloom.training.optimizer import leave_out_compiler
from seqloom.vocabulary.special_tokens import MARK, SPECIAL_TOKENS

STEPS = 100  # at most
MOST_HELD = 1 << 27  # numbers of former steps, from which the curvature is estimated: half a gigabyte
LEAST_FORMER = 5  # steps, which are enough for that


def minimize(loss: Callable[[], Tensor], parameters: Sequence[Tensor]) -> None:
    """Minimize by L-BFGS (Liu and Nocedal 1989): no dependence on the order of rows or on a learning rate."""
    leave_out_compiler()
    held = 2 * sum(parameter.numel() for parameter in parameters)  # by each former step
    optimizer = torch.optim.LBFGS(
        parameters,
        max_iter=STEPS,
        tolerance_grad=1e-6,
        tolerance_change=1e-7,
        history_size=max(LEAST_FORMER, min(STEPS, MOST_HELD // held)),
        line_search_fn="strong_wolfe",
    )

    def closure() -> Tensor:
        optimizer.zero_grad()
        value = loss()
        value.backward()  # type: ignore[no-untyped-call]
        return value

    optimizer.step(closure)  # type: ignore[no-untyped-call]


MOST_LOGITS = 1 << 25  # of rows times labels held at once: 128 MB, and as much again for each of their gradients
STRENGTH = 5.0  # how far weights may grow: the C of a support vector machine, for rows of length 1


@dataclass(frozen=True)
class FittedTables:
    """Fitted tables of an `NgramLinear`."""

    keys: Tensor  # (R,)
    weights: Tensor  # (R, K)
    squares: Tensor  # (R,)
    bias: Tensor  # (K,)

    def copy_to(self, part: NgramLinear) -> None:
        """Set the tables of the model."""
        for name, table in vars(self).items():
            setattr(part, name, table)


def fit(ngrams: Ngrams, char_ngrams: CharNgrams, labels: int) -> FittedTables:
    """Fit weights by regularized cross-entropy over the rows."""
    idf = ngrams.idf
    squares = idf.square() + char_ngrams.rows.sums(char_ngrams.idf.square().unsqueeze(1)).squeeze(1)
    lengths = ngrams.rows.sums(squares.unsqueeze(1)).squeeze(1).sqrt()
    scales = lengths.reciprocal()[ngrams.owners]
    token_weights = torch.zeros(len(ngrams.keys), labels, requires_grad=True)
    char_weights = torch.zeros(len(char_ngrams.idf), labels, requires_grad=True)
    bias = torch.zeros(labels, requires_grad=True)

    def weights() -> Tensor:
        return token_weights * idf.unsqueeze(1) + char_ngrams.rows.sums(char_weights * char_ngrams.idf.unsqueeze(1))

    parts = list(ngrams.rows.parts(max(1, MOST_LOGITS // labels)))

    def error(table: Tensor, rows: slice, indices: slice, bag: Bag) -> Tensor:
        mean = F.cross_entropy(bag.sums(table, scales[indices]) + bias, ngrams.labels[rows])
        return mean * (len(ngrams.labels[rows]) / len(ngrams.labels))

    def loss() -> Tensor:
        table = weights()
        if len(parts) == 1:
            errors = error(table, *parts[0])
        else:  # the logits of a part are computed again for its gradient, so that not all are held at once
            errors = torch.stack([checkpoint(error, table, *part, use_reentrant=False) for part in parts]).sum()
        size = token_weights.square().sum() + char_weights.square().sum()
        return errors + size / (2 * STRENGTH * len(ngrams.labels))

    minimize(loss, [token_weights, char_weights, bias])
    return FittedTables(ngrams.keys, weights().detach(), squares, bias.detach())


SHOWN = 12  # of each label

TopNgrams = dict[str, list[str]]
"""Top-weighted n-grams per label, the strongest first."""


def top_ngrams(fitted: FittedTables, ngrams: Ngrams, tokens: Sequence[str], labels: Sequence[str]) -> TopNgrams:
    """Return the top-weighted n-grams per label.

    `tokens` are those of the source vocabulary. The order is by weight times the root of frequency, which puts first
    neither frequent words of small weight, such as "and", nor a word of one text.
    """
    lean = fitted.weights - fitted.weights.mean(dim=1, keepdim=True)
    strength = lean * ngrams.frequency.sqrt().unsqueeze(1)
    found: TopNgrams = {}
    for number, label in enumerate(labels):
        order = strength[:, number].argsort(descending=True, stable=True)[: 2 * SHOWN].tolist()  # some are no words
        texts = (text_of(int(ngrams.keys[index]), tokens) for index in order if strength[index, number] > 0)
        found[label] = [text for text in texts if text][:SHOWN]
    return found


def text_of(key: int, tokens: Sequence[str]) -> str:
    """Return the text of an n-gram; empty if it contains a special token."""
    ids = []
    while key:
        key, token = divmod(key, BASE)
        ids.append(token)
    if min(ids) < len(SPECIAL_TOKENS):
        return ""
    return "".join(tokens[token] for token in reversed(ids)).replace(MARK, " ").strip()


USUAL_SHARES = (0.5, 1.0)  # a network is about twice as sure of itself as it should be (Guo et al. 2017)
SPREAD = 0.5  # of shares around the usual ones, as far as is known without any row


def fit_mixture(model: WideClassifier, validation: Iterable[Batch], device: torch.device) -> None:
    """Fit the mixture weights of network and linear model on validation data, near the usual ones for few rows.

    This comes after the training of the network: combined scores would be alike in all epochs, and an early one
    would be kept.
    """
    model.eval()
    with torch.no_grad():
        parts = [
            (model.network_logits(batch), model.ngram_logits(batch.source), batch.target_output.squeeze(1))
            for batch in (batch.to(device) for batch in validation)
        ]
    network, ngrams, labels = (torch.cat(part) for part in zip(*parts, strict=True))
    usual = torch.tensor(USUAL_SHARES, device=device)
    model.shares = usual.clone().requires_grad_()

    def loss() -> torch.Tensor:
        penalty = (model.shares - usual).square().sum() / (2 * SPREAD**2)
        return loss_over_labels(model.combine(network, ngrams), labels) + penalty / len(labels)

    minimize(loss, [model.shares])
    model.shares = model.shares.detach()
