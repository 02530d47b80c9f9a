"""Held-out texts that stand in training are found, exactly but for case and signs, or nearly."""

import string

from hypothesis import given
from hypothesis import strategies as st

from seqloom.corpus.contamination import contamination_of
from seqloom.corpus.normalization import fold_text
from seqloom.corpus.overlap import stand_in

WORD = st.text(string.ascii_letters + "äß漢字ा", min_size=1, max_size=8)
TEXT = st.lists(WORD, min_size=1, max_size=6).map(" ".join)


@given(st.lists(TEXT, max_size=20), st.lists(TEXT, max_size=20), st.integers(1, 7))
def test_exact_is_what_a_comparison_of_all_pairs_finds(texts: list[str], training: list[str], size: int) -> None:
    chunks = [training[start : start + size] for start in range(0, len(training), size)]
    known = {fold_text(text) for text in training}
    assert stand_in(texts, chunks).tolist() == [fold_text(text) in known for text in texts]
    found = contamination_of(texts, chunks)
    assert [kind == "exact" for kind in found] == [fold_text(text) in known for text in texts]


@given(st.lists(TEXT, min_size=1, max_size=10))
def test_every_text_stands_in_itself(texts: list[str]) -> None:
    disguised = [f" «{text.upper().lower()}!» " for text in texts]
    assert set(contamination_of(texts, [texts])) == {"exact"}
    assert contamination_of(disguised, [[text.lower() for text in texts]], near=False) == [
        "exact" if fold_text(one) == fold_text(other.lower()) else ""
        for one, other in zip(disguised, texts, strict=True)
    ]


def test_near_and_far() -> None:
    base = "The committee will decide on the budget of the coming year next Tuesday in the small hall"
    texts = [base + ".", base + " upstairs", "Something else altogether, that nobody has ever trained on"]
    assert contamination_of(texts, [["unrelated"], [base]]) == ["exact", "near", ""]
    assert contamination_of(texts, [[base]], near=False) == ["exact", "", ""]
    assert contamination_of([], [[base]]) == []
