"""One tag for one language, however it is written, and a sentence for what is none."""

import pytest

from seqloom.errors import UserError
from seqloom.recipe import language_tags
from seqloom.recipe.language_tags import language_of, same_language, tag_of
from seqloom.recipe.recipe_loader import check_recipe

WRITTEN = {
    "zh": "zh zho chi cmn ZH Chinese CHINESE Mandarin 中文",
    "zh-TW": "zh-TW zh_TW ZH_tw zho-TW zh_TW.UTF-8",
    "zh-Hans": "zh-Hans zho_Hans cmn_Hans zh-hans",
    "yue": "yue zh-yue Cantonese yue",
    "th": "th tha Thai ไทย th",
    "km": "km khm Khmer",
    "lo": "lo lao Lao",
    "my": "my mya bur Burmese Myanmar",
    "bo": "bo bod tib Tibetan",
    "en": "en eng English en-x-old",
    "en-US": "en-US en_US eng_us en_US.UTF-8",
    "pt-BR": "pt-BR pt_BR por-br",
    "de": "de deu ger German Deutsch de-1996 de@euro",
    "sr-Latn": "sr-Latn sr@latin sh hbs",
    "he": "he iw heb Hebrew",
    "": "und mul zxx",
}


@pytest.mark.parametrize(
    ("tag", "written"), [(tag, each) for tag, all_of in WRITTEN.items() for each in all_of.split()]
)
def test_however_it_is_written(tag: str, written: str) -> None:
    assert tag_of(written) == tag
    assert tag_of(tag) == tag


def test_a_field_left_empty_is_looked_up_in_no_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(language_tags, "_language_of", lambda _: pytest.fail("it loads the names of 37 languages"))
    assert [language_of(written) for written in ("", " ")] == [None, None]


@pytest.mark.parametrize(
    ("name", "tag"),
    [
        ("Simplified Chinese", "zh-Hans"),
        ("Chinese (Traditional)", "zh-Hant"),
        ("Brazilian Portuguese", "pt-BR"),
        ("Portuguese (Brazil)", "pt-BR"),
        ("Serbian (Latin)", "sr-Latn"),
        ("Norwegian Bokmål", "nb"),
        ("  ", ""),
    ],
)
def test_names_of_several_words(name: str, tag: str) -> None:
    assert tag_of(name) == tag


@pytest.mark.parametrize(
    ("code", "script"),
    [("zh", "Hans"), ("zh-TW", "Hant"), ("yue", "Hant"), ("tha", "Thai"), ("dz", "Tibt"), ("ja", "Jpan")],
)
def test_the_script_follows(code: str, script: str) -> None:
    language = language_of(code)
    assert language
    assert language.script == script


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("xx", "'xx' is no language of ISO 639; write its code, such as"),
        ("jp", "jp is Japan, whose language is ja"),
        ("Chinse", "did you mean zh, chinese"),
        ("python", "or leave it empty"),
        ("zho-like", "is no language"),
        ("en-target", "is no language"),
        ("日文", "is no language"),
    ],
)
@pytest.mark.parametrize("field", ["source_language", "target_language"])
def test_what_is_none_is_refused_in_a_sentence(written: str, says: str, field: str) -> None:
    tree = {"name": "a", "corpus": {"train": ["a.tsv"], field: written}}
    with pytest.raises(UserError, match=rf"r\.yaml: corpus\.{field}: .*{says}") as raised:
        check_recipe(tree, "r.yaml")
    assert "\n" not in str(raised.value)


def test_a_recipe_holds_the_tag() -> None:
    corpus = {"train": ["a.tsv"], "source_language": "English", "target_language": "zho_Hant"}
    recipe = check_recipe({"name": "a", "corpus": corpus}, "r.yaml")
    assert (recipe.corpus.source_language, recipe.corpus.target_language) == ("en", "zh-Hant")


def test_one_language_is_one_whatever_its_region() -> None:
    assert same_language("en", "en-GB")
    assert same_language("", "")
    assert not same_language("en", "")
    assert not same_language("zh", "yue")
    corpus = {"train": ["a.tsv"], "source_language": "eng", "target_language": "en_US"}
    check_recipe({"name": "a", "task": "summarization", "corpus": corpus}, "r.yaml")
