import pytest

from seqloom.evaluation.baselines import lead_baseline
from seqloom.evaluation.metric_words import lead, words_of


@pytest.mark.parametrize(
    ("text", "language", "words"),
    [
        ("The Q3-report, finally!", "en", ["the", "q3", "report", "finally"]),
        ("Für Zoë", "de", ["für", "zoë"]),
        ("Für Zoë", "", ["für", "zoë"]),
        ("Für Zoë", "en_GB", ["f", "r", "zo"]),  # as ROUGE always cut
        ("我用Python 3。", "zh", ["我", "用", "python", "3"]),
        ("カタカナ", "ja", ["カ", "タ", "カ", "ナ"]),
        ("snake_case", "", ["snake", "case"]),
        ("…!?", "", []),
        ("", "zh", []),
    ],
)
def test_words(text: str, language: str, words: list[str]) -> None:
    assert words_of(text, language) == words


@pytest.mark.parametrize(
    ("text", "most", "beginning"),
    [
        ("The soup is cold. The bread is old.", 9, "The soup is cold."),
        ("The soup is cold. The bread is old.", 2, "The soup"),
        ("The soup is cold. The bread is old.", 4, "The soup is cold"),
        ("Dear Mr. Byrne, the soup is cold! Bye.", 9, "Dear Mr. Byrne, the soup is cold!"),
        ("Version 2.5 of it is out. Bye.", 9, "Version 2.5 of it is out."),
        ("The soup is cold.The bread is old.", 9, "The soup is cold."),
        ("no end in sight", 9, "no end in sight"),
        ("汤是凉的。面包很旧。", 9, "汤是凉的。"),
        ("汤是凉的。面包很旧。", 2, "汤是"),
        ("Hi!", 9, "Hi!"),
        ("Hi there", 1, "Hi"),
        ("", 9, ""),
    ],
)
def test_the_first_sentence_or_its_beginning(text: str, most: int, beginning: str) -> None:
    assert lead(text, most) == beginning


def test_the_lead_is_as_long_as_summaries_are_on_average_rounded_up() -> None:
    assert lead_baseline(["one two", "one two three"], ["a b c d e f."]) == ["a b c"]
