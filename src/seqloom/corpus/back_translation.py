"""The mark of a source that a teacher wrote for a text of people (Caswell et al. 2019, https://aclanthology.org/W19-5206).

With it in front a model tells such sources from those of people.
"""

TAG = "<BT>"


def tagged(source: str) -> str:
    """Return a source with the mark."""
    return f"{TAG} {source}"


def without_tag(source: str) -> str:
    """Return a source without the mark, if it has it."""
    return source.removeprefix(f"{TAG} ")
