"""Near-duplicates are found by an estimate, and none of them is on both sides of a split."""

import random
import string
from pathlib import Path

import numpy as np
import pytest

from seqloom.corpus import near_duplicates
from seqloom.corpus.near_duplicates import NearDuplicates, band_width
from seqloom.corpus.normalization import fold_text

from .test_stage import built, sources_of, write


def jaccard(one: str, other: str) -> float:
    ours, theirs = (
        {fold_text(text)[at : at + 5] for at in range(max(1, len(fold_text(text)) - 4))} for text in (one, other)
    )
    return len(ours & theirs) / len(ours | theirs)


def texts(count: int, length: int = 120) -> list[str]:
    draw = random.Random(3)
    return ["".join(draw.choices(string.ascii_lowercase + " ", k=length)) for _ in range(count)]


def changed(text: str, places: int, seed: int) -> str:
    draw, letters = random.Random(seed), list(text)
    for at in draw.sample(range(len(text)), places):
        letters[at] = "#é"[places % 2] if letters[at] != "é" else "ü"
    return "".join(letters)


def test_the_estimate_is_near_the_similarity() -> None:
    near = NearDuplicates(0.5)
    errors = []
    for number, text in enumerate(texts(60)):
        other = changed(text, 3, number)
        near.add(near.sketches([text])[0])
        found = near.similarity_to_kept(near.sketches([other])[0])
        errors.append(found - jaccard(text, other))
    assert abs(np.mean(errors)) < 0.03
    assert np.std(errors) < 0.09


@pytest.mark.parametrize(
    "variant",
    [str.upper, lambda text: "\u200b".join(text), lambda text: f"  {text}!!", lambda text: text.replace(" ", "\u00a0")],
)
def test_variants_in_case_spaces_signs_and_zero_width_are_one_text(variant: object) -> None:
    near = NearDuplicates(0.95)
    one, other = near.sketches(["The dog runs home.", variant("The dog runs home.")])  # type: ignore[operator]
    near.add(one)
    assert near.similarity_to_kept(other) == 1.0


@pytest.mark.parametrize(("similarity", "width"), [(0.5, 2), (0.8, 6), (0.9, 6), (0.95, 12)])
def test_bands_find_95_of_100(similarity: float, width: int) -> None:
    assert band_width(similarity) == width


def test_a_text_is_found_again_whichever_run_it_is_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(near_duplicates, "_RECENT", 8)
    near, known = NearDuplicates(0.8), texts(100)
    sketches = near.sketches(known)
    for sketch in sketches:
        assert not near.is_too_similar(sketch)
        near.add(sketch)
    assert all(near.is_too_similar(sketch) for sketch in sketches)
    assert near.state_bytes / 96 < 200  # bytes a row


def test_a_sketch_depends_on_its_text_alone() -> None:
    near, known = NearDuplicates(0.8), [*texts(20), "a", "", "日本語", "abcde"]
    together = near.sketches(known)
    for text, sketch in zip(known, together, strict=True):
        (alone,) = near.sketches([text])
        assert (alone.minima == sketch.minima).all()
        assert (alone.bands == sketch.bands).all()


def test_near_duplicates_are_dropped_and_straddle_no_split(tmp_path: Path) -> None:
    known = texts(300)
    pairs = [(text, f"Satz {n}") for n, text in enumerate([*known, *(changed(text, 1, 5) for text in known)])]
    test = write(tmp_path / "test.jsonl", [(known[0].upper(), "x"), (changed(known[1], 1, 9), "y")])
    facts = built(
        tmp_path, train=[write(tmp_path / "train.jsonl", pairs)], test=[test], filters=["near_duplicates<=0.7"]
    )
    assert facts["rejected"]["near_duplicates<=0.7"] >= 300
    kept = sources_of(tmp_path)
    assert len(kept["test"]) == 2
    crossing = [
        (a, b) for a in kept["train"] for b in kept["test"] | kept["validation"] if a[:3].lower() == b[:3].lower()
    ]
    assert not [pair for pair in crossing if jaccard(*pair) > 0.85]
