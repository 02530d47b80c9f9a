"""The normalizers that a recipe may name, each a function of one text.

None needs more than Python itself but `replace`, whose RE2 is in pyarrow: a model that learned from normalized text
normalizes what it is asked, also where there is nothing but PyTorch.
"""

import html
import re
import unicodedata
from collections.abc import Callable
from functools import partial

from seqloom.corpus.normalization import fold_whitespace, without_control_characters
from seqloom.recipe.normalizer_expressions import NormalizerExpression

Normalizer = Callable[[str], str]

_ENTITY = re.compile(r"&(?:[A-Za-z][A-Za-z0-9]{1,31}|#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6});")
_HIDDEN = re.compile(
    r"<!--.{0,2000}?-->|<(script|style)\b[^<>]{0,500}>.{0,20000}?</\1\s{0,9}>", re.DOTALL | re.IGNORECASE
)
_BLOCKS = "address|article|blockquote|br|div|dd|dl|dt|h[1-6]|hr|li|ol|p|pre|section|table|td|th|tr|ul"
_BLOCK = re.compile(rf"</?(?:{_BLOCKS})(?:\s[^<>]{{0,500}})?/?>", re.IGNORECASE)
_TAG = re.compile(r"</?[A-Za-z][\w:-]{0,40}(?:\s[^<>]{0,500})?/?>")
_ZERO_WIDTH = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff"
    "\uffa0\ufff9-\ufffb]"
)
"""Zero-width, bidirectional and filling characters, soft hyphens; not the joiners of Persian, Hindi and emoji."""
_WIDE_OR_HALF = re.compile("[\u3000\uff01-\uffee]+")
_SINGLE, _DOUBLE = "‘’‚‛‹›", "“”„‟«»〝〞〟＂"
_QUOTES = str.maketrans(dict.fromkeys(_SINGLE, "'") | dict.fromkeys(_DOUBLE, '"'))
_LONG_DASH = re.compile(" ?[—―⸺⸻] ?")
_DASHES = str.maketrans(dict.fromkeys("‐‑‒–−﹣－", "-"))


def function_of(normalizer: NormalizerExpression, keep: bool) -> Normalizer:
    """Return the function of a normalizer; with `keep` white space stays as it is."""
    match normalizer.name:
        case "unicode_form":
            return partial(unicodedata.normalize, "NFKC" if normalizer.argument == "NFKC" else "NFC")
        case "whitespace":
            return _blank_is_empty if keep else fold_whitespace
        case "replace":
            return partial(replace_pattern, *normalizer.replacement)
    return _FUNCTIONS[normalizer.name]


def without_zero_width(text: str) -> str:
    """Remove characters without width, directions of writing and soft hyphens; joiners stay."""
    return text if text.isascii() else _ZERO_WIDTH.sub("", text)


def common_width(text: str) -> str:
    """Write full-width Latin letters, digits, signs and spaces in half width, and half-width Katakana in full."""
    if text.isascii():
        return text
    return _WIDE_OR_HALF.sub(lambda found: unicodedata.normalize("NFKC", found[0]), text)


def unescape_html(text: str) -> str:
    """Replace character references that end with a semicolon, also those that were escaped twice."""
    while "&" in text and (plain := _ENTITY.sub(lambda found: html.unescape(found[0]), text)) != text:
        text = plain
    return text


def without_tags(text: str) -> str:
    """Remove tags, comments, scripts and styles of HTML and XML; a line feed stands for a tag that breaks the line."""
    if "<" not in text:
        return text
    return _TAG.sub("", _BLOCK.sub("\n", _HIDDEN.sub("", text)))


def straight_quotes(text: str) -> str:
    """Write every quotation mark as ' or "."""
    return text if text.isascii() else text.translate(_QUOTES)


def plain_dashes(text: str) -> str:
    """Write hyphens, minus signs and short dashes as -, and long dashes as - between spaces, as Moses does."""
    return text if text.isascii() else _LONG_DASH.sub(" - ", text).translate(_DASHES)


def replace_pattern(pattern: str, replacement: str, text: str) -> str:
    """Replace what matches a pattern of RE2, in time that grows with the length of the text alone."""
    import pyarrow as pa
    import pyarrow.compute as pc

    readable = text.encode("utf-8", "ignore").decode()
    replaced: str = pc.replace_substring_regex(pa.scalar(readable), pattern, replacement).as_py()
    return replaced


def _blank_is_empty(text: str) -> str:
    return "" if text.isspace() else text


_FUNCTIONS: dict[str, Normalizer] = {
    "control_characters": without_control_characters,
    "width": common_width,
    "zero_width": without_zero_width,
    "html_entities": unescape_html,
    "html_tags": without_tags,
    "quotes": straight_quotes,
    "dashes": plain_dashes,
    "lowercase": str.lower,
}
