"""Scores of word vectors on files of word pairs with their similarity, and of analogies, by gensim.

Pairs: the rank correlation of cosine and human judgment, as with WordSim-353 (Finkelstein et al. 2001) or SimLex-999.
Analogies: Athens is to Greece as Oslo is to … (Mikolov et al. 2013, https://arxiv.org/abs/1301.3781).
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from math import isfinite
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqloom.vectors.intrinsic_files import delimiter_of, lines_of
from seqloom.vocabulary.pretokenization import starts_with_han
from seqloom.vocabulary.special_tokens import MARK, SPECIAL_TOKENS

_PLACES = 4


def intrinsic_scores(
    tokens: Sequence[str],
    matrix: NDArray[np.float32],
    counts: NDArray[np.int64],
    similarity_file: Path | None,
    analogy_file: Path | None,
) -> dict[str, Any]:
    """Return Spearman's correlation of similarities, and the share of analogies that are solved, where files are given.

    Words that are no token of their own are left out, and counted; case does not count, the more frequent word does.
    """
    from gensim.models import KeyedVectors  # slow, and only these files need it

    words: dict[str, int] = {}
    for index in np.argsort(-counts, kind="stable").tolist():
        if _is_whole(tokens[index]):
            words.setdefault(tokens[index].removeprefix(MARK), index)
    vectors = KeyedVectors(matrix.shape[1])
    vectors.add_vectors(list(words), matrix[list(words.values())])
    found: dict[str, Any] = {}
    if similarity_file:
        found["similarity"] = _similarity(vectors, similarity_file)
    if analogy_file:
        found["analogies"] = _analogies(vectors, analogy_file)
    return found


def _similarity(vectors: Any, path: Path) -> dict[str, Any]:
    lines = [line for _, line in lines_of(path, "")]
    words = {word.upper() for word in vectors.index_to_key}
    pairs = [line.upper().split(delimiter_of(line))[:2] for line in lines]
    known = sum(set(pair) <= words for pair in pairs)
    counted = {"file": path.name, "pairs": len(pairs), "known": known}
    if known < 3:  # of two any order is perfect
        return counted
    with _as_checked(lines) as file:
        _, (spearman, _), _ = vectors.evaluate_word_pairs(file, delimiter=delimiter_of(lines[0]))
    if not isfinite(spearman):  # the known ones are all as similar
        return counted
    return {**counted, "spearman": round(float(spearman), _PLACES)}


def _analogies(vectors: Any, path: Path) -> dict[str, Any]:
    lines = [line for _, line in lines_of(path, "", comments=False)]
    asked = sum(not line.startswith(": ") for line in lines)
    with _as_checked(lines) as file:
        accuracy, sections = vectors.evaluate_word_analogies(file)
    of_each = [(each["section"], len(each["correct"]), len(each["incorrect"])) for each in sections]
    *parts, (_, right, wrong) = of_each
    counted = {"file": path.name, "questions": asked, "known": right + wrong}
    if not right + wrong:
        return counted
    return {
        **counted,
        "accuracy": round(float(accuracy), _PLACES),
        "sections": [
            {"name": name, "right": correct, "known": correct + other}
            for name, correct, other in parts
            if correct + other
        ],
    }


@contextmanager
def _as_checked(lines: Sequence[str]) -> Iterator[str]:
    """Give gensim the lines as they were checked, without a byte order mark."""
    with TemporaryDirectory() as folder:
        (file := Path(folder) / "lines.txt").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        yield str(file)


def _is_whole(token: str) -> bool:
    """Return whether a token is a word and no piece of one, where the vocabulary tells them apart."""
    word = token.removeprefix(MARK)
    return bool(word) and token not in SPECIAL_TOKENS and (token.startswith(MARK) or starts_with_han(word))
