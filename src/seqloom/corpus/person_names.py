"""Names of people in texts: after titles, in salutations and signatures, and by a list of the user's own.

A given name alone may be any word (Will, Rose, Lin), so without a list a name counts only where something says that
it is one: `Mr. Smith`, `Dear Jane,`, `Viele Grüße Jan`, and a common given name also where it begins or ends a text
as whom it calls and who signs: `Tom, …`, `… Thanks. Kay`. A list counts wherever its names stand, as whole words in
the case that is written there, or in capitals.
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import Self

import regex

from seqloom.corpus.given_names import GIVEN_NAMES
from seqloom.corpus.list_file import read_list
from seqloom.errors import UserError

_TITLES = (
    "Mr|Mrs|Ms|Miss|Messrs|Dr|Prof|Professor|Rev|MR|MRS|MS|DR|Herr|Herrn|Frau|HERR|FRAU|Mme|Mmes|MME|Mlle|Monsieur|"
    "Madame|Mademoiselle|Maître|Sr|Sra|Srta|Señor|Señora|Señorita|Doña|Dña|Sig|Signor|Signora|Dott|Senhor|Senhora|"
    "Dona|Dhr|Mevr|Mevrouw|Meneer|Heer|signor|signora|señor|señora|monsieur|madame|senhor|senhora|mevrouw|meneer|"
    "Fru|Fröken|Pani|г-н|г-жа|господин|госпожа|Господин|Госпожа"
)
_GREETINGS = (
    "Dear|Hi|Hello|Hey|Good morning|Good afternoon|Good evening|Hallo|Liebe|Lieber|Moin|Guten Tag|Guten Morgen|"
    "Guten Abend|Cher|Chère|Bonjour|Salut|Estimado|Estimada|Querido|Querida|Hola|Gentile|Caro|Cara|Egregio|Ciao|"
    "Prezado|Prezada|Olá|Beste|Hoi|Hej|Hei|Kära|Szanowna|Drogi|Droga|Cześć|Уважаемый|Уважаемая|Дорогой|Дорогая|"
    "Здравствуйте|Привет"
)
_CLOSINGS = (
    "Best regards|Kind regards|Warm regards|Regards|regards|Many thanks|Thanks|Thanks again|Thank you|Best wishes|"
    "Best|Cheers|Sincerely|Sincerely yours|Yours sincerely|Yours faithfully|Yours truly|Mit freundlichen Grüßen|"
    "Mit besten Grüßen|Freundliche Grüße|Herzliche Grüße|Viele Grüße|Beste Grüße|Liebe Grüße|Gruß|Cordialement|"
    "Bien à vous|Salutations|Un saludo|Saludos|Saludos cordiales|Atentamente|Atenciosamente|Abraços|"
    "Cordiali saluti|Distinti saluti|Met vriendelijke groet|Vriendelijke groet|Groeten|Med vänliga hälsningar|"
    "Med vänlig hälsning|Vänliga hälsningar|Mvh|Pozdrawiam|С уважением"
)


_OTHER_WORDS = (
    "all team everyone everybody anyone sir sirs madam customer customers client colleague colleagues friend "
    "friends member members partner partners student students user users guest guests reader readers parent "
    "parents valued ladies gentlemen there world folks both mr mrs ms miss dr prof professor president chairman "
    "chairwoman speaker minister secretary commissioner director ambassador chancellor judge doctor editor hiring "
    "manager support engineer analyst developer vice associate counsel sales the your my our this that if we you "
    "please welt mundo monde wereld mondo kunde kunden kundin kundinnen damen herren herr frau kollegen "
    "kolleginnen freunde freundinnen mitglieder gäste eltern präsident präsidentin vorsitzender kommissar "
    "kommissarin minister ministerin kanzler kanzlerin doktor direktor bürger client cliente clients clientes "
    "clienti collègues ami amie amis monsieur madame président présidente ministre commissaire docteur señor "
    "señora señores amigo amiga amigos colega colegas presidente presidenta ministro ministra signore signora "
    "doctor dottore colleghi senhor senhora doutor klant klanten collega collegas heer mevrouw dames heren "
    "voorzitter kund kunder vänner kollegor pani państwo клиент клиенты коллеги друзья господин госпожа"
)
_NOT_NAMES = frozenset(_OTHER_WORDS.split())
_FIRST_WORDS = frozenset(regex.findall(r"(?<=^|\|)\p{L}+", f"M|{_TITLES}|{_GREETINGS}|{_CLOSINGS}"))


def _any(phrases: str) -> str:
    """Return a pattern of phrases, the longer before what they begin with."""
    return "|".join(sorted(phrases.split("|"), key=len, reverse=True))


_LETTERS = re.compile(r"[^\W\d_]+")
_BEGIN = r"(?<![\p{L}\p{N}_'’-])"
_TITLE = rf"{_BEGIN}(?<!\.)(?:(?:{_any(_TITLES)})\.? |M\. )+"
_PARTICLES = r"(?:(?:von|van|de|der|den|dem|di|da|del|della|dos|du|la|le|ten|ter|zu|zum|bin|ibn|al|el|af|av) )*"
_WORD = r"(?:[DLO]['’])?\p{Lu}[\p{Ll}\p{M}]+(?:[-'’]?\p{Lu}[\p{Ll}\p{M}]+)*|\p{Lu}\.(?:-?\p{Lu}\.)*"
_NAME = rf"(?:{_PARTICLES}(?:{_WORD})(?: {_PARTICLES}(?:{_WORD})){{0,2}}|\p{{Lu}}{{3,}})"
_AFTER = r"(?![\p{L}\p{N}_])"
_TITLED = rf"{_TITLE}(?P<name>{_NAME}){_AFTER}"
_GREETED = (
    rf"{_BEGIN}(?:{_any(_GREETINGS)}),? (?P<name>{_NAME})(?: (?:and|und|et|y|e|en|och|i|и|&) (?P<name>{_NAME}))?"
    r"(?=\s*(?:[,:!;—–\n]|-(?!\p{L})|\.?\s*$))"
)
_CLOSED = rf"{_BEGIN}(?:{_any(_CLOSINGS)})[,!.:]?\s{{1,4}}(?P<name>{_NAME})(?=\.?\s*(?:\n|$))"
_CALLED = regex.compile(
    rf"\s*(?P<name>{_WORD})(?: (?:and|und|et|y|e|en|och|&) (?P<name>{_WORD}))?\s?(?:[,:!]|[-–—](?!\p{{L}}))"
)
_SIGNED = regex.compile(rf"[.!?,)\n-]\s*(?P<name>{_WORD})(?: (?P<name>{_WORD})){{0,2}}\.?\s*$")
_SIGNATURE = 60  # characters of a name at the end
_A_WORD = regex.compile(rf"{_WORD}|\p{{Lu}}{{3,}}")
_SPACELESS_SCRIPTS = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]"
_SPACELESS = regex.compile(_SPACELESS_SCRIPTS)
_TOKEN = regex.compile(rf"(?:(?!{_SPACELESS_SCRIPTS})[\p{{L}}\p{{M}}\p{{N}}_])+")


@cache
def _cues() -> "tuple[regex.Pattern[str], ...]":
    """Return the patterns of what begins at one of the first words; compiled where they are needed first."""
    return tuple(map(regex.compile, (_TITLED, _GREETED, _CLOSED)))


def names_by_cue(text: str) -> Iterator[tuple[int, int]]:
    """Yield where words of names stand that a title, a salutation or a signature tells."""
    yield from _given_names(text)
    for word in _LETTERS.finditer(text):
        if word[0] in _FIRST_WORDS:
            for cue in _cues():
                found = cue.match(text, word.start())
                for start, end in found.spans("name") if found else ():
                    yield from _words(text, start, end)


def _given_names(text: str) -> Iterator[tuple[int, int]]:
    """Yield where common names stand that begin a text, as whom it calls, or end it, as who signs."""
    called, signed = _CALLED.match(text), _SIGNED.search(text, max(0, len(text) - _SIGNATURE))
    if called:
        yield from (place for place in called.spans("name") if text[slice(*place)] in GIVEN_NAMES)
    if signed and signed.captures("name")[0] in GIVEN_NAMES:
        for start, end in signed.spans("name"):
            yield from _words(text, start, end)


def _words(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield the words of a name; one that begins with what is no name is none."""
    for number, word in enumerate(_A_WORD.finditer(text, start, end)):
        if word[0].casefold().rstrip(".") in _NOT_NAMES:
            if number == 0:
                return
            continue
        if len(word[0].strip(".-")) > 1 and not word[0].endswith("."):  # an initial says little
            yield word.span()


class NameList:
    """Names of a file; a name of several words stands as a whole."""

    def __init__(self, names: frozenset[str]) -> None:
        """Take the names, with single spaces."""
        spaceless = sorted((name for name in names if _SPACELESS.search(name)), key=lambda name: (-len(name), name))
        self._anywhere = regex.compile("|".join(map(regex.escape, spaceless))) if spaceless else None
        self._by_first: dict[str, list[str]] = {}
        for name in sorted(names - set(spaceless), key=lambda name: (-len(name), name)):
            for written in dict.fromkeys((name, name.upper())):
                first = _TOKEN.match(written)
                if first:
                    self._by_first.setdefault(first[0], []).append(written)

    @classmethod
    def read(cls, location: str, field: str = "corpus.name_list") -> Self:
        """Read a list: a name a line; empty lines and those that begin with # are left out.

        `field` of a recipe, or the option of a command, names the file.

        Raises:
            UserError: the file is missing, empty, too large or not UTF-8.
        """
        names = frozenset(read_list(location, field, "names"))
        if short := next((name for name in sorted(names) if len(name) < 2 or not name[0].isalpha()), ""):
            raise UserError(
                f"{location}: {field}: {short!r} is no name that can be told from other text; write names of 2 letters "
                "at least"
            )
        return cls(names)

    def places(self, text: str) -> Iterator[tuple[int, int]]:
        """Yield where the names stand, the longest of those that begin at a word."""
        done = 0
        for token in _TOKEN.finditer(text):
            for name in self._by_first.get(token[0], ()) if token.start() >= done else ():
                end = token.start() + len(name)
                if text.startswith(name, token.start()) and not _TOKEN.match(text, end):
                    yield token.start(), end
                    done = end
                    break
        if self._anywhere:
            yield from (found.span() for found in self._anywhere.finditer(text))
