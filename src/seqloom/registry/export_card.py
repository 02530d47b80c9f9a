"""The section of a version's card on its exported backends."""

from mlflow.entities.model_registry import ModelVersion

from seqloom.registry.checkpoint_folder import OWN_BACKEND
from seqloom.registry.export_records import records_of


def other_forms(version: ModelVersion) -> str:
    """Return the card's section on the backends that `seqloom export` made."""
    records = list(records_of(version))
    if not records:
        return ""
    lines = [
        "| backend | MB | one text, p50 and p95 | score | difference (95 % interval) | the gate's rules |",
        "|---" * 6 + "|",
    ]
    for record in records:
        low, high = record.interval
        for backend, side in ((OWN_BACKEND, record.before), (record.backend, record.after)):
            cells = f"| {backend} | {side.megabytes:.1f} | {side.latency_p50:.1f} and {side.latency_p95:.1f} ms | "
            cells += f"{record.measure.label} {record.measure.shown(side.score, 2)} | "
            if side is record.after:
                gain, *ends = map(record.measure.change, (side.score - record.before.score, low, high))
                cells += f"{gain} ({ends[0]} to {ends[1]}) | {'hold' if record.passed else record.why} |"
            else:
                cells += " | |"
            lines.append(cells)
    for record in records:
        if record.advice:
            lines += ["", f"Measured then and there: {record.advice}."]
        if record.installed_by:
            lines += ["", f"Where it is loaded as {record.backend}, besides requirements.txt: `{record.installed_by}`"]
    return "\n## In other backends\n\n" + "\n".join(lines) + "\n"
