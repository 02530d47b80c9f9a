"""Classification metrics against scikit-learn's, and as sums over rows."""

import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.metrics import accuracy_score, f1_score

from seqloom.evaluation.label_metrics import BINS, SIGNATURES, confusion, counts_of
from seqloom.evaluation.paired_bootstrap import compare

RANDOM = np.random.default_rng(3)
LABELS = np.array(["bad", "good", "so so"])
REFERENCES = LABELS[RANDOM.choice(3, 200, p=[0.5, 0.4, 0.1])].tolist()
GUESSES = [label if RANDOM.random() < 0.7 else str(RANDOM.choice(LABELS)) for label in REFERENCES]
CERTAINTY = RANDOM.uniform(1 / 3, 1.0, 200).tolist()


def figure(metric: str, guesses: list[str], references: list[str], certainty: list[float] | None = None) -> float:
    return counts_of(metric, guesses, certainty or [0.5] * len(guesses), references).value


@pytest.mark.parametrize("guesses", [GUESSES, ["good"] * 200, REFERENCES, ["never seen"] * 200])
def test_as_scikit_learn(guesses: list[str]) -> None:
    assert figure("accuracy", guesses, REFERENCES) == pytest.approx(accuracy_score(REFERENCES, guesses))
    wanted = f1_score(REFERENCES, guesses, labels=sorted(set(REFERENCES)), average="macro", zero_division=0)
    assert figure("macro_f1", guesses, REFERENCES) == pytest.approx(wanted)


def test_many_labels_take_no_room() -> None:
    """A thousand labels in a hundred thousand rows would be 2.4 GB, were what is not there stored."""
    references = [str(row % 1000) for row in range(100_000)]
    counts = counts_of("macro_f1", [*references[:50_000], *["0"] * 50_000], [1.0] * 100_000, references)
    assert isinstance(counts.rows, csr_array)
    assert counts.rows.nnz <= 3 * 100_000
    assert counts.of(range(50_000)) == 1.0
    assert counts.value == pytest.approx((999 * 2 / 3 + 2 * 100 / (50_050 + 100)) / 1000)


@pytest.mark.parametrize("metric", SIGNATURES)
def test_the_rows_of_a_part_are_a_part_of_the_rows(metric: str) -> None:
    some = [0, 5, 7, 40, 41, 120]
    whole = counts_of(metric, GUESSES, CERTAINTY, REFERENCES)
    part = [[column[row] for row in some] for column in (GUESSES, REFERENCES, CERTAINTY)]
    assert whole.of(some) == pytest.approx(figure(metric, *part))


def test_calibration_error_is_the_gap_in_each_bin() -> None:
    right = np.array(GUESSES) == np.array(REFERENCES)
    bins = np.clip(np.ceil(np.array(CERTAINTY) * BINS) - 1, 0, BINS - 1)  # no certainty lies on an edge
    gaps = [
        np.mean(bins == number) * abs(np.mean(np.array(CERTAINTY)[bins == number]) - np.mean(right[bins == number]))
        for number in range(BINS)
        if np.any(bins == number)
    ]
    assert figure("calibration_error", GUESSES, REFERENCES, CERTAINTY) == pytest.approx(sum(gaps))
    assert figure("calibration_error", REFERENCES, REFERENCES, [1.0] * 200) == 0.0
    assert figure("calibration_error", ["never seen"] * 200, REFERENCES, [1.0] * 200) == 1.0


def test_better_labels_are_better_by_more_than_chance() -> None:
    champion, challenger = (counts_of("macro_f1", labels, CERTAINTY, REFERENCES) for labels in (GUESSES, REFERENCES))
    found = compare(champion, challenger)
    assert found.p_value < 0.01
    assert 0 < found.low <= found.difference <= found.high


def test_confusion_counts_every_row_once() -> None:
    labels, table = confusion(GUESSES, REFERENCES)
    assert labels == sorted(LABELS)
    assert table.sum() == 200
    assert table.diagonal().sum() == round(200 * figure("accuracy", GUESSES, REFERENCES))
    assert table.sum(axis=1).tolist() == [REFERENCES.count(label) for label in labels]
