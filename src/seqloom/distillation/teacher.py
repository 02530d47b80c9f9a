"""Teachers: models that answer texts, to be learned from."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from seqloom.artifact.digest import digest_of_folder
from seqloom.errors import UserError

if TYPE_CHECKING:
    from seqloom.decoding.generator import Generator


@dataclass(frozen=True)
class TeacherReply:
    """Answers of a teacher to one text."""

    answers: tuple[str, ...]  # empty where it failed
    tokens: int = 0  # read and written, as the teacher counts them
    failure: str = ""  # by which failures are counted
    detail: str = ""  # what a server said of this one


class BudgetSpent(Exception):
    """No more may be asked; the replies so far stand. Its words are what was spent."""


class Teacher(Protocol):
    """A model that answers texts."""

    identity: str  # decides, with the text, whether an answer is known already

    def ask(self, texts: Sequence[str]) -> Iterator[tuple[int, TeacherReply]]:
        """Yield the index of each text with the reply to it, as the replies come.

        Raises:
            UserError: the teacher answers nobody: a wrong key, model or address.
            Unreachable: its server is away.
            BudgetSpent: the rest may not be asked.
        """


class LocalTeacher:
    """A registered version, a checkpoint or an export."""

    def __init__(self, generator: "Generator", identity: str) -> None:
        """Take the model, and the digest of its files."""
        self.identity = identity
        self.generator = generator

    def ask(self, texts: Sequence[str]) -> Iterator[tuple[int, TeacherReply]]:
        """Yield the reply to each text, in order; a text that the model cannot answer is a failure."""
        try:
            columns = self.generator.reply(list(texts), self.generator.decoding)
        except UserError as error:
            if len(texts) > 1:  # one of them
                for index, text in enumerate(texts):
                    yield from ((index, reply) for _, reply in self.ask([text]))
                return
            yield 0, TeacherReply((), failure=str(error))
            return
        for index, answer in enumerate(columns["prediction" if "prediction" in columns else "label"]):
            yield index, TeacherReply((answer,))


def load_teacher(checkpoint: Path, device: str = "auto") -> LocalTeacher:
    """Load a model of ours, by default on a GPU where there is one.

    Raises:
        UserError: the folder holds none, or there is no such device.
    """
    from seqloom.decoding.generator_loader import load_generator  # torch: seconds
    from seqloom.training.device import choose_device

    generator = load_generator(checkpoint)
    generator.backend.move(choose_device(device))
    return LocalTeacher(generator, digest_of_folder(checkpoint))
