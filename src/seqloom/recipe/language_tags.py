"""Language names and codes (`zh`, `zho`, `zh-TW`, `zh_CN.UTF-8`, `Chinese`) as BCP 47 tags.

Codes and names are those of Unicode's CLDR: some 7,000 of ISO 639, with their usual scripts.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from typing import TYPE_CHECKING, Literal

from seqloom.recipe.strict_yaml import shortened

if TYPE_CHECKING:
    from babel import Locale

COMBINED_SCRIPTS = {
    "Hans": {"Hani", "Bopo"},
    "Hant": {"Hani", "Bopo"},
    "Hanb": {"Hani", "Bopo"},
    "Hrkt": {"Hira", "Kana"},
    "Jpan": {"Hani", "Hira", "Kana"},
    "Kore": {"Hang", "Hani"},
}
"""The scripts that a code of ISO 15924 for several of them stands for."""
UNDETERMINED = "und"  # ISO 639-2: undetermined language, perhaps with a script
_TELLS_NONE = {"mul", "mis", "zxx"}  # several, one without a code, none
_LOCAL_USE = re.compile("q[a-t][a-z]")  # codes that ISO 639 leaves to everybody
_MODIFIERS = {"latin": "Latn", "cyrillic": "Cyrl", "devanagari": "Deva"}  # of POSIX, behind @
_ALSO_CALLED = {
    "byelorussian": "be",
    "cambodian": "km",
    "castilian": "es",
    "classical chinese": "lzh",
    "dhivehi": "dv",
    "farsi": "fa",
    "gaelic": "gd",
    "hakka": "hak",
    "hokkien": "nan",
    "bahasa indonesia": "id",
    "kirghiz": "ky",
    "laotian": "lo",
    "mandarin": "zh",
    "mandarin chinese": "zh",
    "min nan": "nan",
    "modern greek": "el",
    "moldovan": "ro",
    "myanmar": "my",
    "norwegian bokmal": "nb",
    "old church slavonic": "cu",
    "oriya": "or",
    "panjabi": "pa",
    "pushto": "ps",
    "scots gaelic": "gd",
    "shanghainese": "wuu",
    "sinhalese": "si",
    "slovene": "sl",
    "tagalog": "fil",
    "taiwanese": "nan",
    "uighur": "ug",
    "valencian": "ca",
}
_OWN_NAMES = (
    "zh ja ko th lo km my bo vi id ms hi bn ta te mr ur fa ar he tr ru uk pl cs sk de fr es pt it nl sv da fi el"
)


@dataclass(frozen=True)
class Language:
    """One language, with script and region where they are given."""

    code: str  # ISO 639, of two letters where it has such a code
    script: str  # ISO 15924, such as Hant: as given, or the language's usual one; empty if unknown
    tag: str  # BCP 47: the given subtags alone


def language_of(written: str) -> Language | None:
    """Return the language; None for empty or unknown text."""
    words = written.split()
    return _language_of(" ".join(words)) if words else None  # looked up, no name would be sought in 37 languages


def tag_of(written: str) -> str:
    """Return one tag for all spellings of a language; empty for empty text.

    Raises:
        ValueError: there is no such language.
    """
    language = language_of(written)
    if language is None and written.strip():
        raise ValueError(
            f"{shortened(written)!r} is no language of ISO 639{_meant(written.strip())}; write its code, such as de, "
            "zho or pt-BR, or its English name, or leave it empty"
        )
    return "" if language is None or language.tag == UNDETERMINED else language.tag


def same_language(one: str, other: str) -> bool:
    """Return whether both are one language, of whatever region or script."""
    first, second = language_of(one), language_of(other)
    return (first.code if first else one) == (second.code if second else other)


@cache
def _language_of(written: str) -> Language | None:
    code, _, modifier = written.partition(".")[0].partition("@")
    return _of_code(code.rstrip(), _MODIFIERS.get(modifier.lower(), "")) or _of_name(written.casefold())


def _of_code(code: str, script: str = "") -> Language | None:
    """Parse an ISO 639 code with its suffixes of BCP 47 or POSIX."""
    first, *rest = re.split("[-_]", code)
    name, *implied = _replaced(first.lower())
    if not _is_known(name):
        return None
    region = ""
    for part in [*implied, *rest]:
        if len(part) == 1:  # extensions begin
            break
        if part.title() in _english().scripts:
            script = part.title()
        elif re.fullmatch("[A-Za-z]{2}|[0-9]{3}", part):
            region = part.upper()
        elif len(part) == 3 and _is_known(_replaced(part.lower())[0]):  # zh-yue is yue
            name = _replaced(part.lower())[0]
        elif part.upper() not in _english().variants:
            return None
    return _made(name, script, region)


def _made(code: str, script: str, region: str) -> Language:
    """Build a language with CLDR's likely script, for the region or anywhere; `und` has none."""
    likely = _global("likely_subtags") if code != UNDETERMINED else {}
    usual = (likely.get(f"{code}_{region}") or likely.get(code, "__")).split("_")[1]
    return Language(code, script or usual, "-".join(filter(None, (code, script, region))))


def _of_name(name: str) -> Language | None:
    """Parse `chinese`, `simplified chinese`, `chinese (traditional)`, `portuguese (brazil)` or `中文`."""
    if code := _names().get(name):
        return _of_code(code)
    parts = re.fullmatch(r"(?P<name>[^(,]+?)\s*[(,]\s*(?P<kind>[^),]+?)\s*\)?", name)
    if parts:
        if code := _names().get(f"{parts['kind']} {parts['name']}"):
            return _of_code(code)
        code = _names().get(parts["name"])
        if code and (kind := _scripts_and_regions().get(parts["kind"])):
            return _of_code(f"{code}_{kind}")
        return None
    return _of_code(_own_names().get(name, ""))


def _replaced(code: str) -> list[str]:
    """Return the subtags of a code's shorter or newer alias."""
    if code in _TELLS_NONE:
        return [UNDETERMINED]
    return str(_global("language_aliases").get(code, code)).split("_")


def _is_known(code: str) -> bool:
    known = code in _global("likely_subtags") or code in _english().languages
    return known or code == UNDETERMINED or _LOCAL_USE.fullmatch(code) is not None


def _meant(written: str) -> str:
    """Return a suggestion for an unknown language, in words."""
    region = written.upper()
    spoken = _global("likely_subtags").get(f"{UNDETERMINED}_{region}")
    if spoken and region in _english().territories:
        return f" ({written} is {_english().territories[region]}, whose language is {spoken.partition('_')[0]})"
    close = get_close_matches(written.casefold(), _names(), n=1, cutoff=0.75)
    return f" (did you mean {_names()[close[0]].replace('_', '-')}, {close[0]}?)" if close else ""


@cache
def _names() -> dict[str, str]:
    """Return codes by English names, in lower case."""
    names = {name.casefold(): code for code, name in _english().languages.items() if code not in _TELLS_NONE}
    return names | _ALSO_CALLED


@cache
def _own_names() -> dict[str, str]:
    """Return codes by the larger languages' own names."""
    from babel import Locale

    return {str(Locale(code).languages[code]).casefold(): code for code in _OWN_NAMES.split()}


@cache
def _scripts_and_regions() -> dict[str, str]:
    """Return codes of scripts and regions by English names, in lower case."""
    both = (_english().territories, _english().scripts)
    return {name.casefold(): code for names in both for code, name in names.items()}


@cache
def _english() -> "Locale":
    from babel import Locale  # a tenth of a second, only needed to parse a language

    return Locale("en")


def _global(table: Literal["likely_subtags", "language_aliases"]) -> Mapping[str, str]:
    from babel.core import get_global

    return get_global(table)
