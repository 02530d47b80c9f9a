"""Write phrases.tsv: 600 English sentences of a small grammar, with their German translations.

    python data/make_phrases.py

German says by the ending of article and adjective what English says by the order of words, so the little corpus asks
for a model that looks at the gender of the noun and at its place in the sentence.
"""

import random
from itertools import product
from pathlib import Path

ANIMATE = {  # English: German noun and gender
    "dog": ("Hund", "m"),
    "bird": ("Vogel", "m"),
    "man": ("Mann", "m"),
    "cat": ("Katze", "f"),
    "cow": ("Kuh", "f"),
    "woman": ("Frau", "f"),
    "horse": ("Pferd", "n"),
    "child": ("Kind", "n"),
}
PLACES = {
    "garden": ("Garten", "m"),
    "forest": ("Wald", "m"),
    "kitchen": ("Küche", "f"),
    "city": ("Stadt", "f"),
    "house": ("Haus", "n"),
    "village": ("Dorf", "n"),
}
ADJECTIVES = {"big": "groß", "small": "klein", "old": "alt", "beautiful": "schön", "new": "neu", "quiet": "ruhig"}
SEEING = {"sees": "sieht", "hears": "hört", "loves": "liebt", "looks for": "sucht"}
RESTING = {"sleeps": "schläft", "plays": "spielt", "sings": "singt", "waits": "wartet"}

THE = {"m": "der", "f": "die", "n": "das"}  # nominative
A = {"m": "einen", "f": "eine", "n": "ein"}  # accusative
A_ENDING = {"m": "en", "f": "e", "n": "es"}
IN_THE = {"m": "im", "f": "in der", "n": "im"}  # dative

Pair = tuple[str, str]


def subject(adjective: str, noun: str) -> Pair:
    """The big dog: der große Hund."""
    german, gender = ANIMATE[noun]
    return f"the {adjective} {noun}", f"{THE[gender]} {ADJECTIVES[adjective]}e {german}"


def direct_object(adjective: str, noun: str) -> Pair:
    """A big dog, seen: einen großen Hund."""
    german, gender = ANIMATE[noun]
    article = "an" if adjective[0] in "aeiou" else "a"
    return f"{article} {adjective} {noun}", f"{A[gender]} {ADJECTIVES[adjective]}{A_ENDING[gender]} {german}"


def whereabouts(adjective: str, noun: str) -> Pair:
    """In the big garden: im großen Garten."""
    german, gender = PLACES[noun]
    return f"in the {adjective} {noun}", f"{IN_THE[gender]} {ADJECTIVES[adjective]}en {german}"


def joined(*parts: Pair) -> Pair:
    """The parts as one sentence, side by side."""
    english, german = zip(*parts, strict=True)
    return " ".join(english), " ".join(german)


def sentences() -> list[Pair]:
    """Every sentence of the grammar in which nobody meets their own kind."""
    subjects = [(noun, subject(adjective, noun)) for adjective, noun in product(ADJECTIVES, ANIMATE)]
    objects = [(noun, direct_object(adjective, noun)) for adjective, noun in product(ADJECTIVES, ANIMATE)]
    places = [whereabouts(adjective, noun) for adjective, noun in product(ADJECTIVES, PLACES)]
    meetings = [
        joined(who, verb, whom)
        for (one, who), verb, (other, whom) in product(subjects, SEEING.items(), objects)
        if one != other
    ]
    rests = [joined(who, verb, where) for (_, who), verb, where in product(subjects, RESTING.items(), places)]
    return meetings + rests


def main() -> None:
    """Write 600 of the sentences, always the same."""
    chosen = random.Random(2014).sample(sentences(), 600)
    lines = ["\t".join(pair) for pair in [("source", "target"), *chosen]]
    Path(__file__).with_name("phrases.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
