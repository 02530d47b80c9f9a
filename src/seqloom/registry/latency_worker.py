"""A worker process in which nothing has run yet: it measures the latency of a version's backends, by turns."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from seqloom.corpus.worker_processes import WorkerTask, answer_of, process_answers, read_answer, serve
from seqloom.recipe.schema import DecodingSection
from seqloom.registry import latency_measurement
from seqloom.registry.latency_benchmark import load_version
from seqloom.registry.latency_measurement import Latency

REMEDY = "export it where there is more"


def backend_latencies(
    uri: str, sources: Sequence[str], decoding: DecodingSection, backends: Sequence[Mapping[str, str] | None]
) -> list[Latency]:
    """Return the latency of each backend, a `model_config`; None is the version's own.

    Raises:
        UserError: no process answers, as where memory is short.
    """
    asked: dict[str, Any] = {
        "uri": uri,
        "sources": [*sources],
        "decoding": decoding.model_dump(),
        "backends": [*backends],
    }
    asked["rounds"] = latency_measurement.ROUNDS
    task = WorkerTask(json.dumps(asked), uri, REMEDY)
    with process_answers("seqloom.registry.latency_worker", [task], workers=1, ahead=1) as answers:
        found = read_answer(next(answers))
    return [Latency(**each) for each in found["latencies"]]


def answer(task: str) -> str:
    """Return the latencies that a task asks for."""
    asked = json.loads(task)

    def measured() -> dict[str, Any]:
        decoding = DecodingSection(**asked["decoding"])
        versions = [load_version(asked["uri"], decoding, each)[1] for each in asked["backends"]]
        return {
            "latencies": [
                asdict(each) for each in latency_measurement.by_turns(versions, asked["sources"], asked["rounds"])
            ]
        }

    return answer_of(measured, asked["uri"])


if __name__ == "__main__":
    serve(answer)
