"""Modified Kneser-Ney: a case worked by hand, probabilities that sum to one, and samples that follow them."""

import numpy as np
import pytest

from seqloom.corpus.running_text import LINE_END
from seqloom.evaluation.kneser_ney_baseline import WordModel, split_words
from seqloom.vocabulary.kneser_ney import FALLBACK, UNSEEN, KneserNey, _discounts

A, B, C = range(3)
TEXT = np.array([A, B, A, C, A, B, B])


def test_a_case_worked_by_hand() -> None:
    """Bigrams of `a b a c a b b`; so small a text has the fallback's discounts 0.5, 1 and 1.5.

    Pairs: ab 2, ba 1, ac 1, ca 1, bb 1. Tokens before a: b, c; before b: a, b; before c: a. So they count 2, 2 and 1
    of 5, and give away 1 + 1 + 0.5 = 2.5: p(a) = 1/5 + 2.5/5 x 1/4 = 0.325, p(c) = 0.5/5 + 0.125 = 0.225, and the
    unknown one has 0.125. Behind a stand b twice and c once: 1 + 0.5 = 1.5 of 3 is given away, so p(b | a) = 1/3 +
    0.5 x 0.325 and p(a | a) = 0.5 x 0.325.
    """
    model = KneserNey(TEXT, 3, order=2)

    def chance(before: int, token: int) -> float:
        return float(np.exp(model.log_probabilities(np.array([before, token]))[1]))

    assert np.exp(model.log_probabilities(np.array([A]))) == pytest.approx(0.325)
    assert np.exp(model.log_probabilities(np.array([C]))) == pytest.approx(0.225)
    assert np.exp(model.log_probabilities(np.array([UNSEEN]))) == pytest.approx(0.125)
    assert chance(A, B) == pytest.approx(1 / 3 + 0.5 * 0.325)
    assert chance(A, A) == pytest.approx(0.5 * 0.325)
    assert chance(A, UNSEEN) == pytest.approx(0.5 * 0.125)
    assert chance(UNSEEN, A) == pytest.approx(0.325)  # nothing is known of what stands behind it
    assert chance(C, A) == pytest.approx(0.5 + 0.5 * 0.325)


def test_discounts_follow_from_how_many_occur_how_often() -> None:
    counts = np.repeat([1.0, 2.0, 3.0, 4.0, 9.0], [10, 5, 3, 2, 7])
    share = 10 / (10 + 2 * 5)
    expected = (1 - 2 * share * 5 / 10, 2 - 3 * share * 3 / 5, 3 - 4 * share * 2 / 3)
    assert _discounts(counts) == pytest.approx(expected)
    assert _discounts(counts[:10]) == FALLBACK


@pytest.mark.parametrize("order", [1, 2, 3, 5])
def test_probabilities_sum_to_one_behind_anything(order: int) -> None:
    random = np.random.default_rng(0)
    text = random.choice(12, size=3000, p=random.dirichlet(np.ones(12)))
    model = KneserNey(text, 12, order)
    for history in ([], [3], [1, 2], [UNSEEN, 5], [5, UNSEEN], [0, 1, 2, 3, 4, 5], text[-4:].tolist()):
        figures = [model.log_probabilities(np.array([*history, token]))[-1] for token in [*range(12), UNSEEN]]
        assert np.exp(figures).sum() == pytest.approx(1.0)


def test_a_longer_memory_foresees_what_a_short_one_cannot() -> None:
    text = np.array([0, 0, 1, 1] * 200)  # two tokens decide the next one, one does not
    losses = [-KneserNey(text, 2, order).log_probabilities(text)[5:].mean() for order in (1, 2, 3)]
    assert losses[0] == pytest.approx(np.log(2), abs=0.1)
    assert losses[1] == pytest.approx(np.log(2), abs=0.1)
    assert losses[2] < 0.1


def test_draws_come_as_often_as_they_should() -> None:
    model, random = KneserNey(TEXT, 3, order=3), np.random.default_rng(0)
    drawn = np.bincount([model.draw(np.array([B, A]), random) for _ in range(6000)], minlength=3) / 6000
    figures = np.exp([model.log_probabilities(np.array([B, A, token]))[-1] for token in (A, B, C)])
    np.testing.assert_allclose(drawn, figures / figures.sum(), atol=0.05)  # the unknown one is shared out


PASSAGES = [f"the cat saw the dog {LINE_END}", f"a dog sat {LINE_END} the cat sat {LINE_END}"] * 20


def test_a_word_model_writes_any_text() -> None:
    model = WordModel(PASSAGES)
    known, unknown, foreign = (
        model.log_probabilities([f"the {word} sat {LINE_END}"])[0] for word in ("dog", "dot", "天气")
    )
    assert known > unknown > foreign > -np.inf


def test_passages_follow_each_other() -> None:
    model = WordModel(PASSAGES)
    [first, second] = model.log_probabilities(PASSAGES[:2])
    [whole] = model.log_probabilities([" ".join(PASSAGES[:2])])
    assert first + second == pytest.approx(whole)


def test_spellings_of_all_words_are_one_distribution() -> None:
    model = WordModel(["ab ba a b aab"])
    words = [word for size in range(9) for word in _words("ab", size)]
    assert 0.5 < sum(np.exp(model.spelling.log_probability(word)) for word in words) <= 1.0


def _words(letters: str, size: int) -> list[str]:
    return [""] if size == 0 else [letter + rest for letter in letters for rest in _words(letters, size - 1)]


def test_it_writes_words_of_its_text() -> None:
    written = WordModel(PASSAGES).write(PASSAGES[0], 30, np.random.default_rng(1))
    assert len(split_words(written)) == 30
    assert set(split_words(written)) <= set(split_words(" ".join(PASSAGES)))


def test_words_are_cut_at_spaces_and_characters_of_chinese() -> None:
    assert split_words(f"n't <unk> 500-stock 天气 ok好 {LINE_END}") == [
        "n't", "<unk>", "500-stock", "天", "气", "ok", "好", LINE_END,
    ]  # fmt: skip


def test_an_unknown_word_costs_its_letters_too() -> None:
    """As words two that were never seen are one and the same; what sets them apart is how they are spelt."""
    model = WordModel(PASSAGES)
    words = ("dot", "saw-dog", "zzz")
    figures = [model.log_probabilities([f"the {word} sat {LINE_END}"])[0] for word in words]
    spellings = [model.spelling.log_probability(word) for word in words]
    assert np.diff(figures) == pytest.approx(np.diff(spellings))
    assert spellings == sorted(spellings, reverse=True), "letters in an order that was seen are the likelier ones"
    unspelt = model.ngrams.log_probabilities(np.array([model.numbers[LINE_END], model.numbers["the"], UNSEEN]))[2]
    known = model.ngrams.log_probabilities(np.array([model.numbers[word] for word in (LINE_END, "the")]))[1]
    [dot] = model.log_probabilities(["the dot"])
    assert dot == pytest.approx(known + unspelt + model.spelling.log_probability("dot"))


def test_letters_that_no_word_had_share_one_chance() -> None:
    letters = WordModel(PASSAGES).spelling
    one, two = letters.log_probability("d天"), letters.log_probability("d气")
    assert one == two
    unseen = letters.ngrams.log_probabilities(np.array([letters.characters[" "], letters.characters["d"], UNSEEN]))[2]
    spelt = letters.ngrams.log_probabilities(np.array([letters.characters[" "], letters.characters["d"]]))[1]
    end = letters.ngrams.log_probabilities(np.array([UNSEEN, letters.characters[" "]]))[1]
    assert one == pytest.approx(spelt + unseen - np.log(0x110000) + end)
