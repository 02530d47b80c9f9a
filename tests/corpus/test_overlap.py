"""Share of held-out text with a near-duplicate in the training text."""

from pathlib import Path

from seqloom.corpus.sources import locate
from seqloom.corpus.stage import build_corpus
from seqloom.progress import unwatched

from .files import corpus, encoded


def test_case_spaces_and_signs_hide_nothing(tmp_path: Path) -> None:
    train = [(f"Hello, number {word}!", "x") for word in "abcdefgh"] + [("!?", "x")]
    test = [("hello number A", "x"), ("hello — NUMBER b…", "x"), ("!!", "y"), ("another", "z")]
    validation = [("?!", "y"), ("HELLO NUMBER C", "z")]
    files = {}
    for split, pairs in (("train", train), ("test", test), ("validation", validation)):
        (tmp_path / f"{split}.csv").write_bytes(encoded(pairs, "csv"))
        files[split] = [str(tmp_path / f"{split}.csv")]
    section = corpus(**files)
    facts = build_corpus(section, locate(section, tmp_path), tmp_path, unwatched)
    assert facts["also_in_training"] == {"validation": 0.5, "test": 0.5}
