"""Greedy and beam search against an exhaustive search, over a model small enough for one."""

import itertools

import numpy as np
import pytest
import torch
from torch import Tensor

from seqloom.dataset.padded_batch import make_batch, pad_sources
from seqloom.decoding.beam_search import beam_search
from seqloom.decoding.greedy_search import greedy_search
from seqloom.decoding.hypothesis import SUPPRESSED_TOKENS
from seqloom.models.base_classes import State
from seqloom.models.encoder_decoder import EncoderDecoder
from seqloom.models.encoder_memory import Memory
from seqloom.models.model_factory import Sizes, build_model
from seqloom.vocabulary.special_tokens import END
from tests.models.plain import plain_model

VOCABULARY = 7  # four special tokens and three real ones
LONGEST = 4
SOURCES = [[4, 5, 6], [6], [5, 5, 4, 4, 6]]


def model_with_sharp_opinions(attention: str = "additive", seed: int = 3) -> EncoderDecoder:
    torch.manual_seed(seed)
    model = build_model(
        plain_model(attention=attention, encoder_width=8, decoder_width=8, dropout=0.0),
        Sizes(VOCABULARY, VOCABULARY, 8, False),
    ).eval()
    with torch.no_grad():
        model.output.weight.mul_(12.0)
    return model


def scored_by_teacher_forcing(model: EncoderDecoder, source: list[int], tokens: list[int], penalty: float) -> float:
    """Log-probability over length ** penalty of a finished answer, computed without any search."""
    batch = make_batch([np.array(source, dtype=np.int32)], [np.array(tokens, dtype=np.int32)])
    logits = model.project(model(batch))[0].detach()  # (T, V)
    scores = logits.log_softmax(dim=1).gather(1, batch.target_output[0].unsqueeze(1)).sum()
    return float(scores) / (len(tokens) + 1) ** penalty


@pytest.mark.parametrize("penalty", [0.0, 0.6, 1.0])
def test_a_wide_beam_finds_what_exhaustive_search_finds(penalty: float) -> None:
    model = model_with_sharp_opinions()
    real = [token for token in range(VOCABULARY) if token not in (*SUPPRESSED_TOKENS, END)]
    answers = [list(a) for length in range(LONGEST) for a in itertools.product(real, repeat=length)]
    beams = beam_search(model, *model.read(pad_sources(SOURCES)), 60, LONGEST, penalty)
    for source, beam in zip(SOURCES, beams, strict=True):
        best = max(answers, key=lambda tokens: scored_by_teacher_forcing(model, source, tokens, penalty))
        finished = [hypothesis for hypothesis in beam if len(hypothesis.tokens) < LONGEST]
        assert finished[0].tokens == best
        assert finished[0].score == pytest.approx(scored_by_teacher_forcing(model, source, best, penalty), abs=1e-4)


@pytest.mark.parametrize("attention", ["none", "additive", "multiplicative"])
@pytest.mark.parametrize("seed", range(5))
def test_a_beam_of_one_is_greedy(attention: str, seed: int) -> None:
    model = model_with_sharp_opinions(attention, seed)
    source = pad_sources(SOURCES)
    greedy = greedy_search(model, *model.read(source), 8, 1.0)
    beams = beam_search(model, *model.read(source), 1, 8, 1.0)
    assert [beam[0].tokens for beam in beams] == [answer.tokens for answer in greedy]
    assert [beam[0].score for beam in beams] == pytest.approx([answer.score for answer in greedy], abs=1e-5)


@pytest.mark.parametrize("size", [2, 4])
def test_neighbors_in_the_batch_change_nothing(size: int) -> None:
    model = model_with_sharp_opinions()
    together = beam_search(model, *model.read(pad_sources(SOURCES)), size, 8, 1.0)
    for source, beam in zip(SOURCES, together, strict=True):
        alone = beam_search(model, *model.read(pad_sources([source])), size, 8, 1.0)[0]
        assert [h.tokens for h in beam] == [h.tokens for h in alone]
        assert [h.score for h in beam] == pytest.approx([h.score for h in alone], abs=1e-4)


def test_beams_come_best_first_and_differ() -> None:
    model = model_with_sharp_opinions()
    for beam in beam_search(model, *model.read(pad_sources(SOURCES)), 5, 8, 1.0):
        scores = [hypothesis.score for hypothesis in beam]
        assert scores == sorted(scores, reverse=True)
        assert len({tuple(hypothesis.tokens) for hypothesis in beam}) == len(beam)


def test_tokens_that_stand_for_no_text_are_never_written() -> None:
    model = model_with_sharp_opinions()
    with torch.no_grad():
        model.output.bias[SUPPRESSED_TOKENS] = 100.0
    for beam in beam_search(model, *model.read(pad_sources(SOURCES)), 3, 8, 1.0):
        assert not {token for hypothesis in beam for token in hypothesis.tokens} & {*SUPPRESSED_TOKENS, END}
    assert all(
        not set(answer.tokens) & {*SUPPRESSED_TOKENS, END}
        for answer in greedy_search(model, *model.read(pad_sources(SOURCES)), 8, 1.0)
    )


def language_model(decoder: str) -> EncoderDecoder:
    torch.manual_seed(1)
    section = plain_model(encoder="none", decoder=decoder, decoder_width=8, heads=2, feedforward_width=8, dropout=0.0)
    model = build_model(section, Sizes(VOCABULARY, VOCABULARY, 8, True)).eval()
    with torch.no_grad():
        model.output.weight.mul_(12.0)
    return model


def log_probability_behind(model: EncoderDecoder, prompt: list[int], tokens: list[int]) -> float:
    """Of a finished answer behind a prompt, computed without any search."""
    batch = make_batch([np.zeros(0, dtype=np.int32)], [np.array(prompt + tokens, dtype=np.int32)])
    scores = model.project(model(batch))[0].detach().log_softmax(dim=1)
    return float(scores.gather(1, batch.target_output[0].unsqueeze(1))[len(prompt) :].sum())


@pytest.mark.parametrize("decoder", ["transformer", "lstm", "cnn"])
def test_without_an_encoder_the_answer_goes_on_from_the_source(decoder: str) -> None:
    """Prompts of several lengths in one batch, none of them counted or returned."""
    model = language_model(decoder)
    prompts = [*SOURCES, []]
    real = [token for token in range(VOCABULARY) if token not in (*SUPPRESSED_TOKENS, END)]
    answers = [list(a) for length in range(LONGEST) for a in itertools.product(real, repeat=length)]
    beams = beam_search(model, *model.read(pad_sources(prompts)), 60, LONGEST, 1.0)
    for prompt, beam in zip(prompts, beams, strict=True):
        figures = {tuple(a): log_probability_behind(model, prompt, a) / (len(a) + 1) for a in answers}
        best = max(figures, key=lambda answer: figures[answer])
        finished = [hypothesis for hypothesis in beam if len(hypothesis.tokens) < LONGEST]
        assert finished[0].tokens == list(best)
        assert finished[0].score == pytest.approx(figures[best], abs=1e-4)


@pytest.mark.parametrize("decoder", ["transformer", "gru", "cnn"])
def test_a_beam_of_one_is_greedy_behind_a_prompt(decoder: str) -> None:
    model = language_model(decoder)
    source = pad_sources([*SOURCES, []])
    greedy = greedy_search(model, *model.read(source), 8, 1.0)
    beams = beam_search(model, *model.read(source), 1, 8, 1.0)
    assert [beam[0].tokens for beam in beams] == [answer.tokens for answer in greedy]
    assert [beam[0].score for beam in beams] == pytest.approx([answer.score for answer in greedy], abs=1e-5)


@pytest.mark.parametrize("size", [1, 3])
def test_neighbors_with_longer_prompts_change_nothing(size: int) -> None:
    """Nor how long an answer may be: in four tokens hardly one of these finds its end."""
    model = language_model("transformer")
    with torch.no_grad():
        model.output.bias[END] = -5.0
    prompts = [*SOURCES, []]
    together = beam_search(model, *model.read(pad_sources(prompts)), size, LONGEST, 1.0)
    greedy = greedy_search(model, *model.read(pad_sources(prompts)), LONGEST, 1.0)
    for prompt, beam, answer in zip(prompts, together, greedy, strict=True):
        alone = beam_search(model, *model.read(pad_sources([prompt])), size, LONGEST, 1.0)[0]
        assert [h.tokens for h in beam] == [h.tokens for h in alone]
        assert [h.score for h in beam] == pytest.approx([h.score for h in alone], abs=1e-4)
        assert answer.tokens == greedy_search(model, *model.read(pad_sources([prompt])), LONGEST, 1.0)[0].tokens


@pytest.mark.parametrize("decoder", ["transformer", "lstm", "cnn"])
def test_what_all_hypotheses_of_a_source_begin_with_is_computed_once(
    decoder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = language_model(decoder)
    rows: list[int] = []
    step = model.step

    def counted(token: Tensor, state: State, memory: Memory) -> tuple[Tensor, State]:
        rows.append(len(token))
        return step(token, state, memory)

    monkeypatch.setattr(model, "step", counted)
    prompts = [[4, 5, 6, 4, 5], [5, 5, 4, 4, 6, 6]]
    beam_search(model, *model.read(pad_sources(prompts)), 3, LONGEST, 1.0)
    assert rows[0] == len(prompts)
    assert len(rows) <= 1 + LONGEST  # a token of the longer prompt is one step
