"""Write reviews.csv: 480 sentences about a guest house, each with the guest's verdict.

    python data/make_reviews.py

"not" turns a word round, and two halves may disagree ("so so"), so a model has to see which words stand together.
"""

import csv
import random
from itertools import product
from pathlib import Path

THINGS = ("room", "breakfast", "garden", "view", "staff", "bed", "soup", "music", "shower", "bill")
PRAISE = ("lovely", "clean", "friendly", "excellent", "fresh", "charming")
BLAME = ("awful", "dirty", "rude", "stale", "dreadful", "noisy")
HOW = ("", "really ", "quite ", "so ")
OPENINGS = ("", "honestly, ", "we stayed a week: ", "this time ")

Review = tuple[str, str]


def halves() -> list[tuple[str, bool]]:
    """What can be said of one thing, and whether it is praise."""
    said = []
    for thing, how, word in product(THINGS, HOW, PRAISE + BLAME):
        praise = word in PRAISE
        said.append((f"the {thing} was {how}{word}", praise))
        said.append((f"the {thing} was not {how}{word}", not praise))
    return said


def review(chance: random.Random, said: list[tuple[str, bool]]) -> Review:
    """Two halves, and the verdict that follows."""
    (first, one), (second, other) = chance.sample(said, 2)
    verdict = ("good" if one else "bad") if one == other else "so so"
    return f"{chance.choice(OPENINGS)}{first}, {'and' if one == other else 'but'} {second}", verdict


def main() -> None:
    """Write 480 reviews, always the same."""
    chance, said = random.Random(2014), halves()
    rows = list(dict.fromkeys(review(chance, said) for _ in range(520)))[:480]
    with Path(__file__).with_name("reviews.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["review", "verdict"])
        table.writerows(rows)


if __name__ == "__main__":
    main()
