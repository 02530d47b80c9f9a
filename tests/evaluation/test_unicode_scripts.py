"""Metrics in every script: exact answers score the maximum, and different words nothing."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqloom.evaluation.applications.evaluator import EvalSet
from seqloom.evaluation.baselines import lead_baseline
from seqloom.evaluation.diversity import diversity_scores
from seqloom.evaluation.kneser_ney_baseline import WordModel, split_words
from seqloom.evaluation.metric_words import lead, words_of
from seqloom.evaluation.paired_bootstrap import count
from seqloom.evaluation.rouge import rouge_of_rows, summary_scores
from seqloom.evaluation.sacrebleu_scores import text_scores
from seqloom.evaluation.unicode_scripts import SPACELESS, has_spaces, scoring_language, script_of

SPACED = {
    "": ("the old house", "a new street"),
    "en": ("the old house", "a new street"),
    "de": ("für größere Äpfel", "von süßen Öfen"),
    "ru": ("старый дом", "новая улица"),
    "el": ("παλιό σπίτι", "νέος δρόμος"),
    "ar": ("بَيْتٌ قَدِيم", "شَارِعٌ جَدِيد"),
    "fa": ("می‌خواهم بروم", "نمی‌دانم چرا"),
    "he": ("בַּיִת יָשָׁן", "רְחוֹב חָדָשׁ"),
    "hi": ("का कि कु", "की के को"),
    "bn": ("বো বু বে", "বই বা বি"),
    "ta": ("கா கி கு", "கீ கெ கொ"),
    "si": ("කා කි කු", "කී කෙ කො"),
    "am": ("ቤት አሮጌ", "መንገድ አዲስ"),
    "ko": ("오래된 집", "새 거리"),
    "ka": ("ძველი სახლი", "ახალი ქუჩა"),
    "vi": ("ngôi nhà cũ", "con đường mới"),
}
SPACELESS_TEXTS = {
    "zh": ("我们今天去北京", "他昨晚看电影了"),
    "zh-TW": ("我們今天去北京", "他昨晚看電影了"),
    "yue": ("佢哋今日返工", "我尋晚瞓咗覺"),
    "wuu": ("阿拉今朝去上海", "伊昨日看电影"),
    "ja": ("わたしは本をよむ", "あなたが曲うたった"),
    "th": ("ฉันจะซื้อ", "พวกเขากิน"),
    "lo": ("ຂ້ອຍຈະໄປ", "ພວກເຂົາກິນ"),
    "km": ("ខ្ញុំទៅ", "គេស៊ីបាយ"),
    "my": ("ကျွန်တော်", "သူစားပြီ"),
    "bo": ("ང་འགྲོ", "ཁྱེད་ཟ"),
}
WRONG = ("", "en", "de", "hi", "und")
"""Codes that texts of scripts without spaces must not be cut by."""


@pytest.mark.parametrize("language", SPACED)
def test_words_of_a_script_with_spaces_are_whole(language: str) -> None:
    wanted, other = SPACED[language]
    for text in (wanted, other):
        assert len(words_of(text, "" if language == "de" else language)) == len(text.split())
    assert not set(words_of(wanted, language)) & set(words_of(other, language))
    _same_is_all_and_other_is_nothing(wanted, other, language)


@pytest.mark.parametrize("language", SPACELESS_TEXTS)
@pytest.mark.parametrize("wrong", WRONG)
def test_no_script_without_spaces_is_scored_by_words(language: str, wrong: str) -> None:
    wanted, _ = SPACELESS_TEXTS[language]
    half = wanted[: -len(wanted) // 3]
    for code in (language, wrong):
        _same_is_all_and_other_is_nothing(wanted, wanted, code)
        assert text_scores(["ter"], [half], [wanted], code)["ter"].value < 99
        assert text_scores(["bleu"], [wanted + half], [wanted], code, short=True)["bleu"].value > 20
        assert 30 < rouge_of_rows(["rougeL"], [half], [wanted], code)["rougeL"][0] < 100
        assert "tok:13a" not in text_scores(["bleu"], [wanted], [wanted], code)["bleu"].signature
    assert len(words_of(wanted, language)) > 2
    assert len(split_words(wanted)) > 2
    assert lead(wanted, 2) == lead_baseline([lead(wanted, 2)], [wanted])[0] != wanted


def _same_is_all_and_other_is_nothing(wanted: str, other: str, language: str) -> None:
    same = text_scores(["bleu", "chrf", "ter"], [wanted], [wanted], language, short=True)
    assert [same[name].value for name in ("bleu", "chrf", "ter")] == pytest.approx([100, 100, 0])
    assert rouge_of_rows(["rouge1", "rougeL"], [wanted], [wanted], language)["rouge1"][0] == 100
    shares = summary_scores([wanted], [wanted], [wanted], language)
    assert (shares["length_ratio"].value, shares["new_words"].value) == (1, 0)
    if other != wanted:
        figures = text_scores(["bleu", "ter"], [other], [wanted], language, short=True)
        assert (figures["bleu"].value, figures["ter"].value) == pytest.approx((0, 100), abs=40 * (language == "ko"))
        assert rouge_of_rows(["rouge1", "rougeL"], [other], [wanted], language)["rougeL"][0] == 0


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(sorted({**SPACED, **SPACELESS_TEXTS})),
    st.sampled_from([*SPACED, *SPACELESS_TEXTS]),
    st.integers(1, 4),
)
def test_the_text_itself_is_worth_everything_by_any_code(code: str, written: str, times: int) -> None:
    wanted = " ".join([{**SPACED, **SPACELESS_TEXTS}[written][0]] * times)
    scores = text_scores(["bleu", "ter"], [wanted], [wanted], code, short=True)
    assert [score.value for score in scores.values()] == pytest.approx([100, 0])
    assert rouge_of_rows(["rougeL"], [wanted], [wanted], code)["rougeL"][0] == 100
    assert count("bleu", [wanted], [wanted], code, short=True).value == pytest.approx(100)
    assert (
        diversity_scores([wanted], EvalSet([wanted], [wanted], language=scoring_language(code, [wanted])).language)[
            "distinct1"
        ].value
        > 0
    )


@pytest.mark.parametrize(
    ("texts", "script"),
    [
        (["The house", "日本"], "Hani"),
        (["The house is old and I like it very much indeed 日"], "Latn"),
        (["東京へ行く"], "Jpan"),
        (["他说“ありがとう”，然后我们大家一起走了很远很远的路，最后到了北京城里"], "Hani"),
        (["กรุงเทพ is Bangkok"], "Thai"),
        (["12 34"], ""),
        ([], ""),
    ],
)
def test_the_script_that_counts(texts: list[str], script: str) -> None:
    assert script_of(texts) == script


@pytest.mark.parametrize(
    ("language", "text", "cut_as"),
    [
        ("", "日本語です", "und-Jpan"),
        ("ja", "東京都", "ja"),
        ("zh_TW", "臺北", "zh-TW"),
        ("zh", "Berlin", "zh"),  # a name that stays as it is
        ("sr", "Dobar dan", "sr"),
        ("en", "Привет", ""),
        ("de", "你好", "und-Hani"),
        ("Chinese", "你好", "zh"),
        ("", "Hello", ""),
        ("zh", "สวัสดี", "und-Thai"),
    ],
)
def test_a_text_is_cut_as_what_it_is(language: str, text: str, cut_as: str) -> None:
    assert scoring_language(language, [text]) == cut_as
    assert scoring_language(cut_as, [text]) == cut_as


def test_marks_stay_with_their_letter_where_letters_stand_alone() -> None:
    for _, text in SPACELESS_TEXTS.values():
        letters = "".join(character for character in text if character != "་")
        assert "".join(words_of(text, "")) == letters
    assert words_of("มัน", "th") == ["มั", "น"]


def test_which_scripts_have_spaces() -> None:
    assert not any(map(has_spaces, [*SPACELESS, "Hans", "Jpan"]))
    assert all(map(has_spaces, ["Latn", "Kore", "Hang", "Deva", "Arab", ""]))


def test_a_language_model_of_a_script_without_spaces_knows_its_letters() -> None:
    model = WordModel(["เขากินข้าว ↵", "เขากินปลา ↵"])
    assert "กิ" in model.words
    assert max(map(len, model.words)) <= 3
