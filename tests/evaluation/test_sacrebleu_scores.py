import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqloom.evaluation.sacrebleu_scores import METRICS, bleu_tokenization, sentence_chrf, text_scores

GERMAN = ["Ein Mann schläft in einem grünen Raum.", "Zwei Hunde laufen über die Wiese.", "Ein Kind isst Eis."]
CHINESE = ["一名男子在绿色的房间里睡觉。", "两只狗跑过草地。", "一个孩子在吃冰淇淋。"]

texts = st.lists(st.text("ab cde", max_size=20), min_size=1, max_size=8)


@pytest.mark.parametrize(
    ("language", "tokenization"),
    [
        ("de", "13a"),
        ("", "13a"),
        ("zh", "zh"),
        ("zh-TW", "zh"),
        ("ZH_cn", "zh"),
        ("zho", "zh"),
        ("cmn", "zh"),
        ("Chinese", "zh"),
        ("yue", "char"),
        ("tha", "char"),
        ("lo", "char"),
        ("km", "char"),
        ("my", "char"),
        ("bo", "char"),
        ("und-Thai", "char"),
        ("und-Hani", "zh"),
        ("ja", "char"),
        ("ko", "char"),
        ("zho-like", "13a"),
    ],
)
def test_bleu_is_cut_by_target_language(language, tokenization, monkeypatch):
    monkeypatch.setattr("seqloom.evaluation.sacrebleu_scores.find_spec", lambda _: None)
    assert bleu_tokenization(language) == tokenization


def test_japanese_and_korean_are_cut_into_words_where_mecab_is_installed(monkeypatch):
    monkeypatch.setattr("seqloom.evaluation.sacrebleu_scores.find_spec", lambda _: object())
    assert bleu_tokenization("ja") == "ja-mecab"
    assert bleu_tokenization("ko") == "ko-mecab"


@pytest.mark.parametrize(("language", "references"), [("de", GERMAN), ("zh", CHINESE)])
def test_perfect_hypotheses_score_100(language, references):
    scores = text_scores(METRICS, references, references, language)
    assert {name: score.value for name, score in scores.items()} == pytest.approx({"bleu": 100, "chrf": 100, "ter": 0})


@pytest.mark.parametrize(("language", "tokenization"), [("de", "tok:13a"), ("zh", "tok:zh")])
def test_signatures_say_how(language, tokenization):
    scores = text_scores(METRICS, GERMAN, GERMAN, language)
    assert tokenization in scores["bleu"].signature
    assert "version:2." in scores["bleu"].signature
    assert "nc:6|nw:0" in scores["chrf"].signature


def test_chinese_is_not_one_word_a_sentence():
    half = [text[: len(text) // 2] + "猫" for text in CHINESE]
    assert text_scores(METRICS, half, CHINESE, "zh")["bleu"].value > 20
    assert text_scores(METRICS, half, CHINESE, "de") == text_scores(METRICS, half, CHINESE, "zh")


@pytest.mark.parametrize(
    ("hypothesis", "reference", "language", "rate"),
    [
        ("a b c d", "a b c d e", "de", 20),  # one word of five is missing
        ("e a b c d", "a b c d e", "de", 20),  # one has to be moved
        ("a b c d e f", "a b", "de", 200),  # four too many for two
        ("今天天气好", "今天天气很好", "zh", 100 / 6),  # a character is a word
        ("今天天气好", "今天天气很好", "zh-TW", 100 / 6),
        ("今天天气好", "今天天气很好", "de", 100 / 6),  # whatever the recipe says it is
        ("วันนี้อากาศดี", "วันนี้อากาศดีๆ", "th", 100 / 14),
    ],
)
def test_the_edit_rate_by_hand(hypothesis, reference, language, rate):
    assert text_scores(["ter"], [hypothesis], [reference], language)["ter"].value == pytest.approx(rate)


def test_empty_hypotheses_earn_nothing():
    scores = text_scores(METRICS, [""] * 3, GERMAN, "de")
    assert {name: score.value for name, score in scores.items()} == {"bleu": 0, "chrf": 0, "ter": 100}


@pytest.mark.parametrize(("hypotheses", "references"), [([], []), (["a"], ["a", "b"])])
def test_rows_must_match(hypotheses, references):
    with pytest.raises(AssertionError):
        text_scores(METRICS, hypotheses, references, "en")


@given(texts, st.randoms())
def test_order_of_rows_changes_no_corpus_score(references, random):
    rows = [(text[::-1], text) for text in references]
    shuffled = random.sample(rows, len(rows))
    assert text_scores(METRICS, *zip(*rows, strict=True), "en") == text_scores(
        METRICS, *zip(*shuffled, strict=True), "en"
    )


@given(texts)
def test_scores_are_finite_and_between_0_and_100(references):
    for score in text_scores(METRICS, [text[1:] for text in references], references, "en").values():
        assert math.isfinite(score.value)
        assert 0 <= score.value <= 100 + 1e-9


def test_sentence_chrf_is_the_corpus_chrf_of_one_row():
    hypotheses = ["Ein Mann schläft.", "", GERMAN[2]]
    each = [
        text_scores(METRICS, [text], [reference], "de")["chrf"].value
        for text, reference in zip(hypotheses, GERMAN, strict=True)
    ]
    assert sentence_chrf(hypotheses, GERMAN) == pytest.approx(each)
    assert each[1:] == pytest.approx([0, 100])
