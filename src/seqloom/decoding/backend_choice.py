"""Choice of the fastest backend of a version on this machine, by a short measurement."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from seqloom.decoding.generator import Generator
from seqloom.decoding.generator_loader import load_generator
from seqloom.errors import UserError
from seqloom.recipe.recipe_json import read_recipe
from seqloom.vocabulary.special_tokens import SPECIAL_TOKENS

TRIAL_TOKENS = 12  # of the text that is answered for the measurement
ROUNDS = 5  # of the backends by turns, after one that is not counted


@dataclass(frozen=True)
class BackendChoice:
    """The backend that was chosen, and why."""

    backend: str
    milliseconds: Mapping[str, float]  # for one text, by backend
    skipped: Mapping[str, str]  # reasons, by backend

    @property
    def sentence(self) -> str:
        """Return what was measured and chosen."""
        ordered = sorted(self.milliseconds.items(), key=lambda each: each[1])
        times = ", ".join(f"{name} {value:.1f} ms" for name, value in ordered)
        skipped = "".join(f"; not {name}: {reason}" for name, reason in self.skipped.items())
        return f"backend {self.backend} answers, of one text: {times}{skipped}"


def choose_backend(folders: Mapping[str, Path]) -> BackendChoice:
    """Load each backend from its folder, let them answer a text by turns, and choose the one that is fastest.

    One that cannot be loaded here, or cannot decode as the recipe says, is skipped.

    Raises:
        UserError: none can be loaded.
    """
    loaded: dict[str, Generator] = {}
    skipped: dict[str, str] = {}
    for name, folder in folders.items():
        reason = _obstacle(name, folder)
        try:
            if not reason:
                loaded[name] = load_generator(folder)
                loaded[name].memory = None  # what is timed is the model
        except (UserError, ImportError) as error:
            reason = str(error)
        if reason:
            skipped[name] = reason
    if not loaded:
        raise UserError("; ".join(f"{name}: {reason}" for name, reason in skipped.items()))
    times: dict[str, list[float]] = {name: [] for name in loaded}
    for _ in range(ROUNDS + 1 if len(loaded) > 1 else 1):
        for name, generator in loaded.items():
            times[name].append(seconds_of(generator))
    found = {name: 1000 * median(seconds[1:] or seconds) for name, seconds in times.items()}
    return BackendChoice(min(found, key=lambda name: found[name]), found, skipped)


def seconds_of(generator: Generator) -> float:
    """Return the seconds of one answer."""
    tokens = generator.source.tokens
    step = max(1, (len(tokens) - len(SPECIAL_TOKENS)) // TRIAL_TOKENS)
    [text] = generator.source.decode([list(range(len(SPECIAL_TOKENS), len(tokens), step))[:TRIAL_TOKENS]])
    started = time.perf_counter()
    generator.answer([text or "1"], generator.decoding)
    return time.perf_counter() - started


def _obstacle(backend: str, folder: Path) -> str:
    """Return why a backend cannot decode as the recipe says, or nothing."""
    decoding = read_recipe(folder).decoding
    if not backend.startswith("ctranslate2"):
        return ""
    if decoding.method == "sample":
        return "it cannot sample (decoding.method)"
    return "it has no constrained search (decoding.glossary)" if decoding.glossary else ""
