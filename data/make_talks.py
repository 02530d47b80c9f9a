"""Write talks.txt: 400 dialogues at the desk of a guest house, one a line, __eou__ behind each turn.

    python data/make_talks.py

A guest names room and trouble once, and the desk says both again at the end: a model has to look back for them.
"""

import random
from pathlib import Path

HELLO = ("Good morning.", "Hello.", "Good evening.", "Excuse me.")
THINGS = ("lamp", "kettle", "shower", "window", "heating", "lift key", "radio", "door")
WRONG = ("does not work", "is broken", "makes a noise")
SORRY = ("I am sorry to hear that.", "That should not be.", "Thank you for telling us.")
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday")
TIMES = ("before breakfast", "at noon", "in the afternoon")
BYE = ("Thank you.", "That is kind of you.", "See you then.")
DIALOGUES = 400


def talk(chance: random.Random) -> str:
    """A dialogue in turns, the guest's first."""
    room, thing = chance.randint(1, 30), chance.choice(THINGS)
    turns = [
        f"{chance.choice(HELLO)} I am in room {room}, and the {thing} {chance.choice(WRONG)}.",
        f"{chance.choice(SORRY)} When may we look at the {thing}?",
        f"On {chance.choice(DAYS)} {chance.choice(TIMES)}.",
        f"Then somebody comes to room {room} for the {thing}.",
        chance.choice(BYE),
        "You are welcome.",
    ]
    return " __eou__ ".join(turns[: chance.choice((4, 6))]) + " __eou__"


def main() -> None:
    """Write them, always the same."""
    chance = random.Random(2016)
    lines = [talk(chance) + "\n" for _ in range(DIALOGUES)]
    Path(__file__).with_name("talks.txt").write_text("".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
