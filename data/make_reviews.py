"""Write reviews.csv: 480 sentences about a guest house, each with the guest's verdict; remarks.txt: 1,500 without.

    python data/make_reviews.py

"not" turns a word round, and two halves may disagree ("so so"), so a model has to see which words stand together.
Remarks are raw text for recipes/pretrain.yaml. Words of the reviews stand in them beside others of the same kind.
"""

import csv
import random
from pathlib import Path

THINGS = ("room", "breakfast", "garden", "view", "staff", "bed", "soup", "music", "shower", "bill")
PRAISE = ("lovely", "clean", "friendly", "excellent", "fresh", "charming")
BLAME = ("awful", "dirty", "rude", "stale", "dreadful", "noisy")
MORE_THINGS = ("terrace", "pillow", "coffee", "lift", "balcony", "towel")
MORE_PRAISE = ("splendid", "quiet", "polite", "tidy")
MORE_BLAME = ("shabby", "cold", "broken", "damp")
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


def remark(chance: random.Random) -> str:
    """Two halves of one opinion: in each, words of the reviews may stand for others."""
    words = chance.choice((PRAISE + MORE_PRAISE, BLAME + MORE_BLAME))
    things = chance.sample(THINGS + MORE_THINGS, 2)
    first, second = (f"the {thing} was {chance.choice(HOW)}{chance.choice(words)}" for thing in things)
    return f"{chance.choice(OPENINGS)}{first}, and {second}"


def main() -> None:
    """Write 480 reviews and 1,500 remarks, always the same."""
    chance = random.Random(2014)
    rows = list(dict.fromkeys(review(chance) for _ in range(520)))[:480]
    with Path(__file__).with_name("reviews.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["review", "verdict"])
        table.writerows(rows)
    remarks = list(dict.fromkeys(remark(chance) for _ in range(1600)))[:1500]
    text = "".join(f"{line}\n" for line in remarks)
    Path(__file__).with_name("remarks.txt").write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
