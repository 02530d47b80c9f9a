"""What is said of an export that is slower than what the version has already."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqloom.registry.export_records import NOISE, ExportRecord, Side, advice_on

positive = st.floats(0.1, 1000)


def side(megabytes: float, milliseconds: float) -> Side:
    return Side(megabytes, 30.0, milliseconds, 2 * milliseconds)


def record(backend: str, before: Side, after: Side, passed: bool = True) -> ExportRecord:
    return ExportRecord(backend, 40, "translation", "chrf", before, after, (-0.1, 0.1), passed, "")


FLOAT32 = record("ctranslate2", side(40, 44), side(40, 22))


@pytest.mark.parametrize(
    ("milliseconds", "megabytes", "said"),
    [
        (50, 10, "int8 is slower than ctranslate2 here: 20 against 50 texts/s; worth having only for its 10.0 MB"),
        (50, 40, "int8 is slower than ctranslate2 here: 20 against 50 texts/s, and no smaller: not worth having"),
        (20, 40, ""),
        (15, 10, ""),
    ],
)
def test_an_export_is_compared_with_the_fastest(milliseconds: float, megabytes: float, said: str) -> None:
    advice = advice_on("int8", side(40, 40), side(megabytes, milliseconds), [FLOAT32])
    assert advice.startswith(said)
    assert bool(advice) == bool(said)


def test_neither_itself_nor_what_was_refused_counts() -> None:
    refused = record("ctranslate2", side(40, 40), side(40, 1), passed=False)
    earlier = record("int8", side(40, 40), side(40, 1))
    assert advice_on("int8", side(40, 40), side(10, 30), [refused, earlier]) == ""


@given(positive, positive, st.lists(st.tuples(positive, positive), max_size=4))
def test_the_load_of_the_machine_does_not_count(own: float, after: float, others: list[tuple[float, float]]) -> None:
    known = [record(f"other-{number}", side(1, one), side(1, two)) for number, (one, two) in enumerate(others)]
    busy = [
        record(each.backend, side(1, 4 * each.before.latency_p50), side(1, 4 * each.after.latency_p50))
        for each in known
    ]
    first, second = (advice_on("int8", side(1, own), side(1, after), each) for each in (known, busy))
    assert bool(first) == bool(second)
    fastest = min([own, *(own * two / one for one, two in others)])
    if after < fastest or after > 1.01 * NOISE * fastest:
        assert bool(first) == (after > fastest)
