"""The list of answers that `decoding.choices` allows: a line each."""

from functools import lru_cache


@lru_cache(maxsize=64)
def read_choices(text: str) -> tuple[str, ...]:
    """Return the choices in order, without empty lines, space around them and repetitions."""
    return tuple(dict.fromkeys(line.strip() for line in text.split("\n") if line.strip()))
