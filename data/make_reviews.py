"""Write reviews.csv: 480 sentences about a guest house, each with the guest's verdict.

    python data/make_reviews.py

"not" turns a word round, and two halves may disagree ("so so"), so a model has to see which words stand together.
"""

import csv
import random
from pathlib import Path

THINGS = ("room", "breakfast", "garden", "view", "staff", "bed", "soup", "music", "shower", "bill")
PRAISE = ("lovely", "clean", "friendly", "excellent", "fresh", "charming")
BLAME = ("awful", "dirty", "rude", "stale", "dreadful", "noisy")
HOW = ("", "really ", "quite ", "so ")
TURNED = 0.2  # of all halves have a "not" in them
OPENINGS = ("", "honestly, ", "we stayed a week: ", "this time ")

Review = tuple[str, str]


def half(chance: random.Random) -> tuple[str, bool]:
    """What is said of one thing, and whether it is praise."""
    word = chance.choice(PRAISE + BLAME)
    praise, turned = word in PRAISE, chance.random() < TURNED
    return f"the {chance.choice(THINGS)} was {'not ' if turned else ''}{chance.choice(HOW)}{word}", praise != turned


def review(chance: random.Random) -> Review:
    """Two halves, and the verdict that follows."""
    (first, one), (second, other) = half(chance), half(chance)
    verdict = ("good" if one else "bad") if one == other else "so so"
    return f"{chance.choice(OPENINGS)}{first}, {'and' if one == other else 'but'} {second}", verdict


def main() -> None:
    """Write 480 reviews, always the same."""
    chance = random.Random(2014)
    rows = list(dict.fromkeys(review(chance) for _ in range(520)))[:480]
    with Path(__file__).with_name("reviews.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["review", "verdict"])
        table.writerows(rows)


if __name__ == "__main__":
    main()
