"""Personal data in texts, replaced by typed placeholders such as [EMAIL_1] before anything is written.

Found are e-mail addresses, URLs with a user or password, IBANs and payment cards whose check digits are right (ISO 7064
MOD 97-10, Luhn), IP addresses, and phone numbers in international form or in the common national ones. Names, postal
addresses and numbers of identity papers are not.
"""

import ipaddress
import re
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Self

from seqloom.recipe.schema import CorpusSection

_LETTER = r"[^\W\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\ud7ff\uf900-\ufaff\uff00-\uffef]"
"""A letter, digit or _ of scripts with spaces; letters of the others stand next to an address and are no part of it."""
_MAYBE = re.compile(r"@|::|\d(?:\W{0,3}\d){6}|\d\.\d{1,3}\.\d|[0-9A-Fa-f]:[0-9A-Fa-f]{1,4}:|[A-Z]{2}\d{2} ?[A-Z0-9]")
_URL = re.compile(r"(?<![A-Za-z])[A-Za-z][A-Za-z0-9+.-]{1,20}://[^\s/?#@<>\"']{1,200}@[^\s<>\"']{1,500}")
_EMAIL = re.compile(
    rf"(?<![A-Za-z0-9_.+-])(?:{_LETTER}|[.+-]){{1,64}}@(?:{_LETTER}|-){{1,63}}(?:\.(?:{_LETTER}|-){{1,63}}){{1,8}}"
)
_IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]){11,30}(?![A-Za-z0-9])")
_CARD = re.compile(
    r"(?<![A-Za-z0-9_.-])(?:[2-6]\d{12,18}|[2-6]\d{3}([ -])\d{4}\1\d{4}\1\d{4}(?:\1\d{3})?|3\d{3}([ -])\d{6}\2\d{4,5})"
    r"(?![A-Za-z0-9_-])"
)
_IPV4 = re.compile(r"(?<![A-Za-z0-9_.])\d{1,3}(?:\.\d{1,3}){3}(?![A-Za-z0-9_]|\.\d)")
_IPV6 = re.compile(r"(?<![A-Za-z0-9_:.])(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{0,4}(?![A-Za-z0-9_:])")
_PHONE = re.compile(
    r"(?<![A-Za-z0-9_+.,/-])(?:"
    r"(?:\+|(?<!\d )00)[1-9]\d{0,2}(?:[ ./-]{0,2}\(?\d{1,5}\)?){2,7}"  # +49 (30) 123-4567
    r"|(?<!\d )\(?0[1-9]\d{1,4}\)?[ /-]{1,3}\d{3,5}(?:[ -]?\d{2,5}){1,3}"  # 030 / 123 45 67
    r"|(?:1[ .-])?(?:\([2-9]\d{2}[)/][ .-]{0,2}|[2-9]\d{2}\)?[ ./-]{1,2})[2-9]\d{2}[ .-]\d{4}"  # (212) 555-0123
    r"|1[3-9]\d[ -]?\d{4}[ -]?\d{4}"  # 138 0013 8000
    r")(?![A-Za-z0-9_]|[.,-]\d)",
    re.ASCII,
)
_WORDS = {
    "CARD": "payment cards",
    "EMAIL": "e-mail addresses",
    "IBAN": "IBANs",
    "IP": "IP addresses",
    "PHONE": "phone numbers",
    "URL": "URLs with a password",
}
_CARD_DIGITS = {13: "4", 14: "3", 15: "3", 16: "23456", 19: "456"}  # number of digits, and what the first one may be
_LEAST, _MOST = 7, 15  # digits of a phone number (ITU-T E.164)


class PersonalData:
    """Replaces personal data, pair by pair, and counts it by type."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()

    @classmethod
    def of(cls, section: CorpusSection) -> Self | None:
        """Return what replaces a recipe's personal data; None where it stays."""
        return cls() if section.privacy == "replace" else None

    def replace(self, *texts: str) -> tuple[str, ...]:
        """Return the texts with placeholders; what is equal in them has one number."""
        numbers: _Numbers = {}
        return tuple(self._replace(text, numbers) if _MAYBE.search(text) else text for text in texts)

    def _replace(self, text: str, numbers: "_Numbers") -> str:
        before = ""
        while before != text:  # what stood next to something that is replaced may be found now
            before = text
            for kind, pattern, find in _KINDS:
                text = self._replace_kind(text, kind, pattern, find, numbers)
        return text

    def _replace_kind(self, text: str, kind: str, pattern: re.Pattern[str], find: "_Find", numbers: "_Numbers") -> str:
        parts, done, found = [], 0, pattern.search(text)
        while found:
            value = find(found[0])
            if value:
                parts += [text[done : found.start()], self._placeholder(kind, value, numbers)]
                done = found.start() + len(value)
            found = pattern.search(text, max(done, found.start() + 1))
        return "".join([*parts, text[done:]])

    def _placeholder(self, kind: str, value: str, numbers: "_Numbers") -> str:
        same = (kind, re.sub(r"[\W_]", "", value).casefold())
        number = numbers.setdefault(same, 1 + sum(other == kind for other, _ in numbers))
        self.counts[kind] += 1
        return f"[{kind}_{number}]"


_Find = Callable[[str], str]  # the beginning of a match that is personal data, or an empty text
_Numbers = dict[tuple[str, str], int]  # by type and value


def replaced_in_words(counts: Mapping[str, int]) -> str:
    """Return the counts by type in words; never a text."""
    return ", ".join(f"{count:,} {_WORDS[kind]}" for kind, count in counts.items())


def _url(found: str) -> str:
    return found.rstrip(".,;:!?)]}")


def _email(found: str) -> str:
    return found.rstrip("-_")


def _iban(found: str) -> str:
    """Return the longest beginning with right check digits: words in capitals may follow."""
    for end in range(len(found), 14, -1):
        letters = re.sub("[ -]", "", found[:end])
        if len(letters) < 15:
            break
        ends_here = end == len(found) or found[end] in " -"
        if ends_here and int("".join(str(int(sign, 36)) for sign in letters[4:] + letters[:4])) % 97 == 1:
            return found[:end]
    return ""


def _card(found: str) -> str:
    digits = [int(digit) for digit in found if digit.isdigit()]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[-2::-2]]
    if found[0] not in _CARD_DIGITS.get(len(digits), ""):
        return ""
    return found if (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0 and len(set(digits)) > 1 else ""


def _ip(found: str) -> str:
    try:
        address = ipaddress.ip_address(found)
    except ValueError:
        return ""
    code = ":" in found and (len(found) < len("fe80::1") or not any(map(str.isdigit, found)))  # such as a::b in C++
    return "" if code or address.is_loopback or address.is_unspecified else found


def _phone(found: str) -> str:
    return found if _LEAST <= sum(map(str.isdigit, found)) <= _MOST else ""


_KINDS: tuple[tuple[str, re.Pattern[str], _Find], ...] = (
    ("URL", _URL, _url),
    ("EMAIL", _EMAIL, _email),
    ("IBAN", _IBAN, _iban),
    ("CARD", _CARD, _card),
    ("IP", _IPV6, _ip),
    ("IP", _IPV4, _ip),
    ("PHONE", _PHONE, _phone),
)
