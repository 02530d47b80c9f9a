"""Prefect task of batch inference."""

from contextlib import nullcontext
from pathlib import Path

from prefect.artifacts import create_markdown_artifact, create_table_artifact
from prefect.logging import get_run_logger

from seqloom.artifact.home_folder import home_folder
from seqloom.batch_inference.generation_workers import GenerationWorkers
from seqloom.batch_inference.input_table import open_input
from seqloom.batch_inference.sharded_generation import BatchInference, BatchReport, run_batch_inference
from seqloom.batch_inference.unsure_rows import first_unsure
from seqloom.decoding.confidence import require_confidence
from seqloom.decoding.generator_loader import load_generator
from seqloom.recipe.recipe_json import read_recipe
from seqloom.registry.checkpoint_folder import describe_version, find_checkpoint
from seqloom.training.device import choose_device
from tasks.gpu_slots import slots
from tasks.prefect_client import call_prefect, prefect_is_embedded
from tasks.progress_artifacts import watched
from tasks.stage_runner import patient_task


@patient_task(name="generate", task_run_name="generate · {model}")
def generate_shards(
    model: str,
    file: str,
    to: str,
    column: str,
    kind: str,
    shard_rows: int,
    max_characters: int,
    workers: GenerationWorkers,
    backend: str,
    below: float,
) -> BatchReport:
    """Write the shards that are missing; a page in Prefect's UI has throughput, failures and answers to look at."""
    checkpoint, asked = find_checkpoint(model, home_folder(), backend), describe_version(model, backend)
    table = open_input(Path(file), kind, column, read_recipe(checkpoint).corpus.features)
    bulk = BatchInference(asked, checkpoint, table, shard_rows, max_characters)
    generator = load_generator(checkpoint)
    if below:
        require_confidence(generator, asked)
    target = choose_device(workers.device)
    needs_gpu = generator.backend.runs_on_gpu and target.type == "cuda" and not prefect_is_embedded()
    alone = slots(1) if needs_gpu else nullcontext()
    with alone, watched("generate", "batch-generate-progress") as progress:
        if not workers.is_needed:
            generator.backend.move(target)
        report = run_batch_inference(bulk, generator, Path(to), progress, below=below, workers=workers)
    get_run_logger().info("%s", report.headline)
    key, page = "batch-generate", _page(asked, file, report)
    call_prefect("the page", lambda: create_markdown_artifact(page, key=key, description=report.headline))
    if report.failures:
        line = f"{report.failed:,} rows without a prediction"
        call_prefect("the failures", lambda: create_table_artifact(report.failures, f"{key}-failures", line))
    if report.unsure:
        unsure = first_unsure(Path(report.unsure_file))
        told = f"{report.unsure:,} answers with a confidence below {below:g}"
        call_prefect("the answers to look at", lambda: create_table_artifact(unsure, f"{key}-unsure", told))
    return report


def _page(model: str, file: str, report: BatchReport) -> str:
    failures = f"- every failure with its reason: `{report.failures_file}`\n" if report.failed else ""
    failures += f"- every answer to look at: `{report.unsure_file}`\n" if report.unsure else ""
    return (
        f"## {model} over {file}\n\n{report.headline}\n\n"
        f"- {report.shards:,} shards in `{report.folder}`\n{failures}\n"
        "| | this run |\n|---|---:|\n"
        f"| rows | {report.rows - report.rows_before:,} |\n| seconds | {report.seconds:,.1f} |\n"
        f"| texts/s | {report.texts_per_second:,.1f} |\n| tokens/s, written | {report.tokens_per_second:,.1f} |\n\n"
        f"```python\nimport pandas as pd\n\npd.read_parquet({report.folder!r})\n```\n"
    )
