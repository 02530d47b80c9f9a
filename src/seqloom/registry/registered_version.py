"""A registered version, as MLflow has it, and the tags that say what it was made from."""

from dataclasses import dataclass

KEY_TAG, VERDICT_KEY_TAG = "seqloom.key", "seqloom.verdict.key"
KEY_TAGS = {"registry": KEY_TAG, "gate": VERDICT_KEY_TAG}
"""Tags that hold the cache key of a version's making and that of its verdict."""


@dataclass(frozen=True)
class Version:
    """A registered version: name, number, aliases and run."""

    name: str
    number: int
    aliases: tuple[str, ...]
    run_id: str

    @property
    def uri(self) -> str:
        """Return the URI that `seqloom generate` and `mlflow.pyfunc.load_model` take."""
        return f"models:/{self.name}/{self.number}"
