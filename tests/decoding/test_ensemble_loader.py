"""Ensembles: averaged probabilities, by definition and against an exhaustive search."""

import itertools
from pathlib import Path

import pytest
import torch

from seqloom.dataset.padded_batch import pad_sources
from seqloom.decoding.beam_search import beam_search
from seqloom.decoding.confidence import TextConfidence, write_confidence
from seqloom.decoding.ensemble_loader import ensemble_of, export_ensemble, write_ensemble
from seqloom.decoding.explanation import explain, is_cheap
from seqloom.decoding.generator_loader import load_generator, load_together
from seqloom.decoding.hypothesis import SUPPRESSED_TOKENS
from seqloom.decoding.predictor import Predictor
from seqloom.errors import UserError
from seqloom.models.encoder_decoder import EncoderDecoder
from seqloom.models.ensemble import Ensemble, averaged
from seqloom.recipe.schema import DecodingSection, ModelSection
from seqloom.vocabulary.special_tokens import END, START
from tests.decoding.test_batch_independence import HOW, alike, in_any_company, words
from tests.decoding.test_language_model import checkpoint as language_model
from tests.decoding.test_lexical_constraints import translator
from tests.decoding.test_search import SOURCES, VOCABULARY, model_with_sharp_opinions
from tests.models.plain import plain_model
from tests.models.test_base_classes import fresh, over_writers
from tests.registry.tiny import write_checkpoint

PENALIZED = DecodingSection(beam_size=3, repetition_penalty=1.4, no_repeat_ngram=2)
TEXTS = ["a small dog", "", "dog dog dog ein Hund"]


def mean_probability(models: list[EncoderDecoder], source: list[int], tokens: list[int]) -> float:
    """Log-probability a token of a finished answer by averaged probabilities, computed without any search."""
    total, written = 0.0, [*tokens, END]
    for place, token in enumerate(written):
        shares = []
        for model in models:
            memory, _ = model.read(pad_sources([source]))
            state = model.start(memory)
            last = torch.tensor([START])
            for before in written[:place]:
                _, state = model.step(last, state, memory)
                last = torch.tensor([before])
            logits, _ = model.step(last, state, memory)
            shares.append(logits.detach().softmax(dim=1)[0, token])
        total += float(torch.stack(shares).mean().log())
    return total / len(written)


def test_a_wide_beam_finds_what_exhaustive_search_of_the_mean_finds() -> None:
    models = [model_with_sharp_opinions(seed=seed) for seed in (3, 4)]
    real = [token for token in range(VOCABULARY) if token not in (*SUPPRESSED_TOKENS, END)]
    answers = [list(a) for length in range(3) for a in itertools.product(real, repeat=length)]
    ensemble = Ensemble(models)
    found = beam_search(ensemble, *ensemble.read(pad_sources(SOURCES)), 40, 3, 1.0)
    for source, beam in zip(SOURCES, found, strict=True):
        figures = {tuple(tokens): mean_probability(models, source, tokens) for tokens in answers}
        best = max(figures, key=lambda tokens: figures[tokens])
        finished = [each for each in beam if not each.truncated]
        assert tuple(finished[0].tokens) == best
        assert finished[0].score == pytest.approx(figures[best], abs=1e-4)


def test_the_mean_is_of_probabilities_and_of_equals_each() -> None:
    one, other = torch.randn(4, 9), 3 * torch.randn(4, 9)
    torch.testing.assert_close(
        averaged([one, other]).softmax(dim=1), (one.softmax(dim=1) + other.softmax(dim=1)) / 2, atol=1e-6, rtol=1e-5
    )
    torch.testing.assert_close(averaged([other, other, other]), other, atol=1e-5, rtol=1e-5)


@over_writers
def test_with_itself_a_version_answers_as_it_does_alone(section: ModelSection) -> None:
    alone = translator()
    alone.backend.model = fresh(section)  # type: ignore[attr-defined]
    both = ensemble_of([alone, alone], ["a", "a"])
    texts = ["a e d", "b", "c c a b e"]
    for decoding in (HOW["greedy"], HOW["beam"], HOW["draw"], PENALIZED):
        for one, other in zip(alone.answer(texts, decoding), both.answer(texts, decoding), strict=True):
            alike(one, other)


def test_no_answer_of_an_ensemble_depends_on_its_neighbors() -> None:
    members = [translator(), translator()]
    members[1].backend.model = fresh(plain_model(encoder="transformer", decoder="transformer"))  # type: ignore[attr-defined]
    in_any_company(ensemble_of(members, ["a", "b"]), ["a e d", "b", "c c a b e"], HOW["beam"])


def test_a_folder_of_an_ensemble_is_a_model(tmp_path: Path) -> None:
    for name in ("a", "b", "both"):
        (tmp_path / name).mkdir()
    members = [write_checkpoint(tmp_path / "a"), write_checkpoint(tmp_path / "b", decoding={"max_length": 5})]
    write_confidence(TextConfidence(1, 1, 0), tmp_path / "a")
    write_ensemble(members, ["models:/a/1", "models:/b/2"], tmp_path / "both")
    folder, named = load_generator(tmp_path / "both"), load_together(members, ["a", "b"])
    assert folder.generate(TEXTS) == named.generate(TEXTS) == load_generator(tmp_path / "a").generate(TEXTS)
    assert named.confidence is folder.confidence is None
    assert Predictor.load(tmp_path / "both")(TEXTS, {})["prediction"] == folder.generate(TEXTS)
    assert not is_cheap(folder)
    with pytest.raises(UserError, match="explain one of its versions"):
        explain(folder, "a dog")


def test_an_ensemble_is_exported_whole_or_not_at_all(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    member = write_checkpoint(tmp_path / "a")
    export_ensemble([member, member], ["a", "a"], tmp_path / "new" / "both")
    assert load_generator(tmp_path / "new" / "both").generate(TEXTS) == load_generator(member).generate(TEXTS)
    assert [each.name for each in (tmp_path / "new").iterdir()] == ["both"]
    with pytest.raises(UserError, match="exists already"):
        export_ensemble([member, member], ["a", "a"], tmp_path / "new" / "both")
    with pytest.raises(UserError, match="both is an ensemble itself"):
        export_ensemble([tmp_path / "new" / "both", member], ["both", "a"], tmp_path / "more")
    assert not (tmp_path / "more").exists()


def test_language_models_answer_together(tmp_path: Path) -> None:
    folder = language_model(tmp_path / "m")
    alone, both = load_generator(folder), load_together([folder, folder], ["a", "a"])
    columns = [each.columns(each.answer(["ein", ""], each.decoding)) for each in (alone, both)]
    assert columns[0]["prediction"] == columns[1]["prediction"]
    assert columns[0]["log_probability"] == pytest.approx(columns[1]["log_probability"], abs=1e-4)


def test_what_does_not_go_together_is_one_sentence(tmp_path: Path) -> None:
    one, other = translator(), translator()
    other.target = words(30)
    with pytest.raises(UserError, match="models:/b/1 cannot answer together with models:/a/1: their target vocabular"):
        ensemble_of([one, other], ["models:/a/1", "models:/b/1"])
    with pytest.raises(UserError, match="their tasks differ; give versions of one task"):
        ensemble_of([one, load_generator(language_model(tmp_path / "m"))], ["a", "b"])
