"""Significant white space, from corpus to answer: no-break spaces, line feeds, tabs, indentation."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from seqloom.batch_inference.input_table import open_input
from seqloom.batch_inference.sharded_generation import BatchInference, run_batch_inference
from seqloom.corpus.corpus_files import keeps_whitespace, read_split
from seqloom.corpus.dialogue_context import Conversation
from seqloom.corpus.running_text import join_lines, restore_lines, split_passages
from seqloom.corpus.sources import locate
from seqloom.corpus.stage import build_corpus
from seqloom.dataset.stage import encode_corpus, open_split
from seqloom.decoding.checkpoint_export import export
from seqloom.decoding.generator import Generator
from seqloom.decoding.generator_loader import load_generator, read_generator
from seqloom.decoding.hypothesis import Hypothesis
from seqloom.decoding.torch_backend import TorchBackend
from seqloom.models.encoder_decoder import EncoderDecoder
from seqloom.progress import unwatched
from seqloom.recipe.schema import CorpusSection, DecodingSection, VocabularySection
from seqloom.vocabulary.special_tokens import MARK, VOCABULARY_FILES
from seqloom.vocabulary.stage import build_vocabulary, load_vocabularies
from seqloom.vocabulary.vocabulary import Vocabulary
from tests.models.plain import plain_model
from tests.models.test_base_classes import fresh

ENGLISH = ["Are you sure?", "def f(x): return x", "Dear Ms Roe, thanks. Yours", "a list"]
LAID_OUT = [
    "Êtes-vous sûr\u202f? «\u00a0Oui\u00a0»",
    "def f(x):\n    if x:\n\treturn  x\n",
    "Chère Mme Roe,\n\n  merci.\n\nÀ vous",
    "- a\n- b",
]
ASKED = [[5], [9, 7], [30, 31, 32]]
TEXTS = ["a\n  a\u00a0a", " a\ta\n", "\u202fa\u2028\n\n a"]
PAIRS = list(zip(ENGLISH, LAID_OUT, strict=True))


def corpus_of(folder: Path, pairs: list[tuple[str, str]], **fields: Any) -> dict[str, Any]:
    rows = [json.dumps({"source": source, "target": target}) for source, target in pairs]
    (folder / "pairs.jsonl").write_text("\n".join(rows), encoding="utf-8")
    section = CorpusSection(train=[str(folder / "pairs.jsonl")], overfit=True, **fields)
    (folder / "corpus").mkdir()
    return build_corpus(section, locate(section, folder), folder / "corpus", unwatched)


@pytest.mark.parametrize("kind", ["bpe", "unigram", "char", "decomposed", "word", "spaced"])
def test_a_target_can_be_written_exactly(tmp_path: Path, kind: Any) -> None:
    """All that training is shown, written back by the generator, is the target letter by letter."""
    corpus_of(tmp_path, PAIRS)
    assert keeps_whitespace(tmp_path / "corpus")
    assert read_split(tmp_path / "corpus", "train")["target"].tolist() == LAID_OUT
    for name in ("vocabulary", "dataset"):
        (tmp_path / name).mkdir()
    section = VocabularySection(kind=kind, size=400, min_frequency=1)
    build_vocabulary(section, tmp_path / "corpus", tmp_path / "vocabulary", unwatched)
    encode_corpus(tmp_path / "corpus", tmp_path / "vocabulary", tmp_path / "dataset", unwatched)
    source, target = load_vocabularies(tmp_path / "vocabulary")
    generator = Generator(TorchBackend(untrained()), source, target, DecodingSection())
    _, targets = open_split(tmp_path / "dataset", "train")
    shown = [Hypothesis(targets[row].tolist(), 0.0) for row in range(len(LAID_OUT))]
    assert [answer.text for answer in generator.detokenize(shown)] == LAID_OUT
    assert "\n" not in "".join(generator.line([answer]) for answer in generator.detokenize(shown))


def untrained() -> EncoderDecoder:
    return fresh(plain_model(encoder_width=8, decoder_width=8))


def test_what_decides_where_nobody_says(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    plain = [(f"a {n}", f"b  {n} ") for n in range(200)]
    for name, pairs, fields, kept in [
        ("plain", plain, {}, False),
        ("few", [*plain, ("c", "d\u00a0e")], {}, False),
        ("many", [*plain[:100], *PAIRS], {}, True),
        ("fold", PAIRS, {"whitespace": "fold"}, False),
        ("keep", plain, {"whitespace": "keep"}, True),
    ]:
        (tmp_path / name).mkdir()
        caplog.clear()
        facts = corpus_of(tmp_path / name, pairs, **fields)
        assert facts["whitespace"] == ("keep" if kept else "fold"), name
        assert ("set it to keep" in caplog.text) == (name == "few"), name
    targets = read_split(tmp_path / "fold" / "corpus", "train")["target"]
    assert targets.tolist() == [" ".join(text.split()) for text in LAID_OUT]


def test_pairs_that_differ_in_white_space_alone_are_the_same(tmp_path: Path) -> None:
    pairs = [("a b", "c\nd"), ("a  b", "c d"), ("\u00a0a b", "e\tf"), (" \n", "g"), ("h", "\u00a0")]
    facts = corpus_of(tmp_path, pairs, whitespace="keep")
    assert facts["rejected"] == {"duplicate": 1, "empty source": 1, "empty target": 1}
    assert read_split(tmp_path / "corpus", "train")["source"].tolist() == ["a b", "\u00a0a b"]


@pytest.mark.parametrize("longest", [7, 20, 1000])
def test_running_text_keeps_its_indentation(longest: int) -> None:
    lines = ["def f(x):", "    if x:", "\treturn  x", "", "  ", "f(1) "]
    whole = "".join(f"{line}\n" for line in lines)
    passages = [passage for passage, _ in split_passages(lines, longest, keep=True)]
    assert restore_lines(" ".join(passages)) == whole
    assert " ".join(passages) == join_lines(whole, keep=True)
    assert restore_lines(join_lines(whole[:-1], keep=True)) == whole[:-1]


def test_a_turn_keeps_the_white_space_within_it() -> None:
    conversation = Conversation(3, "__eou__", 100, keep=True)
    assert conversation.split(" a\n  b __eou__ \u00a0 __eou__c\u00a0d ") == ["a\n  b", "c\u00a0d"]


def laid_out_checkpoint(folder: Path) -> Path:
    """A model whose first words are white space, whatever it learned."""
    from tests.decoding.test_backends import checkpoint

    folder.mkdir()
    made = checkpoint(folder)
    tokens = Vocabulary.load(made / VOCABULARY_FILES[0]).tokens
    found = read_generator(made)._search(ASKED, DecodingSection(beam_size=1), [0] * 3)
    written = dict.fromkeys(token for [each] in found for token in each.tokens)
    layout = ["\n", "\t", "\u00a0", "\u202f", MARK, "\u2028", "a", f"{MARK}a"]
    for place, token in zip([*written, *range(40, 60)], layout, strict=False):
        tokens[place] = token
    for file in VOCABULARY_FILES:
        Vocabulary.of_words(tokens, keep=True).save(made / file)
    return made


def test_a_batch_writes_what_the_model_answers(tmp_path: Path) -> None:
    made = laid_out_checkpoint(tmp_path / "made")
    (tmp_path / "ask.jsonl").write_text("\n".join(json.dumps({"source": text}) for text in TEXTS), encoding="utf-8")
    bulk = BatchInference("a model", made, open_input(tmp_path / "ask.jsonl", "auto", "source"), 10, 1000)
    generator = load_generator(made)
    table = pd.read_parquet(run_batch_inference(bulk, generator, tmp_path / "out", unwatched).folder)
    answers = [found[0].text for found in generator.answer(TEXTS, generator.decoding)]
    assert table["source"].tolist() == TEXTS
    assert table["prediction"].tolist() == answers
    assert any(set("\n\t\u00a0\u202f\u2028") & set(text) for text in answers)


def test_engines_read_and_write_it_too(tmp_path: Path) -> None:
    pytest.importorskip("ctranslate2")
    made = laid_out_checkpoint(tmp_path / "made")
    export(made, tmp_path / "fast", "ctranslate2")
    ours, theirs = read_generator(made), load_generator(tmp_path / "fast")
    assert [ours.source.decode([ids])[0] for ids in ours.encode(TEXTS)] == TEXTS
    decoding = DecodingSection(beam_size=1)
    found = [[answer.text for [answer] in each.answer(TEXTS, decoding)] for each in (ours, theirs)]
    assert found[0] == found[1]
    mine, engines = ([found.tokens for [found] in each._search(ASKED, decoding, [0] * 3)] for each in (ours, theirs))
    assert mine == engines
    assert any(set("\n\t\u00a0\u202f\u2028") & set(text) for text in theirs.target.decode(engines))
