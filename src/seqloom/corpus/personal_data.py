"""Personal data in texts, replaced by typed placeholders such as [EMAIL_1] before anything is written.

Found are e-mail addresses, URLs with a user or password, IBANs and payment cards whose check digits are right (ISO 7064
MOD 97-10, Luhn), IP addresses, identity numbers of countries, phone numbers in international form or in the common
national ones, and names that a title, a salutation, a signature or the user's list tells. Postal addresses are not.
What is found in one text of a pair is replaced wherever else the pair has it.
"""

import ipaddress
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Self

from seqloom.corpus.identity_numbers import any_form, forms, luhn
from seqloom.corpus.person_names import NameList, names_by_cue
from seqloom.recipe.schema import CorpusSection

_LETTER = r"[^\W\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\ud7ff\uf900-\ufaff\uff00-\uffef]"
"""A letter, digit or _ of scripts with spaces; letters of the others stand next to an address and are no part of it."""
_ESCAPE = re.compile(
    r"\\u(00[0-9A-Fa-f]{2}|0[1-9A-Fa-f][0-9A-Fa-f]{2}|[1-9A-Ca-c][0-9A-Fa-f]{3})"
)  # of no control or half
_JOINED = re.compile(f"{_LETTER}{{2}}")
_MAYBE = re.compile(r"@|::|\d(?:\W{0,3}\d){6}|\d\.\d{1,3}\.\d|[0-9A-Fa-f]:[0-9A-Fa-f]{1,4}:|[A-Z]{2}\d{2} ?[A-Z0-9]")
_DIGITS = re.compile(r"\d(?:\D{0,3}\d){5}")  # as many as an identity number has at least
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
    r"|(?<!\d )0[1-9](?:[ .]\d\d){4}"  # 01 70 18 99 00
    r"|0\d{1,3}-\d{3,4}-\d{4}"  # 03-1234-5678
    r"|\([1-9]\d\) ?9?\d{4}[ -]\d{4}"  # (11) 91234-5678
    r"|8 ?\(\d{3,4}\) ?\d{2,3}[ -]\d\d[ -]\d\d"  # 8 (495) 123-45-67
    r")(?![A-Za-z0-9_]|[.,-]\d)",
    re.ASCII,
)
_NUMBER = re.compile(r"(?<![A-Za-z0-9_+.,/-])\(?\d[\d ()/.-]{4,20}\d(?![A-Za-z0-9_]|[.,-]\d)", re.ASCII)
_DATE = re.compile(r"(?:19|20)\d\d[-./ ]\d{1,2}[-./ ]\d{1,2}|\d{1,2}[-./ ]\d{1,2}[-./ ](?:19|20)\d\d")
_PHONE_NAME = re.compile(
    r"(?:(?<![^\W_])(?:tel|telefon|telefono|telefoon|teléfono|telefone|tél|téléphone|telephone|phone|fax|mobile?|cell|cel|"
    r"handy|portable|whatsapp|gsm|tlf|puh|телефон|тел|τηλ|هاتف|फ़ोन)|电话|手机|座机|電話|携帯|전화|휴대폰)[^\d\n(+]{0,10}$",
    re.IGNORECASE,
)
_WORDS = {
    "CARD": "payment cards",
    "EMAIL": "e-mail addresses",
    "IBAN": "IBANs",
    "ID": "identity numbers",
    "IP": "IP addresses",
    "NAME": "names",
    "PHONE": "phone numbers",
    "URL": "URLs with a password",
}
_CARD_DIGITS = {13: "4", 14: "3", 15: "3", 16: "23456", 19: "456"}  # number of digits, and what the first one may be
_SPACES = dict.fromkeys(  # kinds of space that a line of text may have
    map(ord, "\t\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"), " "
)
_BEFORE = 30  # characters before a number in which the word telephone may stand
_LEAST, _MOST = 7, 15  # digits of a phone number (ITU-T E.164)


class PersonalData:
    """Replaces personal data, pair by pair, and counts it by type."""

    def __init__(self, names: NameList | None = None) -> None:
        """Take names to look for beside those that the text tells."""
        self._names = names
        self.counts: Counter[str] = Counter()

    @classmethod
    def of(cls, section: CorpusSection) -> Self | None:
        """Return what replaces a recipe's personal data; None where it stays.

        Raises:
            UserError: the list of names cannot be read.
        """
        if section.privacy != "replace":
            return None
        return cls(NameList.read(section.name_list) if section.name_list else None)

    def replace(self, *texts: str) -> tuple[str, ...]:
        """Return the texts with placeholders; what is equal in them has one number."""
        pair, before = _Pair(texts), None
        while before != texts:  # what stood next to something that is replaced may be found now
            before = texts
            texts = tuple(self._replace(text, pair) for text in texts)
            if not pair.counts:
                break
            texts = tuple(pair.replace_known(texts))
        if pair.counts:
            self.counts.update(pair.counts)
        return texts

    def _replace(self, text: str, pair: "_Pair") -> str:
        maybe = _MAYBE.search(_spaced(text))
        for kind, pattern, find in _KINDS if maybe else ():
            text = pair.replace(text, kind, _places(text, pattern, find))
        for pattern, find in forms() if _DIGITS.search(text) and any_form().search(_spaced(text)) else ():
            text = pair.replace(text, "ID", _places(text, pattern, find))
        if maybe:
            text = pair.replace(text, "PHONE", _places(text, _PHONE, _phone))
            text = pair.replace(text, "PHONE", _places(text, _NUMBER, _named_phone))
        text = pair.replace(text, "NAME", sorted(names_by_cue(_spaced(text))))
        return pair.replace(text, "NAME", sorted(self._names.places(_spaced(text)))) if self._names else text


class _Pair:
    """Placeholders of texts that belong together."""

    def __init__(self, texts: Iterable[str]) -> None:
        self.counts: Counter[str] = Counter()  # by type
        self._given = texts
        self._numbers: dict[tuple[str, str], int] = {}  # by type and value
        self._kinds: dict[str, str] = {}  # of what was found, as it was written

    def replace(self, text: str, kind: str, places: Iterable[tuple[int, int]]) -> str:
        """Replace what stands at places of a text, in order; of two that overlap the first."""
        parts, done = [], 0
        for start, end in places:
            if start >= done:
                parts += [text[done:start], self._placeholder(kind, text[start:end])]
                done = end
        return "".join([*parts, text[done:]]) if parts else text

    def replace_known(self, texts: Iterable[str]) -> Iterator[str]:
        """Yield the texts without what was found elsewhere in them, where it is no part of a longer word."""
        values = sorted(self._kinds, key=len, reverse=True)
        for text in texts:
            for value in values:
                if value in text:
                    text = self.replace(text, self._kinds[value], _places_alone(text, value))
            yield text

    def _placeholder(self, kind: str, value: str) -> str:
        same = (kind, re.sub(r"[\W_]", "", value).casefold())
        number = self._numbers.get(same) or self._next_number(kind)
        self._numbers[same] = number
        self._kinds[value] = kind
        self.counts[kind] += 1
        return f"[{kind}_{number}]"

    def _next_number(self, kind: str) -> int:
        """Return a number that no value of this type has, nor a placeholder that stood in the texts before."""
        taken = [number for (other, _), number in self._numbers.items() if other == kind]
        before = [int(number) for text in self._given for number in re.findall(rf"\[{kind}_(\d{{1,6}})\]", text)]
        return 1 + max([0, *taken, *before])


def _places_alone(text: str, value: str) -> Iterator[tuple[int, int]]:
    """Yield where a value stands that no letter or digit continues."""
    start = text.find(value)
    while start >= 0:
        end = start + len(value)
        before, after = text[max(0, start - 1) : start] + value[0], value[-1] + text[end : end + 1]
        if not (_JOINED.fullmatch(before) or _JOINED.fullmatch(after)):
            yield start, end
        start = text.find(value, end)


def _places(text: str, pattern: re.Pattern[str], find: "_Find") -> Iterator[tuple[int, int]]:
    """Yield where something of a type stands."""
    looked_at = _spaced(text)
    found = pattern.search(looked_at)
    while found:
        end = found.start() + len(find(found))
        if end > found.start():
            yield found.start(), end
        found = pattern.search(looked_at, max(end, found.start() + 1))


def _spaced(text: str) -> str:
    """Return a text with a plain space for each space of another kind, as in numbers of a spreadsheet."""
    return text if text.isascii() and "\t" not in text else text.translate(_SPACES)


_Find = Callable[[re.Match[str]], str]  # the beginning of a match that is personal data, or an empty text


def unescaped(text: str) -> str:
    """Return a text with the escapes of JSON as characters, so that what they spell can be found."""
    return _ESCAPE.sub(lambda found: chr(int(found[1], 16)), text) if "\\u" in text else text


def replaced_in_words(counts: Mapping[str, int]) -> str:
    """Return the counts by type in words; never a text."""
    return ", ".join(f"{count:,} {_WORDS[kind]}" for kind, count in counts.items())


def _url(match: re.Match[str]) -> str:
    return match[0].rstrip(".,;:!?)]}")


def _email(match: re.Match[str]) -> str:
    return match[0].rstrip("-_")


def _iban(match: re.Match[str]) -> str:
    """Return the longest beginning with right check digits: words in capitals may follow."""
    found = match[0]
    for end in range(len(found), 14, -1):
        letters = re.sub("[ -]", "", found[:end])
        if len(letters) < 15:
            break
        ends_here = end == len(found) or found[end] in " -"
        if ends_here and int("".join(str(int(sign, 36)) for sign in letters[4:] + letters[:4])) % 97 == 1:
            return found[:end]
    return ""


def _card(match: re.Match[str]) -> str:
    digits = re.sub(r"\D", "", match[0])
    return match[0] if digits[0] in _CARD_DIGITS.get(len(digits), "") and luhn(digits) else ""


def _ip(match: re.Match[str]) -> str:
    found = match[0]
    try:
        address = ipaddress.ip_address(found)
    except ValueError:
        return ""
    code = ":" in found and (len(found) < len("fe80::1") or not any(map(str.isdigit, found)))  # such as a::b in C++
    return "" if code or address.is_loopback or address.is_unspecified else found


def _phone(match: re.Match[str]) -> str:
    found = match[0] if match[0].count("(") == match[0].count(")") else match[0].rstrip(")")
    return found if _LEAST <= sum(map(str.isdigit, found)) <= _MOST else ""


def _named_phone(match: re.Match[str]) -> str:
    """Return digits behind the word telephone, which need no form of their own."""
    before = match.string[max(0, match.start() - _BEFORE) : match.start()]
    return _phone(match) if _PHONE_NAME.search(before) and not _DATE.fullmatch(match[0]) else ""


_KINDS: tuple[tuple[str, re.Pattern[str], _Find], ...] = (
    ("URL", _URL, _url),
    ("EMAIL", _EMAIL, _email),
    ("IBAN", _IBAN, _iban),
    ("CARD", _CARD, _card),
    ("IP", _IPV6, _ip),
    ("IP", _IPV4, _ip),
)
