"""Error rates are jiwer's, and the nearest source is the one with the fewest edits."""

import jiwer
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqloom.evaluation.edit_distance import error_rate, nearest_by_edits
from seqloom.progress import unwatched

texts = st.lists(st.sampled_from(["a", "b", "cd", "é", "好"]), min_size=1, max_size=6).map(" ".join)


@given(st.lists(st.tuples(texts, texts), min_size=1, max_size=8))
def test_the_rates_are_those_of_jiwer(rows: list[tuple[str, str]]) -> None:
    answers, references = map(list, zip(*rows, strict=True))
    alternatives = [{reference} for reference in references]
    assert error_rate(answers, alternatives, str.split).value == pytest.approx(jiwer.wer(references, answers))
    assert error_rate(answers, alternatives, list).value == pytest.approx(jiwer.cer(references, answers))


@pytest.mark.parametrize(
    ("answer", "alternatives", "rate"),
    [
        ("k a t", {"k a t", "k æ t s"}, 0.0),
        ("k æ t", {"k a t", "k æ t s"}, 1 / 3),  # one edit from either; the shorter is the stricter
        ("", {"k a t"}, 1.0),
        ("k a t s o", {"k"}, 4.0),  # insertions count
    ],
)
def test_the_nearest_right_answer_counts(answer: str, alternatives: set[str], rate: float) -> None:
    assert error_rate([answer], [alternatives], str.split).value == pytest.approx(rate)


@given(st.lists(texts, min_size=1, max_size=6), texts)
def test_no_other_source_is_nearer(sources: list[str], asked: str) -> None:
    [answer] = nearest_by_edits(sources, sources, [asked], unwatched)

    def distance(source: str) -> float:
        return float(jiwer.cer(source, asked)) * len(source) / max(len(source), len(asked))

    assert distance(answer) == pytest.approx(min(map(distance, sources)))
