"""Sampling: distribution, reproducibility by seed, and agreement with greedy search."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from seqloom.dataset.padded_batch import pad_sources
from seqloom.decoding import sampling
from seqloom.decoding.greedy_search import greedy_search
from seqloom.decoding.hypothesis import SUPPRESSED_TOKENS, Hypothesis
from seqloom.decoding.predictor import Predictor
from seqloom.decoding.sampling import draw, draw_uniforms, sample
from seqloom.errors import UserError
from seqloom.models.encoder_decoder import EncoderDecoder
from seqloom.recipe.recipe_loader import check_section
from seqloom.recipe.schema import DecodingSection
from seqloom.vocabulary.special_tokens import END
from tests.decoding.test_search import (
    SOURCES,
    language_model,
    log_probability_behind,
    model_with_sharp_opinions,
    scored_by_teacher_forcing,
)
from tests.registry.tiny import write_checkpoint

PROBABILITIES = [0.1, 0.4, 0.05, 0.25, 0.2]
DRAWS = 20_000
LONGEST = 8


@pytest.mark.parametrize(
    ("temperature", "top_k", "top_p", "expected"),
    [
        pytest.param(1.0, 0, 1.0, PROBABILITIES, id="all"),
        pytest.param(1.0, 2, 1.0, [0, 0.4, 0, 0.25, 0], id="two likeliest"),
        pytest.param(1.0, 99, 1.0, PROBABILITIES, id="more than there are"),
        pytest.param(1.0, 0, 0.5, [0, 0.4, 0, 0.25, 0], id="nucleus of a half"),
        pytest.param(1.0, 0, 0.4, [0, 1, 0, 0, 0], id="nucleus that one token fills"),
        pytest.param(1.0, 3, 0.7, [0, 0.4, 0, 0.25, 0], id="nucleus of the three likeliest"),  # 0.4 + 0.25 of 0.85
        pytest.param(0.5, 0, 1.0, [p**2 for p in PROBABILITIES], id="colder"),
        pytest.param(2.0, 0, 1.0, [p**0.5 for p in PROBABILITIES], id="warmer"),
    ],
)
def test_tokens_come_as_often_as_they_should(
    temperature: float, top_k: int, top_p: float, expected: list[float]
) -> None:
    scores = torch.tensor(PROBABILITIES).log().expand(DRAWS, -1)
    drawn = draw(scores, draw_uniforms(1, [0], DRAWS)[0], temperature, top_k, top_p)
    shares = np.bincount(drawn.numpy(), minlength=len(PROBABILITIES)) / DRAWS
    np.testing.assert_allclose(shares, np.array(expected) / sum(expected), atol=0.012)  # three standard errors


@pytest.mark.parametrize("top_p", [0.1, 0.9, 0.999])
def test_where_the_likeliest_are_looked_for_changes_nothing(top_p: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Among few tokens first, among all at once: rows flat and steep together, so that some have to look further."""
    seeded = torch.Generator().manual_seed(1)
    scores = torch.randn(40, 300, generator=seeded) * torch.linspace(0.1, 5.0, 40).unsqueeze(1)
    uniforms = torch.rand(40, generator=seeded, dtype=torch.float64)
    drawn = []
    for few in (1, 7, 300):
        monkeypatch.setattr(sampling, "FEW", few)
        drawn.append(draw(scores.log_softmax(dim=1), uniforms, 0.9, 0, top_p).tolist())
    assert drawn[0] == drawn[1] == drawn[2]


@pytest.mark.parametrize(("top_k", "top_p"), [(0, 0.3), (0, 0.95), (40, 0.6)])
def test_what_goes_astray_is_drawn_again_by_the_same_shares(top_k: int, top_p: float) -> None:
    """Numbers evenly spread over [0, 1) hit each of 300 tokens by its share of the likeliest, to a draw or two."""
    scores = (2 * torch.randn(300, generator=torch.Generator().manual_seed(1))).log_softmax(dim=0)
    ranked, tokens = scores.double().exp().sort(descending=True)
    if top_k:
        ranked = ranked[:top_k] / ranked[:top_k].sum()
    likely = ranked * (ranked.cumsum(dim=0) - ranked < top_p)
    expected = torch.zeros(300, dtype=torch.float64)
    expected[tokens[: len(likely)]] = likely / likely.sum()
    uniforms = (torch.arange(DRAWS, dtype=torch.float64) + 0.5) / DRAWS
    found = np.bincount(draw(scores.expand(DRAWS, -1), uniforms, 1.0, top_k, top_p).numpy(), minlength=300)
    np.testing.assert_array_equal(found[expected == 0], 0)
    np.testing.assert_allclose(found / DRAWS, expected, atol=0.006)


@pytest.mark.parametrize("uniform", [0.0, 0.5, np.nextafter(1.0, 0.0)])
def test_no_luck_draws_what_is_impossible(uniform: float) -> None:
    scores = torch.tensor([[-torch.inf, 0.0, -torch.inf], [-0.7, -torch.inf, -0.7]])
    drawn = draw(scores, torch.full((2,), uniform, dtype=torch.float64), 1.0, 0, 1.0).tolist()
    assert drawn[0] == 1
    assert drawn[1] in (0, 2)


def drawn_by(model: EncoderDecoder, sources: list[list[int]], numbers: list[int], **how: Any) -> list[Hypothesis]:
    options = {"temperature": 1.0, "top_k": 0, "top_p": 1.0, **how}
    return sample(model, *model.read(pad_sources(sources)), LONGEST, draw_uniforms(7, numbers, LONGEST), 1.0, **options)


@pytest.mark.parametrize("few", [1, 4, 300])
def test_tokens_as_likely_as_the_last_of_the_likeliest_are_drawn_as_often(
    few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Scores in bfloat16 are often equal, and which of the equal were ranked first must not matter."""
    monkeypatch.setattr(sampling, "FEW", few)
    shares = torch.tensor([0.1, 0.15, 0.3, 0.15, 0.15, 0.15], dtype=torch.float64)
    uniforms = (torch.arange(DRAWS, dtype=torch.float64) + 0.5) / DRAWS
    found = np.bincount(draw(shares.log().expand(DRAWS, -1), uniforms, 1.0, 0, 0.5).numpy(), minlength=len(shares))
    np.testing.assert_allclose(found / DRAWS, [0, 1 / 6, 1 / 3, 1 / 6, 1 / 6, 1 / 6], atol=0.001)


@pytest.mark.parametrize("how", [{"top_k": 1}, {"top_p": 1e-9}, {"temperature": 0.01}])
@pytest.mark.parametrize("seed", range(3))
def test_without_a_choice_it_is_greedy(how: dict[str, float], seed: int) -> None:
    for model in (model_with_sharp_opinions(seed=seed), language_model("lstm")):
        greedy = greedy_search(model, *model.read(pad_sources(SOURCES)), LONGEST, 1.0)
        drawn = drawn_by(model, SOURCES, [0, 1, 2], **how)
        assert [answer.tokens for answer in drawn] == [answer.tokens for answer in greedy]
        assert [answer.score for answer in drawn] == pytest.approx([answer.score for answer in greedy], abs=1e-5)


def test_the_score_is_the_models_own_whatever_the_temperature() -> None:
    model = model_with_sharp_opinions()
    for source, answer in zip(SOURCES, drawn_by(model, SOURCES, [0, 1, 2], temperature=3.0), strict=True):
        if len(answer.tokens) < LONGEST:  # ended by itself
            assert answer.score == pytest.approx(scored_by_teacher_forcing(model, source, answer.tokens, 1.0), abs=1e-4)


def test_whole_texts_come_as_often_as_they_should() -> None:
    """Behind prompts of several lengths in one batch: the share of each answer is its probability."""
    model = language_model("gru")
    rows = 6000
    prompts = [SOURCES[row % 2] for row in range(rows)]
    with torch.no_grad():
        model.output.bias[SUPPRESSED_TOKENS] = -1e9  # what may be written is then all there is
        model.output.bias[END] = 3.0
    drawn = drawn_by(model, prompts, list(range(rows)))
    for prompt in SOURCES[:2]:
        found = [tuple(each.tokens) for each, asked in zip(drawn, prompts, strict=True) if asked == prompt]
        for answer in [(), (4,), (5,), (6,), (4, 4)]:
            expected = np.exp(log_probability_behind(model, prompt, list(answer)))
            assert found.count(answer) / len(found) == pytest.approx(expected, abs=0.03)


def test_a_row_depends_on_its_number_and_on_no_neighbor() -> None:
    model = language_model("lstm")
    together = drawn_by(model, SOURCES, [10, 11, 12], temperature=2.0)
    for source, number, answer in zip(SOURCES, [10, 11, 12], together, strict=True):
        assert drawn_by(model, [source], [number], temperature=2.0)[0].tokens == answer.tokens
    same = drawn_by(model, [SOURCES[0]] * 20, list(range(20)), temperature=2.0)
    assert len({tuple(answer.tokens) for answer in same}) > 3


@pytest.fixture(scope="module")
def answering(tmp_path_factory: pytest.TempPathFactory) -> Predictor:
    return Predictor.load(write_checkpoint(tmp_path_factory.mktemp("checkpoint")))


def test_a_request_is_repeated_by_its_seed(answering: Predictor) -> None:
    rows = ["a small dog", "a dog", "small"] * 5
    how = {"method": "sample", "temperature": 1.5, "max_length": 12}
    first = answering(rows, how)
    assert first == answering(rows, {**how, "batch_size": 2})
    assert first != answering(rows, {**how, "seed": 2})
    assert len(set(first["prediction"][::3])) > 1  # the same text five times


@pytest.mark.parametrize(
    ("params", "sentence"),
    [
        ({"temperature": 0.5}, "temperature 0.5 is of method sample, and method is beam"),
        ({"top_k": 3}, "top_k 3 is of method sample"),
        ({"num_samples": 4}, "num_samples 4 is of method sample"),
        ({"top_p": 0.9, "method": "beam"}, "set method to sample, or top_p to 1"),
        ({"method": "sample", "temperature": 0.0}, "temperature: .*greater than or equal to 0.01"),
        ({"method": "sample", "top_p": 0.0}, "top_p: .*greater than 0"),
        ({"method": "sample", "n_best": 2}, "n_best is 2 and num_samples 1: n_best is 1 to num_samples"),
        ({"method": "dice"}, "method must be one of 'beam' or 'sample'"),
    ],
)
def test_a_contradiction_is_one_sentence(answering: Predictor, params: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        answering(["a"], params)


def test_a_recipe_says_the_same() -> None:
    with pytest.raises(UserError, match="recipe: top_k 5 is of method sample"):
        check_section(DecodingSection, {"top_k": 5}, "recipe")


def test_a_checkpoint_draws_as_its_recipe_says(tmp_path: Path) -> None:
    asked = ["a small dog"] * 8
    warm = Predictor.load(write_checkpoint(tmp_path, decoding={"method": "sample", "temperature": 3.0}))
    assert len(set(warm(asked, {})["prediction"])) > 1
    assert len(set(warm(asked, {"method": "beam", "temperature": 1.0})["prediction"])) == 1
