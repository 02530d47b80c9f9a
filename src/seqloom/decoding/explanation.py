"""Why an answer: attention weights, or integrated gradients where a model has none or answers with a label.

Integrated gradients (Sundararajan et al. 2017, https://arxiv.org/abs/1703.01365) attribute the difference between what
a model says of the text and of an empty one, whose embeddings are all 0, to the tokens of the text. Attention weights
say where a decoder looked, which need not be why (Jain and Wallace 2019, https://arxiv.org/abs/1902.10186).

S source length, T target length, E embedding width, V target vocabulary.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from seqloom.dataset.padded_batch import Batch, make_batch, make_labeled_batch
from seqloom.errors import UserError
from seqloom.models.base_classes import AttentiveDecoder
from seqloom.models.ensemble import Ensemble
from seqloom.models.ngram_classifier import WideClassifier, ngram_keys
from seqloom.recipe.recipe_json import with_options
from seqloom.vocabulary.special_tokens import END, SPECIAL_TOKENS

if TYPE_CHECKING:
    from seqloom.decoding.generator import Generator
    from seqloom.models.encoder_decoder import EncoderDecoder

STEPS = 32  # points of the integral
ATTENTION, GRADIENTS = "attention", "integrated gradients"


@dataclass(frozen=True)
class Explanation:
    """Weights of the source tokens for each token of an answer."""

    method: str
    answer: str
    source: list[str]  # S tokens
    target: list[str]  # T tokens, or a label
    weights: list[list[float]]  # (T, S); of attention each row adds up to 1, of gradients a weight may be negative
    known: str | None = None  # what memory or rules answer instead; explained is what the model alone would

    @property
    def is_label(self) -> bool:
        """True if the answer is a label; a text has an end, too, even if it is empty."""
        return self.target == [self.answer]

    @property
    def by_token(self) -> list[float]:
        """The weight of each source token for the whole answer, `(S,)`."""
        return [sum(column) / len(self.weights) for column in zip(*self.weights, strict=True)]


def explain(generator: "Generator", text: str, label: str = "") -> Explanation:
    """Explain the model's best answer to a text, or why a text would get `label`, against the likeliest other.

    Raises:
        UserError: the text has no tokens, the model is a language model, or it has no such label.
    """
    if generator.frame_width:
        raise UserError("an answer is explained by the tokens of its text, and this model reads features, too")
    if not generator.backend.has_encoder:
        raise UserError("explain shows which part of a source an answer is from; a language model has no source apart")
    if isinstance(generator.model, Ensemble):
        raise UserError("an ensemble has no one reason for an answer: explain one of its versions")
    [source] = generator.encode([text])
    decoding = with_options(generator.decoding, long_texts="cut")
    if not source:
        raise UserError("the text is empty: there is nothing to explain")
    best, *others = generator.answer_unknown([text], [None], decoding, [0])[0]
    names = [generator.source.tokens[token] for token in source]
    if _is_classifier(generator):
        labels = {each.text: each.tokens[0] for each in (best, *others)}
        if label and label not in labels:
            raise UserError(f"{label}: no label of this model; it has {', '.join(sorted(labels))}")
        wanted = label or best.text
        rival = next((token for name, token in labels.items() if name != wanted), None)
        of_label = _label_weights(generator.model, source, labels[wanted], rival)
        return Explanation(GRADIENTS, wanted, names, [wanted], [of_label])
    if label:
        raise UserError("--label is for models that answer with a label; this one answers with a text")
    answer_tokens = [generator.target.tokens[token] for token in best.tokens] + [SPECIAL_TOKENS[END]]
    [known] = generator.known([text], decoding)
    if isinstance(generator.model.decoder, AttentiveDecoder):
        found = generator.attention(text, best)
        return Explanation(ATTENTION, best.text, found.source, found.target, found.weights, known)
    weights = _text_weights(generator.model, source, best.tokens)
    return Explanation(GRADIENTS, best.text, names, answer_tokens, weights, known)


def is_cheap(generator: "Generator") -> bool:
    """Return whether an explanation takes no longer than an answer: it does without attention, once for each token."""
    if isinstance(generator.model, Ensemble):
        return False
    return _is_classifier(generator) or isinstance(generator.model.decoder, AttentiveDecoder)


def _is_classifier(generator: "Generator") -> bool:
    return "probability" in generator.column_types


def _text_weights(model: "EncoderDecoder", source: list[int], target: list[int]) -> list[list[float]]:
    """Return the attribution of each target token's log-probability to the source tokens, `(T, S)`."""
    batch = make_batch([source], [target]).to(next(model.parameters()).device)

    def log_probabilities() -> Tensor:
        scores = model.project(model(batch)).float().log_softmax(dim=-1)[0]  # (T, V)
        return scores.gather(1, batch.target_output[0].unsqueeze(1)).squeeze(1)

    return integrated_gradients(model, batch, log_probabilities)[:, : len(source)].tolist()


def _label_weights(model: "EncoderDecoder", source: list[int], label: int, rival: int | None) -> list[float]:
    """Return the attribution of a label's lead over its rival, in logits, to the source tokens, `(S,)`."""
    import numpy as np

    batch = make_labeled_batch([np.array(source)], [np.array([label])]).to(next(model.parameters()).device)

    def lead(logits: Tensor) -> Tensor:
        return logits[:, label] - (logits[:, rival] if rival is not None else 0)

    def of_network() -> Tensor:
        return lead(model.project(model(batch)).float()[0])

    weights = integrated_gradients(model, batch, of_network)[0]
    if mixture := model.ngram_mixture:
        weights = weights + mixture.shares[1] * _ngram_weights(mixture, batch, lead)
    found: list[float] = weights[: len(source)].tolist()
    return found


def integrated_gradients(model: "EncoderDecoder", batch: Batch, scores: Any) -> Tensor:
    """Return the attribution `(N, S)` of each of the N `scores()` to the source tokens of a batch of one row."""
    model.eval()
    with torch.no_grad():
        full = model.source_embedding(batch.source)  # (1, S, E)
    total: Tensor | None = None
    for step in range(STEPS):
        point = ((step + 0.5) / STEPS * full).requires_grad_()
        with torch.enable_grad(), _embedded_as(model.source_embedding, batch.source, point):
            values = scores()
            gradients = [torch.autograd.grad(value, point, retain_graph=True)[0][0] for value in values]  # (S, E) each
        each = torch.stack([(gradient * full[0]).sum(dim=1) for gradient in gradients]) / STEPS
        total = each if total is None else total + each
    assert total is not None
    return total.detach()


def _ngram_weights(model: WideClassifier, batch: Batch, lead: Any) -> Tensor:
    """Return what the n-grams of a text add to a label's lead, shared out evenly among their tokens, `(S,)`."""
    linear = model.linear
    keys = ngram_keys(batch.source, linear.longest)[0]  # (S, N), each n-gram at its last token
    indices = torch.searchsorted(linear.keys, keys).clamp_max(len(linear.keys) - 1)
    known = (linear.keys[indices] == keys) & (keys > 0)
    length = (linear.squares[indices] * known).sum().clamp_min(1e-12).sqrt()
    weights = torch.zeros(len(keys), device=keys.device)
    for last, order in known.nonzero().tolist():
        logits = nn.functional.pad(linear.weights[indices[last, order]], (len(SPECIAL_TOKENS), 0))  # (V,)
        weights[last - order : last + 1] += lead(logits.unsqueeze(0))[0] / length / (order + 1)
    return weights


@contextmanager
def _embedded_as(embedding: nn.Module, source: Tensor, point: Tensor) -> Iterator[None]:
    """Have an embedding return `point` for the source; the target may have the same embedding."""
    handle = embedding.register_forward_hook(lambda _, ids, embedded: point if ids[0] is source else embedded)
    try:
        yield
    finally:
        handle.remove()
