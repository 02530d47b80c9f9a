"""Which words speak for which label: what of the linear part people want to read."""

from collections.abc import Sequence

from seqloom.models.linear_part import BASE
from seqloom.training.linear_features import Runs
from seqloom.training.linear_fit import Fitted
from seqloom.vocabulary.special import MARK, SPECIAL_TOKENS

SHOWN = 12  # of each label

Telling = dict[str, list[str]]
"""The most telling runs of each label, the first one most."""


def telling_runs(fitted: Fitted, runs: Runs, tokens: Sequence[str], labels: Sequence[str]) -> Telling:
    """The runs that lean furthest to each label among those that are not rare.

    `tokens` are those of the source vocabulary. Weight times the root of frequency puts neither "and" first, which
    leans a little and is everywhere, nor a word of one text.
    """
    lean = fitted.weights - fitted.weights.mean(dim=1, keepdim=True)
    loudness = lean * runs.frequency.sqrt().unsqueeze(1)
    found: Telling = {}
    for number, label in enumerate(labels):
        order = loudness[:, number].argsort(descending=True, stable=True)[: 2 * SHOWN].tolist()  # some are no words
        texts = (in_letters(int(runs.keys[run]), tokens) for run in order if loudness[run, number] > 0)
        found[label] = [text for text in texts if text][:SHOWN]
    return found


def in_letters(key: int, tokens: Sequence[str]) -> str:
    """What a run says; nothing, if one of its tokens is no text."""
    ids = []
    while key:
        key, token = divmod(key, BASE)
        ids.append(token)
    if min(ids) < len(SPECIAL_TOKENS):
        return ""
    return "".join(tokens[token] for token in reversed(ids)).replace(MARK, " ").strip()
