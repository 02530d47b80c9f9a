"""Batch independence: an answer depends on text, decoding options and number alone, not on the rest of the batch."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from seqloom.dataset.length_limit import LengthLimit
from seqloom.dataset.padded_batch import make_batch
from seqloom.decoding.answers import Answer
from seqloom.decoding.backends import CTranslate2Backend
from seqloom.decoding.beam_search import beam_search
from seqloom.decoding.checkpoint_export import export
from seqloom.decoding.generator import Generator
from seqloom.decoding.generator_loader import load_generator, read_generator
from seqloom.decoding.greedy_search import greedy_search
from seqloom.decoding.hypothesis import SUPPRESSED_TOKENS
from seqloom.decoding.predictor import Predictor
from seqloom.decoding.torch_backend import TorchBackend
from seqloom.models.encoder_decoder import EncoderDecoder
from seqloom.recipe.schema import DecodingSection, ModelSection
from seqloom.vocabulary.special_tokens import END, MARK, SPECIAL_TOKENS
from seqloom.vocabulary.vocabulary import Vocabulary
from tests.decoding.test_language_model import checkpoint as language_model
from tests.models.plain import plain_model
from tests.models.test_base_classes import fresh, over_writers
from tests.registry.tiny import write_checkpoint

HOW = {
    "greedy": DecodingSection(beam_size=1),
    "beam": DecodingSection(beam_size=3),
    "draw": DecodingSection(method="sample", seed=3),
    "draws": DecodingSection(method="sample", num_samples=3, seed=3, temperature=1.5),
}
LENGTHS = (1, 6, 3)
over_ways = pytest.mark.parametrize("decoding", [pytest.param(how, id=name) for name, how in HOW.items()])


def restless(model: EncoderDecoder) -> EncoderDecoder:
    """A model that hardly ever ends by itself, and has opinions: what it writes is as long as it may be."""
    with torch.no_grad():
        model.output.weight.mul_(6.0)
        model.output.bias[END] = -20.0
    return model


def words(count: int) -> Vocabulary:
    tokens = [f"{MARK}{chr(ord('a') + number % 26)}{'b' * (number // 26)}" for number in range(count - 4)]
    return Vocabulary.of_words([*SPECIAL_TOKENS, *tokens])


def texts_of(vocabulary: Vocabulary) -> list[str]:
    names = [token.removeprefix(MARK) for token in vocabulary.tokens[len(SPECIAL_TOKENS) :]]
    return [" ".join(names[(5 * row + place) % len(names)] for place in range(n)) for row, n in enumerate(LENGTHS)]


def alike(one: list[Answer], other: list[Answer]) -> None:
    assert [(each.tokens, each.text, each.truncated) for each in one] == [
        (each.tokens, each.text, each.truncated) for each in other
    ]
    assert [each.score for each in one] == pytest.approx([each.score for each in other], abs=1e-4)


def in_any_company(generator: Generator, texts: list[str], decoding: DecodingSection) -> None:
    """Alone, all together, in another order, two at a time, and on another number of threads."""
    together = generator.answer(texts, decoding)
    pairs = generator.answer(texts, decoding.model_copy(update={"batch_size": 2}))
    threads = torch.get_num_threads()
    torch.set_num_threads(2 if threads == 1 else 1)
    try:
        threaded = generator.answer(texts, decoding)
    finally:
        torch.set_num_threads(threads)
    for row in range(len(texts)):
        alike(pairs[row], together[row])
        alike(threaded[row], together[row])
    backwards = generator.answer(texts[::-1], decoding, range(len(texts))[::-1])[::-1]
    for row, text in enumerate(texts):
        for company in (generator.answer([text], decoding, [row])[0], backwards[row]):
            alike(company, together[row])


@over_writers
@pytest.mark.parametrize("way", ["beam", "draws"])  # a draw and greedy search are written by one function
def test_the_batch_changes_nothing(section: ModelSection, way: str) -> None:
    decoding = HOW[way]
    model = restless(fresh(section))
    source, target = words(model.source_embedding.num_embeddings), words(model.output.out_features)
    places = section.max_positions - 1 if section.positions == "learned" else None
    generator = Generator(TorchBackend(model), source, target, decoding, tokens=places, limit=LengthLimit(1.0, 3.0))
    in_any_company(generator, texts_of(source), decoding)


@over_writers
def test_a_wide_beam_finds_the_best_of_all_answers_and_a_beam_of_one_is_greedy(section: ModelSection) -> None:
    """All answers of one token and of none, scored by teacher forcing; and greedy search of eight tokens."""
    model = restless(fresh(section))
    with torch.no_grad():
        model.output.bias[END] = 0.0
    source = torch.tensor([[7, 9, 5, END]])
    memory, prompt = model.read(source)
    real = [token for token in range(model.output.out_features) if token not in (*SUPPRESSED_TOKENS, END)]
    [beam] = beam_search(model, memory, prompt, (len(real) + 1) ** 2, 2, 1.0)  # room for all that reach the limit, too
    given = prompt[0].tolist()
    found = {tuple(each.tokens): each.score for each in beam if not each.truncated}
    scores = {tuple(answer): score_of(model, [7, 9, 5], given, answer) for answer in ([], *([token] for token in real))}
    best = max(scores, key=lambda answer: scores[answer])
    assert max(found, key=lambda answer: found[answer]) == best
    for answer, score in found.items():
        assert score == pytest.approx(scores[answer], abs=1e-3)
    narrow, greedy = beam_search(model, memory, prompt, 1, 8, 1.0), greedy_search(model, memory, prompt, 8, 1.0)
    assert narrow[0][0].tokens == greedy[0].tokens
    assert narrow[0][0].score == pytest.approx(greedy[0].score, abs=1e-4)


def score_of(model: EncoderDecoder, source: list[int], given: list[int], answer: list[int]) -> float:
    """Mean log-probability of an answer with its end, behind what is given, by teacher forcing."""
    both = [np.array(ids, dtype=np.int32) for ids in (source, [*given, *answer])]
    batch = make_batch([both[0]], [both[1]])
    with torch.inference_mode():
        scores = model.project(model(batch))[0].float().log_softmax(dim=1)
    wanted = scores.gather(1, batch.target_output[0].unsqueeze(1))[len(given) :]
    return float(wanted.sum()) / (len(answer) + 1)


@pytest.mark.parametrize("max_length", [6, 200])
def test_an_answer_is_as_long_as_its_own_limit_and_says_so(max_length: int) -> None:
    model, vocabulary = restless(fresh(plain_model(encoder_width=8, decoder_width=8))), words(29)
    generator = Generator(
        TorchBackend(model), vocabulary, words(31), DecodingSection(max_length=max_length), limit=LengthLimit(2.0, 3.5)
    )
    for method in HOW.values():
        decoding = method.model_copy(update={"max_length": max_length})
        answers = generator.answer(texts_of(vocabulary), decoding)
        lengths = [len(found[0].tokens) for found in answers]
        assert lengths == [min(max_length, 2 * length + 4) for length in LENGTHS]
        assert all(generator.columns(answers)["truncated"])
    with torch.no_grad():
        model.output.bias[END] = 1e4
    assert not any(generator.columns(generator.answer(["a", "b c"], decoding))["truncated"])


@over_ways
@pytest.mark.parametrize("decoder", ["transformer", "cnn"])
def test_prompts_share_no_places(tmp_path: Path, decoder: str, decoding: DecodingSection) -> None:
    """A prompt that fills a model's places leaves a shorter one what it has."""
    folder = language_model(tmp_path / "m", decoder=decoder, model={"positions": "learned", "max_positions": 20})
    generator = read_generator(folder)
    restless(generator.model)
    prompts = ["the cat", " ".join(["the cat saw a dog"] * 3), "", "a dog sat"]
    in_any_company(generator, prompts, decoding)
    found = [answers[0] for answers in generator.answer(prompts, decoding)]
    assert [answer.truncated for answer in found] == [True] * 4
    short = decoding.model_copy(update={"max_length": 3})
    asked_for = [answers[0].truncated for answers in generator.answer(prompts, short)]
    assert asked_for == [False] * 4, "these are as long as was asked for"


@pytest.mark.parametrize("backend", ["ctranslate2", "torch-int8"])
@pytest.mark.parametrize("beam_size", [1, 3])
def test_the_batch_changes_nothing_in_other_backends(tmp_path: Path, backend: Any, beam_size: int) -> None:
    if backend == "ctranslate2":
        pytest.importorskip("ctranslate2")
    from tests.decoding.test_backends import TEXTS, checkpoint

    (tmp_path / "made").mkdir()
    made = checkpoint(tmp_path / "made", feedforward_width=512)
    LengthLimit(0.5, 2.0).save(made)
    export(made, tmp_path / "backend", backend)
    generator, own = load_generator(tmp_path / "backend"), read_generator(made)
    assert generator.limit == own.limit == LengthLimit(0.5, 2.0)
    decoding = DecodingSection(beam_size=beam_size)
    texts = [TEXTS[row] for row in (8, 0, 3, 7, 1)]
    in_any_company(generator, texts, decoding)
    longest = [generator.limit.tokens(len(text.split())) for text in texts]
    answers = generator.answer(texts, decoding)
    assert [found[0].truncated for found in answers] == [
        len(found[0].tokens) >= most for found, most in zip(answers, longest, strict=True)
    ]
    assert any(found[0].truncated for found in answers)
    if beam_size == 1 and isinstance(generator.backend, CTranslate2Backend):
        expected = own.answer(texts, decoding)
        assert [found[0].tokens for found in answers] == [found[0].tokens for found in expected]


def test_requests_of_strangers_share_batches_and_nothing_else(tmp_path: Path) -> None:
    answering = Predictor.load(write_checkpoint(tmp_path))
    restless(answering.generator.model)
    one, other = ["dog", "a small dog"], ["a", "small " * 9]
    for how in ({"beam_size": 2}, {"method": "sample", "seed": 5}):
        alone = [answering(rows, {**how, "return_scores": True}) for rows in (one, other)]
        both = answering.generator.answer([*one, *other], answering._check(how).decoding, [0, 1, 0, 1])
        assert [found[0].text for found in both] == [text for columns in alone for text in columns["prediction"]]


def test_a_table_asked_in_pieces_is_drawn_as_a_whole(tmp_path: Path) -> None:
    answering = Predictor.load(write_checkpoint(tmp_path))
    rows, how = ["a small dog"] * 6, {"method": "sample", "seed": 5}
    whole = answering(rows, how)["prediction"]
    assert len(set(whole)) > 1
    pieces = [answering(rows[first : first + 2], {**how, "first_row": first})["prediction"] for first in (0, 2, 4)]
    assert [text for piece in pieces for text in piece] == whole


def test_a_beam_wider_than_there_are_answers_holds_only_possible_ones() -> None:
    model, vocabulary = restless(fresh(plain_model(encoder_width=8, decoder_width=8))), words(29)
    generator = Generator(TorchBackend(model), vocabulary, words(31), DecodingSection(beam_size=200, max_length=1))
    [found] = generator.answer(["a"], generator.decoding)
    assert len(found) == 31 - 3, "one token each, of those that may be written"
    assert all(each.score > -float("inf") for each in found)
    assert len({tuple(each.tokens) for each in found}) == len(found)
