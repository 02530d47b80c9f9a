"""Write notices.jsonl: 400 notes to the guests and the staff of a guest house, each with its subject.

    python data/make_notices.py

What the subject says stands in the second sentence of the note: a model has to find it behind a greeting, and to copy
the number of the room.
"""

import json
import random
from pathlib import Path

GREETINGS = ("Dear guests.", "Good morning, everybody!", "Hello from the kitchen.", "A word from the office.")
THINGS = ("boiler", "lift", "window", "lamp", "carpet", "heating", "kettle", "door")
DOING = {"repaired": "repair", "cleaned": "cleaning", "replaced": "replacement", "inspected": "inspection"}
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
BY = ("Okonkwo", "Lindqvist", "Baranova", "Tanaka", "Moreau", "Haddad", "Kowalski", "Ferreira", "Novak", "Byrne")
AFTER = (
    "Please leave the key at the desk.",
    "It takes an hour, and nobody has to be there.",
    "We are sorry for the noise.",
    "Breakfast is served as usual.",
    "Ask at the desk if that does not suit you.",
)
OTHER_SENTENCES = 3  # sentences behind the one that counts, at most


def notice(chance: random.Random) -> dict[str, str]:
    """A note and its subject."""
    thing, (done, noun), day = chance.choice(THINGS), chance.choice(list(DOING.items())), chance.choice(DAYS)
    room, who = chance.randint(1, 60), chance.choice(BY)
    told = f"On {day} the {thing} of room {room} is going to be {done} by {who}."
    behind = chance.sample(AFTER, chance.randint(1, OTHER_SENTENCES))
    return {
        "note": " ".join((chance.choice(GREETINGS), told, *behind)),
        "subject": f"{thing.capitalize()} {noun}, room {room}, {day}",
    }


def main() -> None:
    """Write 400 notes, always the same."""
    chance = random.Random(2017)
    rows = {row["note"]: row for row in (notice(chance) for _ in range(420))}
    lines = [json.dumps(row) + "\n" for row in list(rows.values())[:400]]
    Path(__file__).with_name("notices.jsonl").write_text("".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
