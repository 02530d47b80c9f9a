import pytest

from seqloom.corpus.cleaner import Cleaner
from seqloom.corpus.pairs import SplitGroup

KEPT = ""
NONE: frozenset[str] = frozenset()


@pytest.mark.parametrize(
    ("pairs", "reasons"),
    [
        pytest.param([("test", "a", "b")], [KEPT], id="kept"),
        pytest.param([("train", "a", "b"), ("train", "a", "c"), ("train", "a", "b")], [KEPT, KEPT, "duplicate"],
                     id="duplicate"),
        pytest.param([("train", "ab", "c"), ("train", "a", "bc")], [KEPT, KEPT], id="sides are kept apart"),
        pytest.param([("test", "a", "b"), ("test", "a", "c"), ("test", "a", "b")], [KEPT, KEPT, "duplicate"],
                     id="duplicate in test"),
        pytest.param([("test", "a", "b"), ("validation", "a", "c"), ("train", "a", "b")],
                     [KEPT, "also in test", "also in test"], id="held out for test"),
        pytest.param([("validation", "a", "b"), ("train", "a", "c")], [KEPT, "also in validation"],
                     id="held out for validation"),
    ],
)  # fmt: skip
def test_reasons(pairs: list[tuple[str, str, str]], reasons: list[str]) -> None:
    cleaner = Cleaner()
    assert [
        cleaner.rejection_reason(source, target, split, SplitGroup(source, NONE)) for split, source, target in pairs
    ] == reasons


def test_dialogues_that_begin_alike_or_share_much_are_kept_apart_and_a_row_is_kept_once() -> None:
    cleaner = Cleaner()
    held, alike, begins, other = (
        SplitGroup("held", frozenset(["1", "2"])),
        SplitGroup("alike", frozenset(["2", "3"])),
        SplitGroup("held", NONE),
        SplitGroup("other", frozenset(["2", "5", "6", "7"])),
    )
    rows = [
        ("a", "b", "test", held, "1"),
        ("c", "d", "test", held, "2"),
        ("x", "y", "train", begins, ""),
        ("z", "y", "train", alike, "3"),
        ("e", "f", "train", other, "2"),
        ("g", "h", "train", other, "5"),
        ("i", "j", "train", SplitGroup("third", NONE), "5"),
    ]
    reasons = [KEPT, KEPT, "also in test", "also in test", "duplicate", KEPT, "duplicate"]
    assert [cleaner.rejection_reason(*row) for row in rows] == reasons
