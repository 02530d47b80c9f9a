"""The section `registry` of a recipe."""

from typing import Literal

from pydantic import Field

from seqloom.recipe.sections.section import Count, Section

ServedForm = Literal["torch", "ctranslate2", "ctranslate2-int8", "torch-int8"]
"""What a version may answer in: as it was trained, or as `seqloom export` made of it."""


class Registry(Section):
    """How the version is presented to those who load it, and when it becomes the champion.

    It does if all rules hold. Points are those of evaluation.metric, 0 to 100 (percent
    of the champion's figure where it has no upper end); without a champion nothing is compared.
    """

    description: str = Field("", max_length=2000, description="What the model is for; shown in the MLflow registry.")
    license: str = Field("", max_length=200, description="License of the model and of the text it learned from.")
    policy: Literal["better", "not-worse"] = Field(
        "better",
        description="better: above the champion by more than chance (significance); not-worse: below it, and below "
        "the best champion so far, by no more than tolerance.",
    )
    significance: float = Field(
        0.05, gt=0.0, lt=1.0, description="Probability of the difference by chance (paired bootstrap), at most."
    )
    tolerance: float = Field(0.5, ge=0.0, le=100.0, description="Points below the champion that not-worse allows.")
    slice_tolerance: float = Field(
        5.0, ge=0.0, le=100.0, description="Points below the champion that any slice (length, corpus file) may fall."
    )
    slice_rows: Count = Field(25, description="Test rows a slice has at least; smaller ones are shown, and not judged.")
    beat_baselines: bool = Field(
        True,
        description="The metric is better than that of every baseline of the task, or both are the best there is.",
    )
    latency_p95: float = Field(
        0.0, ge=0.0, description="Milliseconds for one text on this CPU, 95 of 100 texts, at most; 0 is no limit."
    )
    megabytes: float = Field(0.0, ge=0.0, description="Size of the version's files at most, 10^6 bytes; 0 is no limit.")
    form: ServedForm = Field(
        "torch", description="Form that each version is exported to beside its own, for CPUs; torch is its own alone."
    )
    approval: Literal["automatic", "manual"] = Field(
        "automatic", description="manual: a person sees the evidence in the Prefect UI and decides."
    )
    approval_hours: float = Field(
        24.0, gt=0.0, le=8760.0, description="Hours that the flow waits for a person; then the answer is no."
    )
