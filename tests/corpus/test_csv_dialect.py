"""Detection of CSV dialects, and rows that span lines."""

import pytest

from seqloom.corpus.csv_dialect import Dialect, detect_dialect

PLAIN, BACKSLASH, SPACED = Dialect(",", False, False), Dialect(",", True, False), Dialect(",", False, True)


@pytest.mark.parametrize(
    ("dialect", "line", "inside", "stays_open"),
    [
        (PLAIN, 'a,"b', False, True),
        (PLAIN, 'a,"b"', False, False),
        (PLAIN, '"a",b', False, False),
        (PLAIN, '"a""b', False, True),
        (PLAIN, '"a""', False, True),
        (PLAIN, 'a"b', False, False),
        (PLAIN, 'a, "b', False, False),
        (SPACED, 'a, "b', False, True),
        (PLAIN, 'a"', True, False),
        (PLAIN, 'a",b', True, False),
        (PLAIN, 'a"b', True, True),
        (PLAIN, 'a""', True, True),
        (PLAIN, '"a\\"', False, False),
        (BACKSLASH, '"a\\"', False, True),
        (BACKSLASH, '"a\\\\"', False, False),
    ],
)
def test_a_line_ends_inside_quotes_or_not(dialect: Dialect, line: str, inside: bool, stays_open: bool) -> None:
    assert dialect.leaves_open(line, inside) is stays_open


def test_columns_without_a_header_count_from_one() -> None:
    """Commas would give the first row a fourth column, and the second one alone."""
    lines = ["a;b,c,d;e,f\n", "a;b;c\n"]
    assert detect_dialect(lines, True, ["3"], "auto", "auto").delimiter == ";"
    assert detect_dialect(lines, True, ["4"], "auto", "auto").delimiter == ","


def test_quoted_text_that_begins_with_a_space_and_a_quotation_mark() -> None:
    lines = ["source,target\n", '" ""\\"," """\n']
    assert detect_dialect(lines, True, ["source", "target"], "auto", "auto") == PLAIN
    assert detect_dialect(["a, b\n", '"1, 2", "3, 4"\n'], True, ["a", "b"], "auto", "auto") == SPACED
