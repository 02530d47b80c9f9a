"""Write diary.txt: 240 days of a guest house, four lines each and a blank one between two days.

    python data/make_diary.py

Who came stands in the first line of a day, and the others go on with that guest and that room: a language model that
sees a line alone cannot know them.
"""

import random
from pathlib import Path

GUESTS = {"Anna": "she", "Boris": "he", "Clara": "she", "David": "he", "Elena": "she", "Felix": "he"}
ROOMS = ("the blue room", "the green room", "the attic", "the room by the stairs")
WEATHER = (
    "It rained all day.",
    "The sun came out at noon.",
    "There was snow on the roof.",
    "The wind blew from the sea.",
)
WISHES = ("tea", "a lamp", "another blanket", "the key to the garden", "a map of the town")
AGAIN = ("left after breakfast", "stayed for another night", "went for a walk", "wrote letters until late")


def day(number: int, chance: random.Random) -> str:
    """The lines of a day."""
    guest, room, wish = chance.choice(list(GUESTS)), chance.choice(ROOMS), chance.choice(WISHES)
    who = GUESTS[guest]
    return (
        f"Day {number}. {guest} came and took {room}.\n"
        f"{chance.choice(WEATHER)}\n"
        f"{guest} asked for {wish}, and {who} had it at once.\n"
        f"In the evening {who} {chance.choice(AGAIN)}, and {room} was quiet.\n"
    )


def main() -> None:
    """Write 240 days, always the same."""
    chance = random.Random(2010)
    text = "\n".join(day(number, chance) for number in range(1, 241))
    Path(__file__).with_name("diary.txt").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
