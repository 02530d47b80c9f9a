"""Known answers of a version (a translation memory and rules) in words; `known` is as its tag says them."""


def counts_of(known: str) -> str:
    """Return how many there are of each."""
    return known.partition(", sha256")[0]


def describe_known_answers(known: str) -> str:
    """Return what is answered before the model is asked, and what the scores are of."""
    return f"The version answers first from {counts_of(known)}; the scores are those of the model alone."
