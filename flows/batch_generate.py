"""Flow of batch inference: a registered model over a file or table, in shards, to Parquet."""

from datetime import datetime
from typing import Annotated, Literal

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run
from prefect.states import Completed
from pydantic import Field

from flows.parameters import checked_by_recipe_rules
from seqloom.batch_inference.generation_workers import GenerationWorkers
from seqloom.batch_inference.sharded_generation import BatchReport
from seqloom.recipe.sections.registry_section import BackendName
from seqloom.registry.checkpoint_folder import describe_version
from tasks.generation_task import generate_shards

Count = Annotated[int, Field(ge=1)]


def _run_name() -> str:
    asked = flow_run.parameters
    return f"{asked['file']} · {describe_version(asked['model'], asked['backend'])} · {datetime.now():%Y-%m-%d %H:%M}"


@flow(name="batch-generate", flow_run_name=_run_name, validate_parameters=False)
@checked_by_recipe_rules
def batch_generate(
    model: str,
    file: str,
    to: str,
    column: str = "source",
    file_format: Literal["auto", "lines", "tsv", "csv", "jsonl", "parquet"] = "auto",
    shard_rows: Count = 10_000,
    max_characters: Count = 5_000,
    device: Literal["auto", "cpu", "cuda"] = "auto",
    backend: BackendName = "torch",
    processes: Count = 1,
    scheduler: str = "",
    below: Annotated[float, Field(ge=0.0, le=1.0)] = 0.0,
) -> State[BatchReport]:
    """A model over every row of a file: its columns and the prediction to Parquet, what fails listed, resumable.

    Args:
        model: models:/NAME@champion, models:/NAME/VERSION, or a folder: a checkpoint or an export.
        file: The texts: a file on the machine that runs, also gzipped (Parquet excepted).
        to: Folder for the output. Each model and file has an output of its own in it, that a next run goes on with.
        column: Column or JSON key of the text; for lines the name that it gets.
        file_format: Format of the file; auto goes by its name, and takes what it does not know for lines of text.
        shard_rows: Rows in a shard; a kill costs the shard under way.
        max_characters: Characters of a text at most; a longer one is listed as a failure.
        device: Where the model runs; auto takes a GPU where there is one.
        backend: Which backend of a version answers: torch is its own; others, which are faster on a CPU, have to have
            been added to it by seqloom export or registry.backend.
        processes: Processes of this machine that answer; each loads the model.
        scheduler: Address of a Dask scheduler, such as tcp://10.0.0.5:8786, whose workers answer in their place: they
            need Seqloom, and SEQLOOM_HOME at the same path. The files are the same.
        below: List what a person should look at: answers with a confidence below it; 0: no list.
    """
    workers = GenerationWorkers(processes, scheduler, device)
    report = generate_shards(model, file, to, column, file_format, shard_rows, max_characters, workers, backend, below)
    return Completed(message=report.headline, data=report)
