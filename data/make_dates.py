"""Write dates.tsv: 1,600 dates as people write them, each with its form by ISO 8601.

    python data/make_dates.py

Which of two numbers is the day follows from the words or signs around them, and a month may be a word or a number, so
the little corpus asks for a model that looks at single characters and at their order.
"""

import random
from datetime import date, timedelta
from pathlib import Path

FIRST, DAYS, ROWS = date(1901, 1, 1), 43_800, 1_600
SUFFIX = {1: "st", 2: "nd", 3: "rd", 21: "st", 22: "nd", 23: "rd", 31: "st"}


def written(day: date, random: random.Random) -> str:
    """The day as somebody may write it: British with words and slashes, American with the month before the day."""
    forms = (
        f"{day.day} {day:%B} {day.year}",
        f"{day.day} {day:%b} {day.year}",
        f"{day:%A}, {day.day} {day:%B} {day.year}",
        f"{day:%B} {day.day}{SUFFIX.get(day.day, 'th')}, {day.year}",
        f"{day:%b} {day.day}, {day.year}",
        f"the {day.day}{SUFFIX.get(day.day, 'th')} of {day:%B} {day.year}",
        f"{day.day}/{day.month}/{day.year}",
        f"{day:%d.%m.%Y}",
        f"{day.year}, {day:%B} {day.day}",
    )
    return random.choice(forms)


def main() -> None:
    """Write the file."""
    chance = random.Random(3)
    days = [FIRST + timedelta(days=number) for number in chance.sample(range(DAYS), ROWS)]
    lines = [f"{written(day, chance)}\t{day.isoformat()}" for day in days]
    text = "\n".join(["written\tiso", *lines, ""])
    Path(__file__).with_name("dates.tsv").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
