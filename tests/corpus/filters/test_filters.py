"""What each filter drops and keeps, and what holds for all of them."""

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqloom.corpus.duplicate_filters import OF_DUPLICATES
from seqloom.corpus.filters.filter_chain import FilterChain, build_filter
from seqloom.corpus.filters.pair_filter import TextPair
from seqloom.corpus.word_alignment import WordAlignment
from seqloom.errors import UserError
from seqloom.recipe.filter_expressions import RULES, parse_filter

from ..files import corpus

ZERO_WIDTH, JOINER, SOFT_HYPHEN = "\u200b", "\u200d", "\u00ad"


def problem(expression: str, source: str, target: str, source_language: str = "en", target_language: str = "de") -> str:
    section = corpus(source_language=source_language, target_language=target_language, filters=[expression])
    chain = FilterChain.of(section)
    (drop,) = chain.drops([TextPair(source, target)])
    assert drop is None or drop.filter == section.filters[0]
    return drop.problem if drop else ""


@pytest.mark.parametrize(
    ("expression", "source", "target"),
    [
        ("length_ratio<=3", "four", "twelve chars"),
        ("length_ratio", "OK", "Einverstanden."),
        ("characters>=2", "ab", "cd"),
        ("source.characters>=2", "ab", "c"),
        ("words<=3", "one two three", "eins zwei drei"),
        ("letter_share", "Page 7.", "Seite 7."),
        ("letter_share", "नमस्ते दुनिया", "Hallo Welt"),
        ("target.script_share:Cyrl>=0.5", "hello", "привет, world"),
        ("script_share", "12:30", "!!!"),
        ("language", "The dog is running through the big garden.", "Der Hund läuft durch den großen Garten."),
        ("language", "Berlin", "Paris"),
        ("repeated_ngrams", "the cat and the dog and the bird", "no"),
        ("repeated_ngrams", "短文本没有重复的部分", "haha"),
        ("no_copy", "OK", "In Ordnung"),
        ("no_html", "a < b & c > d", "x <3 AT&T; 5 &c"),
        ("no_invisible_characters", f"👩{JOINER}💻", "می\u200cخواهم"),
        ("numbers_match", "It has 1,000.5 kg since 2020", "Seit 2020 hat es 1.000,5 kg 0"),
        ("numbers_match", "two of 3 men", "2 von drei Männern"),
        ("numbers_match", "on 3/11/2020", "am 3.11.2020"),
        ("numbers_match", "in ٢٠٢٠", "2020"),
        ("numbers_match", "part 007", "Teil 7"),
        ("numbers_match>=0.5", "2020 and 21", "2020"),
        ("urls_match", "see https://a.example/b.", "siehe (https://a.example/b)"),
        ("urls_match", "mail me@a.example, please", "Schreib an Me@a.example!"),
        ("no_pattern:^Page [0-9]+$", "Page 12 of it", "Seite"),
        ("source.no_pattern:(?i)lorem", "ipsum", "Lorem"),
    ],
)  # fmt: skip
def test_keeps(expression: str, source: str, target: str) -> None:
    assert problem(expression, source, target) == ""


@pytest.mark.parametrize(
    ("expression", "source", "target", "said"),
    [
        ("length_ratio<=3", "four", "thirteen char", "13 to 4 characters"),
        ("characters>=2", "ab", "c", "target: 1 characters"),
        ("words<=3", "one two three four", "x", "source: 4 words"),
        ("letter_share", "== 7 ==", "x", "source: 0% letters"),
        ("script_share", "hello", "привет", "target: 0% of the letters are Latn"),
        ("script_share", "привет", "hallo", "source: 0% of the letters are Latn"),
        ("language", "Der Hund läuft durch den Garten.", "Der Hund läuft durch den Garten.",
         "source: de rather than en (0.0%)"),
        ("language", "The dog is in the garden.", "Собака бежит по большому саду.", "target: ru rather than de (0.0%)"),
        ("repeated_ngrams", "hahahahahahahahahaha", "x", "source: 88% of its parts are repeated"),
        ("repeated_ngrams", "no no no no no no", "x", "source: 80% of its parts are repeated"),
        ("no_copy", "Ok, go!", "ok go", "the target is the source"),
        ("no_html", "a", "b <br/> c", "target: markup <br/>"),
        ("no_html", "Tom &amp; Jerry", "x", "source: markup &amp;"),
        ("no_html", '<a href="x">y</a>', "x", 'source: markup <a href="x">'),
        ("no_html", "&#8217;", "x", "source: markup &#8217;"),
        ("no_invisible_characters", f"a{ZERO_WIDTH}b", "x", "source: U+200B ZERO WIDTH SPACE"),
        ("no_invisible_characters", f"co{SOFT_HYPHEN}op", "x", "source: U+00AD SOFT HYPHEN"),
        ("no_invisible_characters", "x", "a\ufffd", "target: U+FFFD REPLACEMENT CHARACTER"),
        ("no_invisible_characters", "x", "\u202eabc", "target: U+202E RIGHT-TO-LEFT OVERRIDE"),
        ("no_invisible_characters", "x", "\ue000", "target: U+E000"),
        ("numbers_match", "in 2020", "2021", "source alone has 2020, target alone 2021"),
        ("numbers_match", "in 2020", "damals", "source alone has 2020, target alone none"),
        ("urls_match", "see http://a.example", "siehe dort", "source alone has http://a.example, target alone none"),
        ("no_pattern:^Page [0-9]+$", "Page 12", "x", "source: matches"),
        ("no_pattern:(?i)lorem", "x", "Lorem", "target: matches"),
    ],
)  # fmt: skip
def test_drops(expression: str, source: str, target: str, said: str) -> None:
    assert problem(expression, source, target) == said


@pytest.mark.parametrize(
    ("language", "text"),
    [("zh", "他说英语"), ("ja", "カタカナーと漢字"), ("ko", "한국어 漢字"), ("ru", "ещё"), ("hi", "नमस्ते"),
     ("ar", "مَرحبًا"), ("el", "ά"), ("th", "สวัสดี"), ("sr-Latn", "čaj")],
)  # fmt: skip
def test_letters_of_a_language_are_of_its_script(language: str, text: str) -> None:
    assert problem("script_share>=1", "x", text, "en", language) == ""
    assert problem("script_share>=1", "x", text, "en", "ka")


@pytest.mark.parametrize(
    ("language", "text"),
    [("nb", "Hunden løper gjennom den store hagen."), ("hr", "Pas trči kroz veliki vrt danas."),
     ("zh-TW", "那隻狗正在大花園裡奔跑。"), ("pt-BR", "O cachorro está correndo pelo jardim grande.")],
)  # fmt: skip
def test_languages_that_are_alike_and_regions_pass(language: str, text: str) -> None:
    assert problem("target.language", "x", text, "en", language) == ""


def test_a_language_that_the_model_does_not_know_is_a_mistake() -> None:
    with pytest.raises(UserError, match=r"corpus\.target_language chr: the filter language cannot identify it"):
        problem("target.language", "x", "x", "en", "chr")


def test_words_of_a_list(tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text("# mild ones\nDarn\nbloody  hell\n\n笨蛋\n", encoding="utf-8")
    expression = f"no_words:{tmp_path / 'words.txt'}"
    assert problem(expression, "A DARN cat", "x") == "source: has darn"
    assert problem(expression, "x", "Bloody hell!") == "target: has bloody hell"
    assert problem(expression, "x", "你这笨蛋啊") == "target: has 笨蛋"
    assert problem(expression, "darning mild ones", "x") == ""


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "no such file"), (b"# none\n", "no words"), (b"\xff\xfe", "UTF-8"), (b"", "no words")],
)
def test_a_list_that_is_none_is_a_mistake(content: bytes | None, said: str, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "words.txt").write_bytes(content)
    with pytest.raises(UserError, match=said):
        FilterChain.of(corpus(filters=[f"no_words:{tmp_path / 'words.txt'}"]))


def test_a_pattern_that_would_take_python_for_ever_takes_no_time() -> None:
    assert problem("no_pattern:^(a+)+$", "a" * 900 + "!", "x") == ""


EVERY = [
    rule.form for rule in RULES.values() if rule.name not in OF_DUPLICATES and rule.argument not in ("FILE", "REGEX")
]
EVERY += ["no_pattern:[0-9]{3}"]
ALIGNMENT = WordAlignment.fit([("0 a", "0 b")] * 2)
PAIRS = st.lists(st.tuples(st.text(min_size=1), st.text(min_size=1)).map(lambda pair: TextPair(*pair)), max_size=8)


@given(PAIRS, st.randoms(use_true_random=False))
def test_the_same_pairs_are_kept_in_whatever_order_filters_and_pairs_come(
    pairs: list[TextPair], draw: random.Random
) -> None:
    section = corpus(source_language="en", target_language="zh", filters=EVERY)
    filters = list(FilterChain.of(section, ALIGNMENT).filters)
    kept = {pair for pair, drop in zip(pairs, FilterChain(filters).drops(pairs), strict=True) if drop is None}
    draw.shuffle(filters)
    mixed = draw.sample(pairs, len(pairs))
    assert {pair for pair, drop in zip(mixed, FilterChain(filters).drops(mixed), strict=True) if drop is None} == kept
    assert FilterChain(filters).drops(list(kept)) == [None] * len(kept)


def test_every_rule_is_built(tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text("word\n", encoding="utf-8")
    section = corpus(source_language="en", target_language="de")
    for rule in RULES.values():
        if rule.name not in OF_DUPLICATES:
            form = rule.form.replace("REGEX", "x").replace("FILE", str(tmp_path / "words.txt"))
            assert build_filter(parse_filter(form), section, ALIGNMENT).problems([]) == []
