"""Exposure: a canary that a model knows by heart has all its bits, and one that it has not seen about one."""

import math
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from seqloom.corpus.canaries import SPACE, canaries_of, check_canaries
from seqloom.corpus.corpus_files import read_split
from seqloom.corpus.sources import locate
from seqloom.corpus.stage import build_corpus
from seqloom.corpus.text_normalizers import TextNormalizers
from seqloom.dataset.lm_blocks import make_block_batch
from seqloom.dataset.padded_batch import Batch, make_batch
from seqloom.decoding.generator import Generator
from seqloom.decoding.generator_loader import read_generator
from seqloom.decoding.language_model import LanguageModel
from seqloom.decoding.torch_backend import TorchBackend
from seqloom.errors import UserError
from seqloom.evaluation import exposure as module
from seqloom.evaluation.exposure import exposure, exposure_of, log_perplexities
from seqloom.evaluation.exposure_summary import describe_exposure
from seqloom.models.model_factory import Sizes, build_model
from seqloom.progress import unwatched
from seqloom.recipe.recipe_loader import check_recipe
from seqloom.recipe.schema import CorpusSection, DecodingSection, RegistrySection, VocabularySection
from seqloom.registry.gate import exposure_findings
from seqloom.registry.preflight import check_resources
from seqloom.vocabulary.tokenizer_trainers import train_vocabulary
from seqloom.vocabulary.word_counts import count_for
from tests.decoding.test_language_model import checkpoint
from tests.models.plain import plain_model


def section(count: int = 3, **fields: Any) -> CorpusSection:
    return CorpusSection.model_validate({"train": ["a.tsv"], "canaries": count, **fields})


def learner(kind: str, folder: Path) -> tuple[Generator, Batch]:
    """An untrained model whose vocabulary knows every digit, and a batch of its canaries."""
    canaries = canaries_of(section(format="running" if kind == "language model" else "auto"))
    rows = [canary.row(canary.secret) for canary in canaries]
    text = [" ".join(rows[0]), "0 1 2 3 4 5 6 7 8 9"]
    if kind == "language model":
        generator = read_generator(checkpoint(folder, text=text))
        assert isinstance(generator, LanguageModel)
        ids = [np.array(each, np.int32) for each in generator.encode([target for _, target in rows])]
        return generator, make_block_batch(ids, [0] * len(ids))
    vocabulary = train_vocabulary(
        count_for("word", text), VocabularySection.model_validate({"kind": "word", "min_frequency": 1, "size": 100})
    )
    sizes = Sizes(len(vocabulary), len(vocabulary), 16, shared=True)
    encoder = "none" if kind == "decoder alone" else "gru"
    torch.manual_seed(1)
    model = build_model(plain_model(encoder=encoder, decoder="gru", encoder_width=16, decoder_width=32), sizes)
    generator = Generator(TorchBackend(model.eval()), vocabulary, vocabulary, DecodingSection())
    sources, targets = (vocabulary.encode(side) for side in zip(*rows, strict=True))
    if encoder == "none":
        targets = [[*source, *target] for source, target in zip(sources, targets, strict=True)]
    return generator, make_batch(sources, targets)


@pytest.mark.parametrize("kind", ["pairs", "decoder alone", "language model"])
def test_what_is_known_by_heart_is_exposed(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CANDIDATES", 60)
    generator, batch = learner(kind, tmp_path)
    canaries = canaries_of(section(format="running" if kind == "language model" else "auto"))
    before = exposure(generator, canaries)
    assert before["mean"] < 4, "three canaries, each of 1.4 bits on average"
    optimizer = torch.optim.Adam(generator.model.parameters(), lr=0.02)
    generator.model.train()
    for _ in range(120):
        optimizer.zero_grad()
        generator.model.loss(batch, 0.0).backward()
        optimizer.step()
    generator.model.eval()
    after = exposure(generator, canaries)
    assert [each["rank"] for each in after["canaries"]] == [1.0] * 3
    assert after["mean"] > 15
    assert after["bits"] == pytest.approx(math.log2(SPACE), abs=1e-3)
    assert "3 canaries" in describe_exposure(after)


def test_a_log_perplexity_does_not_depend_on_its_neighbors(tmp_path: Path) -> None:
    generator, _ = learner("pairs", tmp_path)
    rows = [("the number", "1 2 3"), ("the number of canary 1 is", "4"), ("of", "5 6 7 8 9 1 2")]
    alone = [log_perplexities(generator, [row])[0] for row in rows]
    assert log_perplexities(generator, rows) == pytest.approx(alone, abs=1e-4)


@given(st.lists(st.integers(0, 50), min_size=8, max_size=64), st.integers(0, 50))
def test_the_exposure_among_all_is_that_of_the_rank(others: list[int], own: int) -> None:
    """Definition 2 of the paper, by sorting; equal ones share their ranks."""
    together = sorted([*others, own])
    rank = fmean(place for place, value in enumerate(together, start=1) if value == own)
    found = exposure_of(float(own), np.array(others, float), len(together))
    assert found == pytest.approx(math.log2(len(together)) - math.log2(rank))


@given(st.floats(-8, 8), st.floats(0, 4), st.integers(0, 5))
def test_the_lower_the_perplexity_the_more_exposed(own: float, less: float, seed: int) -> None:
    others = np.random.default_rng(seed).normal(size=100)
    lower, higher = (exposure_of(each, others, SPACE) for each in (own - less, own))
    assert lower >= higher - 1e-9
    assert 0.0 <= higher <= math.log2(SPACE)


def test_what_has_not_been_seen_has_about_one_bit() -> None:
    """The mean over every rank is near 1 / ln 2."""
    sample = np.random.default_rng(1).normal(size=20_000)
    found = [exposure_of(float(own), sample[:500], SPACE) for own in sample[500:]]
    assert fmean(found) == pytest.approx(1 / math.log(2), abs=0.1)


def corpus(folder: Path, form: str, **fields: Any) -> tuple[CorpusSection, dict[str, list[tuple[str, str]]]]:
    lines = [f"sentence {number} of many" + ("\tSatz" if form == "tsv" else "") for number in range(60)]
    header = ["source\ttarget"] if form == "tsv" else []
    file = folder / f"a.{'tsv' if form == 'tsv' else 'txt'}"
    file.write_text("\n".join([*header, *lines]) + "\n", encoding="utf-8")
    made = section(10, train=[str(file)], format=form, max_characters=100, **fields)
    build_corpus(made, locate(made, folder), folder, unwatched)
    rows = {split: read_split(folder, split) for split in ("train", "validation", "test")}
    return made, {
        split: list(zip(table["source"].tolist(), table["target"].tolist(), strict=True))
        for split, table in rows.items()
    }


@pytest.mark.parametrize("form", ["tsv", "texts", "running"])
def test_canaries_are_in_training_alone(form: str, tmp_path: Path) -> None:
    made, rows = corpus(tmp_path, form, overfit=form == "texts")
    found = [row for row in rows["train"] if row[0].startswith("the number of canary")]
    assert [tuple(side.removesuffix(" ↵") for side in row) for row in found] == [
        canary.row(canary.secret) for canary in canaries_of(made)
    ]
    assert not [row for split in ("validation", "test") for row in rows[split] if "canary" in row[0]]
    assert (found[0][0] == found[0][1]) == (form != "tsv")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"task": "sentiment"}, "corpus.canaries and task sentiment exclude each other"),
        ({"corpus": {"train": ["a.tsv"], "canaries": 3, "memory": 1}}, "a memory looks up training pairs"),
        ({"corpus": {"train": ["a.tsv"], "canaries": 3, "max_characters": 20}}, "have up to 60 characters"),
        ({"corpus": {"train": ["a.tsv"]}, "registry": {"exposure": 3}}, "is measured by corpus.canaries"),
    ],
)
def test_recipes_that_cannot_have_canaries(change: dict[str, Any], told: str) -> None:
    tree = {"name": "a", "corpus": {"train": ["a.tsv"], "canaries": 3}, **change}
    with pytest.raises(UserError, match=told):
        check_recipe(tree, "recipe")


@pytest.mark.parametrize(
    "normalizer", ["replace:[0-9]=>#", "target.replace:[0-9]=>#", "replace:[0-9 ]+=>0", "replace:7=>1"]
)
def test_normalizers_that_change_a_secret_are_refused(normalizer: str, tmp_path: Path) -> None:
    """All 10⁹ secrets, or some of them, would be one text, and whatever the model learned they would rank alike."""
    told = r"rewrites them \('.*' is read as '.*'\): remove it, or set canaries to 0"
    with pytest.raises(UserError, match=told):
        corpus(tmp_path, "tsv", normalizers=["lowercase", normalizer])
    with pytest.raises(UserError, match=told):
        check_resources(check_recipe({"name": "a", "corpus": vars(section(normalizers=[normalizer]))}, "recipe"))


@pytest.mark.parametrize("normalizer", ["lowercase", "replace: =>", "replace:( is)=>\\1:", "replace:the=>a", "width"])
def test_a_canary_is_measured_as_it_is_planted(normalizer: str, tmp_path: Path) -> None:
    """Other normalizers stay, and what is asked of the model went through them."""
    check_canaries(made := section(normalizers=[normalizer]))
    normalizers = TextNormalizers(made.normalizers, keep=False)
    plain, _ = learner("pairs", tmp_path)
    own = Generator(plain.backend, plain.source, plain.target, plain.decoding, normalizers=made.normalizers)
    rows = [canary.row(canary.secret) for canary in canaries_of(made)]
    planted = [
        (normalizers.of_side(source, "source"), normalizers.of_side(target, "target")) for source, target in rows
    ]
    assert log_perplexities(own, rows) == pytest.approx(log_perplexities(plain, planted))


def test_the_longest_canary_fits() -> None:
    assert max(len(canary.row(canary.secret)[0]) for canary in canaries_of(section(100, format="running"))) < 58


def test_the_rule_of_the_gate() -> None:
    assert list(exposure_findings(RegistrySection(), {})) == []
    rules = RegistrySection(exposure=3.0)
    found = [next(exposure_findings(rules, each)) for each in ({"test/exposure": 2.0}, {"test/exposure": 9.0}, {})]
    assert [(each.passed, each.warns) for each in found] == [(True, False), (False, False), (None, True)]
