"""Language models: continuation of text, and its log-probability."""

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from seqloom.dataset.padded_batch import make_batch
from seqloom.decoding import language_model
from seqloom.decoding.checkpoint_export import export
from seqloom.decoding.generator_loader import load_generator, read_generator
from seqloom.decoding.language_model import LanguageModel
from seqloom.decoding.predictor import Predictor
from seqloom.errors import UserError
from seqloom.models.model_factory import Sizes, build_model, save_checkpoint
from seqloom.recipe.recipe_json import write_recipe
from seqloom.vocabulary.special_tokens import VOCABULARY_FILES
from seqloom.vocabulary.tokenizer_trainers import train_vocabulary
from seqloom.vocabulary.word_counts import count_for
from tests.models.plain import plain_recipe

TEXT = ["the cat saw the dog ↵ the dog sat ↵ ↵ a cat, a dog! ↵"]
PROMPTS = ["the cat", "", "the dog sat\nthe", "a", "the cat saw the dog"]


def checkpoint(folder: Path, kind: str = "word", decoder: str = "lstm", text: list[str] = TEXT, **changes: Any) -> Path:
    """An untrained language model with opinions of its own."""
    folder.mkdir(exist_ok=True)
    tree = {
        "name": "tiny",
        "task": "generation",
        "corpus": {"train": ["text.txt"], "format": "running"},
        "vocabulary": {"kind": kind, "shared": True, "min_frequency": 1, "size": 400},
        "vectors": {"width": 8},
        "training": {"block_size": 4},
        "decoding": {"method": "sample", "max_length": 12},
        **changes,
    }
    tree["model"] = {"encoder": "none", "decoder": decoder, "decoder_width": 8, "heads": 2, **changes.get("model", {})}
    recipe = plain_recipe(tree)
    vocabulary = train_vocabulary(count_for(kind, text), recipe.vocabulary)
    for file in VOCABULARY_FILES:
        vocabulary.save(folder / file)
    torch.manual_seed(0)
    sizes = Sizes(len(vocabulary), len(vocabulary), 8, shared=True)
    model = build_model(recipe.model, sizes).eval()
    with torch.no_grad():
        model.output.weight.mul_(4.0)
    save_checkpoint(model, sizes, folder)
    write_recipe(recipe, folder)
    return folder


@pytest.fixture(scope="module", params=["word", "spaced", "char"])
def continuer(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> LanguageModel:
    made = read_generator(checkpoint(tmp_path_factory.mktemp("model"), request.param))
    assert isinstance(made, LanguageModel)
    return made


def test_prompt_and_answer_read_on(continuer: LanguageModel) -> None:
    """What was asked with the answer behind it has the tokens of the one and of the other."""
    answers = continuer.answer(PROMPTS, continuer.decoding)
    for prompt, [answer] in zip(PROMPTS, answers, strict=True):
        if any(token < 260 for token in answer.tokens) and len(continuer.source) > 260:
            continue  # bytes need not be a text
        [asked, whole] = continuer.encode([prompt, prompt + answer.text])
        assert whole == asked + answer.tokens or answer.text.endswith("\n")


def test_nothing_is_asked_and_texts_differ(continuer: LanguageModel) -> None:
    texts = [found[0].text for found in continuer.answer([""] * 12, continuer.decoding)]
    assert len(set(texts)) > 3
    assert all(text == text.strip(" ") for text in texts)
    again = [found[0].text for found in continuer.answer([""] * 5, continuer.decoding, range(3, 8))]
    assert again == texts[3:8]


def test_texts_are_as_likely_as_teacher_forcing_says(continuer: LanguageModel) -> None:
    """Of a text behind the end of a line, computed in one row without padding."""
    told = continuer.log_probabilities(PROMPTS)
    for prompt, figure in zip(PROMPTS, told, strict=True):
        [ids] = continuer.encode([prompt])
        [begin] = continuer.encode([""])
        batch = make_batch([np.zeros(0, dtype=np.int32)], [np.array(ids, dtype=np.int32)])
        scores = continuer.model.project(continuer.model(batch))[0].detach().log_softmax(dim=1)
        each = scores.gather(1, batch.target_output[0].unsqueeze(1))[len(begin) : len(ids)]
        assert figure == pytest.approx(float(each.sum()), abs=1e-4)
    assert told[1] == 0.0


def test_texts_are_scored_so_many_tokens_at_once(continuer: LanguageModel, monkeypatch: pytest.MonkeyPatch) -> None:
    """Padding counts too: the longest text of a batch decides how many there are."""
    chunks: list[list[int]] = []
    score = continuer._score

    def watched(texts: list[list[int]], known: int) -> list[float]:
        chunks.append([len(ids) for ids in texts])
        return score(texts, known)

    told = continuer.log_probabilities(PROMPTS)
    monkeypatch.setattr(language_model, "TOKENS_READ", 12)
    monkeypatch.setattr(continuer, "_score", watched)
    assert continuer.log_probabilities(PROMPTS) == pytest.approx(told, abs=1e-4)
    assert len(chunks) > 1
    assert all(len(lengths) == 1 or len(lengths) * max(lengths) <= 12 for lengths in chunks)


@torch.inference_mode()
def test_a_text_is_as_likely_as_its_parts(continuer: LanguageModel) -> None:
    """What comes next, over all tokens, adds up to one."""
    [ids] = continuer.encode(["the"])
    longer = [[*ids, token] for token in range(len(continuer.source))]
    known = len(continuer.encode([""])[0])
    figures = np.array(continuer._score(longer[1:], known))  # padding cannot be asked for
    [shorter] = continuer._score([ids], known)
    assert 0.5 < np.exp(figures - shorter).sum() <= 1.0 + 1e-6


@pytest.mark.parametrize("kind", ["word", "spaced", "char", "bpe"])
def test_a_word_that_is_not_known_has_to_be_spelt(tmp_path: Path, kind: str) -> None:
    model = read_generator(checkpoint(tmp_path / "m", kind))
    assert isinstance(model, LanguageModel)
    texts = ["the cat sat", "the cot sat", "the cot", "the strawberry sat", "", "the 天 sat"]
    told, spelt = model.log_probabilities(texts), model.spellings(texts)
    if kind in ("char", "bpe"):
        assert spelt == [0.0] * len(texts)
        return
    known, like, alone, unlike, nothing, foreign = spelt
    assert known == nothing == 0.0
    assert 0.0 > like == alone > foreign
    assert like > unlike
    symbol = model.log_probabilities(["the dot sat"])[0] - model.spellings(["the dot sat"])[0]
    assert told[1] - like == pytest.approx(symbol)
    assert told[3] - unlike == pytest.approx(symbol)


@torch.inference_mode()
def test_every_word_there_is_has_its_share_of_the_unknown_one(tmp_path: Path) -> None:
    """Spellings of all words add up to no more than one, so the whole is still a probability."""
    model = read_generator(checkpoint(tmp_path / "m"))
    assert isinstance(model, LanguageModel)
    words = {"".join(letters) for size in (1, 2, 3) for letters in itertools.product("acdehotw", repeat=size)}
    figures = model.spellings([f"a {word}" for word in sorted(words)])
    assert sum(np.exp([figure for figure in figures if figure < 0.0])) < 1.0


def test_a_model_of_fewer_words_does_not_foresee_them_better(tmp_path: Path) -> None:
    """Of two models that know nothing but how many words there are, the one of more words is the better."""
    figures = []
    for size in (8, 400):
        vocabulary = {"kind": "word", "shared": True, "min_frequency": 1, "size": size}
        model = read_generator(checkpoint(tmp_path / str(size), vocabulary=vocabulary))
        assert isinstance(model, LanguageModel)
        with torch.no_grad():
            model.model.output.weight.zero_()
        figures.append(sum(model.log_probabilities(["the cat saw the dog", "the dog sat", "a cat, a dog!"])))
    assert figures[0] < figures[1]


def test_the_sign_of_a_lines_end_is_as_good_as_the_end(continuer: LanguageModel) -> None:
    [[*signs], [*feeds], [*none]] = continuer.encode(["a dog ↵ ↵ sat ↵", "a dog\n\nsat\n", "a dog sat"])
    assert signs == feeds
    assert len(signs) > len(none)
    [begin] = continuer.encode([""])
    assert signs[: len(begin)] == begin


def test_answers_have_four_columns(continuer: LanguageModel) -> None:
    columns = Predictor(continuer, attentive=False)(PROMPTS, {"seed": 4})
    assert list(columns) == ["prediction", "truncated", "log_probability", "spelling"]
    assert columns["log_probability"] == continuer.log_probabilities(PROMPTS)
    lines = [continuer.line(found) for found in continuer.answer(PROMPTS, continuer.decoding)]
    assert all("\n" not in line for line in lines)


def test_nothing_is_certain_where_lines_have_no_end(tmp_path: Path) -> None:
    """The vocabulary has no sign of a line's end, so an empty text has no tokens at all."""
    folder = checkpoint(tmp_path / "m", text=["the cat saw the dog"])
    model = read_generator(folder)
    assert isinstance(model, LanguageModel)
    assert model.log_probabilities(["", ""]) == [0.0, 0.0]
    alone = model.log_probabilities(["the cat"])
    assert model.log_probabilities(["", "the cat"]) == [0.0, pytest.approx(alone[0], abs=1e-4)]


def test_a_long_text_is_read_as_a_whole(tmp_path: Path) -> None:
    model = read_generator(
        checkpoint(tmp_path / "m", corpus={"train": ["x"], "format": "running", "max_characters": 20})
    )
    assert isinstance(model, LanguageModel)
    long = "the cat saw " * 3000
    [whole, part] = model.log_probabilities([long, long[:20]])
    assert whole < 100 * part


@pytest.mark.parametrize("decoder", ["transformer", "cnn"])
def test_places_run_out_in_one_sentence(tmp_path: Path, decoder: str) -> None:
    folder = checkpoint(tmp_path / "m", decoder=decoder, model={"positions": "learned", "max_positions": 9})
    model = read_generator(folder)
    fits = "the cat saw the dog the cat"  # seven, the line's end, and START: one place is left for the first answer
    [[answer]] = model.answer([fits], model.decoding)
    assert len(answer.tokens) <= 1
    assert len(model.answer([""], model.decoding)[0][0].tokens) <= 8
    with pytest.raises(UserError, match="text 2 of 2 has 8 tokens, and this model has places for 7 to go on from"):
        model.answer(["a", f"{fits} saw"], model.decoding)


@pytest.mark.parametrize("decoder", ["lstm", "transformer", "cnn", "gru"])
def test_every_decoder_goes_on(tmp_path: Path, decoder: str) -> None:
    model = read_generator(checkpoint(tmp_path / "m", decoder=decoder, decoding={"beam_size": 2, "max_length": 5}))
    together = [found[0].text for found in model.answer(PROMPTS, model.decoding)]
    assert together == [model.answer([prompt], model.decoding)[0][0].text for prompt in PROMPTS]


def test_eight_bits_go_on_likewise(tmp_path: Path) -> None:
    folder = checkpoint(tmp_path / "m", model={"decoder_width": 128})
    export(folder, tmp_path / "small", "torch-int8")
    small, own = load_generator(tmp_path / "small"), read_generator(folder)
    assert isinstance(small, LanguageModel)
    assert isinstance(own, LanguageModel)
    assert small.log_probabilities(PROMPTS) == pytest.approx(own.log_probabilities(PROMPTS), rel=0.05, abs=0.2)
