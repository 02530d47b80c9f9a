"""What a run of data-to-model made, for the closing card and for scripts."""

from dataclasses import asdict, dataclass, field
from typing import Any

from seqloom.evaluation.examples import short_source
from seqloom.recipe.applications import application_of
from seqloom.shell_command import shell_word


@dataclass(frozen=True)
class Outcome:
    """What a run made."""

    model: str
    version: int
    aliases: list[str]
    gate: str  # whether the version is champion, and why
    run_id: str
    checkpoint: str
    metrics: dict[str, float]
    stages: dict[str, float | str]  # seconds, or "cached"
    flow_run: str
    prefect_url: str  # of the flow run, empty where Prefect is embedded
    mlflow_url: str  # of the version, empty where MLflow has no server
    task: str = "translation"
    champion: dict[str, float] | None = None  # its version, and the judged scores it was registered with
    examples: list[dict[str, str]] = field(default_factory=list)  # rank, source, reference, hypothesis
    verdict: str = "champion"  # or refused, declined, waiting
    lacks: list[str] = field(default_factory=list)  # what the corpus lacks, of a version that was refused

    @property
    def uri(self) -> str:
        """What `seqloom generate` and `mlflow.pyfunc.load_model` take."""
        return f"models:/{self.model}/{self.version}"

    @property
    def try_it(self) -> str:
        """The one command to try the model: to talk with it, or to ask it a source."""
        if application_of(self.task).dialogues:
            return f"seqloom chat {self.uri}"
        return f"seqloom generate {self.uri} {shell_word(short_source(self.examples, '…'))}"

    def as_json(self) -> dict[str, Any]:
        """Every field, for `--json`."""
        return asdict(self)
