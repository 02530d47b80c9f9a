"""The version that an alias points to, replaced by its successor while requests are answered."""

import logging
import math
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

import pandas as pd

from seqloom.decoding.answers import Columns
from seqloom.errors import UserError
from seqloom.registry.checkpoint_folder import find_checkpoint
from seqloom.registry.known_answer_files import with_files
from seqloom.registry.model_uri import find_version, load_verified

if TYPE_CHECKING:
    from mlflow.models import Model
    from mlflow.pyfunc import PyFuncModel

logger = logging.getLogger(__name__)


class Observer(Protocol):
    """Callback after each request that was answered."""

    def __call__(self, sources: Sequence[object], answers: Columns, version: int) -> None:
        """Take the rows of a request, and the columns of its answers."""


@dataclass(frozen=True)
class Answering:
    """A version that is loaded."""

    number: int
    model: "PyFuncModel"

    def columns(self, texts: Sequence[str]) -> Columns | None:
        """Return answers as the version's own code makes them of texts; None if it takes more than a text.

        Raises:
            UserError: a mistake in the request, in the words of the version.
        """
        model: Any = self.model  # whose methods MLflow does not annotate
        if model.metadata.get_input_schema().input_names() != ["source"]:
            return None
        served = model.unwrap_python_model()
        predictor: Callable[[Sequence[str], Mapping[str, Any]], Columns] | None
        predictor = getattr(served, "predictor", None) or getattr(served, "answering", None)  # in versions of 0.1
        mistake: type[Exception] = getattr(served, "user_error", UserError)  # of the version's own modules
        try:
            return predictor(texts, {}) if predictor else None
        except mistake as error:
            raise UserError(str(error)) from None


class FollowedModel:
    """A model as MLflow's scoring server takes one. An answer is of one version, whatever happens meanwhile."""

    def __init__(
        self,
        uri: str,
        home: Path,
        backend: str,
        observe: Observer,
        memory: Path | None = None,
        rules: Path | None = None,
    ) -> None:
        """Load the version that `uri` (models:/NAME@ALIAS or models:/NAME/VERSION) names now.

        `memory` and `rules` are files of known answers in place of a version's own.

        Raises:
            UserError: there is none, it was changed, or it does not load.
        """
        self.uri = uri
        self._home, self._backend, self._observe = home, backend, observe
        self._memory, self._rules = memory, rules
        self._lock = threading.Lock()  # of loading: whoever calls follow
        self._answering = self._load(self._number())  # one attribute, so that a request sees both or neither change
        self._threads = _threads_of_torch()  # before any request: a search changes what a new thread begins with

    @property
    def version(self) -> int:
        """The number of the version that answers."""
        return self._answering.number

    @property
    def metadata(self) -> "Model":
        """MLflow's metadata of the model: all versions of a name take a column `source`."""
        return self._answering.model.metadata

    def predict(self, data: pd.DataFrame, params: Mapping[str, Any] | None = None) -> pd.DataFrame:
        """Return a row of answers for each row of `data`."""
        answering = self._answering
        answers = cast("pd.DataFrame", answering.model.predict(data, params=dict(params or {})))
        columns = {str(name): [*map(_unless_missing, answers[name].tolist())] for name in answers}
        self._observe(data["source"].tolist(), columns, answering.number)
        return answers

    def answer(self, texts: Sequence[str]) -> Columns | None:
        """Return the columns of `predict` for texts without parameters, or None if only `predict` can tell them."""
        answering = self._answering
        columns = answering.columns(texts)
        if columns:
            self._observe(texts, columns, answering.number)
        return columns

    def follow(self) -> None:
        """Load the version that the alias points to now, if it is another one; on any failure the present one stays."""
        with self._lock:
            try:
                number = self._number()
                if number == self.version:
                    return
                logger.info("%s is version %s now: loading it", self.uri, number)
                with _torch_threads(self._threads):
                    self._answering = self._load(number)
            except Exception as error:
                logger.warning("version %s goes on answering: %s", self.version, error)
                return
            logger.info("version %s answers", self.version)

    def _number(self) -> int:
        return int(find_version(self.uri, self._home).version)

    def _load(self, number: int) -> Answering:
        name = self.uri.removeprefix("models:/").partition("@")[0].partition("/")[0]
        try:
            model = load_verified(f"models:/{name}/{number}", self._backend)
            if self._memory or self._rules:
                self._answer_first(model, find_checkpoint(f"models:/{name}/{number}", self._home))
        except Exception as error:
            raise UserError(f"models:/{name}/{number}: cannot be served: {error}") from error
        return Answering(number, model)

    def _answer_first(self, model: "PyFuncModel", checkpoint: Path) -> None:
        """Let a version give the known answers of the files.

        Raises:
            UserError: a file cannot be read, or the version is of a release that knew no such answers.
        """
        loaded: Any = model  # whose methods MLflow does not annotate
        predictor: Any = getattr(loaded.unwrap_python_model(), "predictor", None)
        if not hasattr(predictor, "answer_first_by"):
            raise UserError("it was registered by a release without known answers: leave --memory and --rules out")
        generator = predictor.generator
        predictor.answer_first_by(
            with_files(self._memory, self._rules, checkpoint, generator.memory, generator.keeps_whitespace)
        )


def _unless_missing(value: object) -> object:
    """Return None for the NaN that a table has in its place."""
    return None if isinstance(value, float) and math.isnan(value) else value


def _threads_of_torch() -> int:
    """Return the threads that torch computes with in this thread; 0 if no version needed torch yet."""
    torch: Any = sys.modules.get("torch")
    return int(torch.get_num_threads()) if torch else 0


@contextmanager
def _torch_threads(count: int) -> Iterator[None]:
    """Let torch compute with so many threads in this thread, as a version that is loaded notes them; 0: as it does."""
    if not count:
        yield
        return
    from seqloom.decoding.search_threads import search_threads  # torch, which is there already

    with search_threads(count):
        yield
