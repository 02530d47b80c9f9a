"""Drift of what is asked: the index, what chance gives, and what moved of a small corpus."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqloom.errors import UserError
from seqloom.feedback.asked_texts import read_asked
from seqloom.feedback.population_stability import counts_in_bins, index_by_chance, stability_index
from seqloom.feedback.request_drift import NEW, drift_scores, score_of_numbers

COUNTS = st.lists(st.tuples(st.integers(0, 500), st.integers(0, 500)), min_size=1, max_size=12)
NUMBERS = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=50)


@given(COUNTS)
def test_the_index_is_symmetric_and_zero_where_nothing_moved(pairs: list[tuple[int, int]]) -> None:
    before, after = ([pair[side] for pair in pairs] for side in (0, 1))
    assert stability_index(before, before) == 0
    assert stability_index(before, [3 * count for count in before]) == pytest.approx(0, abs=1e-9)
    assert stability_index(before, after) == pytest.approx(stability_index(after, before))
    assert stability_index(before, after) >= 0


def test_the_index_is_the_one_of_the_books() -> None:
    """0.2 · ln 2 + 0.2 · ln 2 - 0.4 · …: shares of 60 % and 40 % that change places, by hand."""
    assert stability_index([600_000, 400_000], [400_000, 600_000]) == pytest.approx(0.4 * np.log(1.5), rel=1e-5)


@given(NUMBERS, NUMBERS)
def test_each_number_is_in_one_bin(expected: list[float], found: list[float]) -> None:
    before, after, names = counts_in_bins(expected, found)
    assert (sum(before), sum(after)) == (len(expected), len(found))
    assert len(before) == len(after) == len(names)


def test_chance_is_exceeded_by_one_sample_in_a_hundred() -> None:
    draws = np.random.default_rng(1)
    shares = np.full(10, 0.1)
    limit = index_by_chance(300, 200, 10)
    above = [
        stability_index(draws.multinomial(300, shares).tolist(), draws.multinomial(200, shares).tolist()) > limit
        for _ in range(1000)
    ]
    assert 0 < np.mean(above) < 0.02


def corpus_in(folder: Path, sources: list[str], targets: list[str]) -> Path:
    folder.mkdir()
    for split, start in (("train", 0), ("validation", 1)):
        pd.DataFrame({"source": sources[start::2], "target": targets[start::2]}).to_parquet(folder / f"{split}.parquet")
    return folder


WORDS = [f"word{number}" for number in range(30)]


def texts(count: int, longest: int, seed: int, words: list[str] = WORDS) -> list[str]:
    draws = np.random.default_rng(seed)
    return [" ".join(draws.choice(words, 1 + draws.integers(longest))) for _ in range(count)]


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    return corpus_in(tmp_path / "corpus", texts(800, 8, seed=1), ["good", "good", "bad", "bad"] * 200)


@pytest.mark.parametrize(
    ("asked", "label", "moved"),
    [
        (texts(300, 8, seed=2), None, []),
        (texts(300, 20, seed=2), None, ["lengths"]),
        (texts(300, 8, seed=2, words=[f"n{each[1:]}" for each in WORDS]), None, ["words"]),
        (texts(300, 8, seed=2), "bad", ["labels"]),
        (texts(20, 8, seed=3), None, []),  # so few that chance explains it
    ],
)
def test_what_moved_is_found_and_nothing_else(
    asked: list[str], label: str | None, moved: list[str], corpus: Path
) -> None:
    answers = {text: label or ("good", "bad")[at % 2] for at, text in enumerate(asked)}
    scores = drift_scores(answers, [corpus], labeled=True, language="en")
    assert [score.name for score in scores] == ["lengths", "words", "labels"]
    assert [score.name for score in scores if score.exceeds(0.25)] == moved
    for score in scores:
        assert sum(before for _, before, _ in score.bins) == pytest.approx(1)
        assert sum(after for _, _, after in score.bins) == pytest.approx(1)


def test_words_that_are_new_in_held_out_text_too_are_no_drift(tmp_path: Path) -> None:
    names = [f"w{number}" for number in range(1200)]  # each once, as words of a dictionary
    corpus = corpus_in(tmp_path / "corpus", names[:800], names[:800])
    [_, words] = drift_scores(dict.fromkeys(names[800:], "x"), [corpus], labeled=False, language="en")
    assert words.index == pytest.approx(0)
    assert words.found == f"100.0% of words {NEW}"


def test_an_ensemble_has_learned_from_the_text_of_all_its_members(tmp_path: Path) -> None:
    one, other = texts(400, 8, seed=1), texts(400, 20, seed=2, words=[f"n{each[1:]}" for each in WORDS])
    corpora = [corpus_in(tmp_path / name, rows, ["x"] * 400) for name, rows in (("one", one), ("other", other))]
    asked = dict.fromkeys([*one[::4], *other[::4]], "x")
    lengths, words = (drift_scores(asked, each, labeled=False, language="en") for each in (corpora, corpora[:1]))
    assert lengths[0].index < 0.05 < 0.25 < words[0].index
    assert NEW not in [name for name, *_ in lengths[1].bins]


def test_personal_data_is_as_in_the_log(tmp_path: Path) -> None:
    addresses = [f"write to name{number}@example.com" for number in range(400)]
    corpus = corpus_in(tmp_path / "corpus", addresses, addresses)
    asked = {f"write to [EMAIL_1]{' ' * (number % 2)}": "x" for number in range(2)}
    scores = drift_scores(asked, [corpus], labeled=False, language="en")
    assert all(score.expected == score.found for score in scores)


def test_numbers_that_are_all_equal_have_one_bin() -> None:
    score = score_of_numbers("lengths", [3, 3, 3], [3, 3], "{:.0f}")
    assert (score.index, score.exceeds(0.01)) == (0, False)


def test_only_days_that_are_looked_at_count(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    rows = [
        {"time": (now - timedelta(days=days)).isoformat(timespec="seconds"), "source": f"{days}", "prediction": "x"}
        for days in (9, 6, 0)
    ]
    (tmp_path / "log.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    assert list(read_asked(tmp_path / "log.jsonl", now - timedelta(days=7))) == ["6", "0"]
    assert read_asked(tmp_path / "log.jsonl", now + timedelta(days=1)) == {}
    (tmp_path / "log.jsonl").write_text('{"source": "a", "prediction": "b"}\n')
    with pytest.raises(UserError, match=r"line 1: is no line of a request log; it has time"):
        read_asked(tmp_path / "log.jsonl", now)
