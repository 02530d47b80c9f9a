"""The section `registry` of a recipe."""

from typing import Literal

from pydantic import Field

from seqloom.recipe.sections.section import Count, Section

BackendName = Literal["torch", "ctranslate2", "ctranslate2-int8", "torch-int8"]
"""Backends of a version: torch as it was trained, the others made by `seqloom export`."""


class RegistrySection(Section):
    """How a version is presented in the registry, and the gate's rules for it to become the champion.

    Points are those of evaluation.metric, 0 to 100 (for a metric without an upper bound, percent of the champion's
    value); without a champion nothing is compared.
    """

    description: str = Field("", max_length=2000, description="What the model is for; shown in the MLflow registry.")
    license: str = Field("", max_length=200, description="License of the model and of its training text.")
    policy: Literal["better", "not-worse"] = Field(
        "better",
        description="better: significantly better than the champion (significance); not-worse: worse than the "
        "champion, and than the best champion so far, by at most tolerance.",
    )
    significance: float = Field(
        0.05,
        gt=0.0,
        lt=1.0,
        description="Largest p-value of the difference to the champion (probability by paired bootstrap).",
    )
    tolerance: float = Field(
        0.5,
        ge=0.0,
        le=100.0,
        description="Points below the champion that policy not-worse allows, and either policy on the old rows of "
        "several sources.",
    )
    slice_tolerance: float = Field(
        5.0,
        ge=0.0,
        le=100.0,
        description="Points below the champion that any slice (length, source, corpus file) may fall.",
    )
    slice_rows: Count = Field(25, description="Test rows that a slice needs to be judged; smaller ones are only shown.")
    beat_baselines: bool = Field(
        True,
        description="The metric must be better than every baseline of the task, or both the best possible.",
    )
    robustness: float = Field(
        0.0,
        ge=0.0,
        le=1.0,
        description="Share of the score that is kept under perturbations (test/robustness) at least; 0: no limit.",
    )
    terms_honored: float = Field(
        0.0,
        ge=0.0,
        le=1.0,
        description="Share of the glossary's terms in the test rows that answers use (test/terms_honored) at least; "
        "0: no limit. With decoding.glossary.",
    )
    carried_over: float = Field(
        0.0,
        ge=0.0,
        le=1.0,
        description="Share of the test rows with protected text whose answer carries it over without being put "
        "together from parts (test/carried_over) at least; 0: no limit. With decoding.protect.",
    )
    bertscore: float = Field(
        0.0,
        ge=0.0,
        le=1.0,
        description="BERTScore of the answers (test/bertscore, its F1) at least; 0: no limit. With "
        "evaluation.bertscore_model.",
    )
    exposure: float = Field(
        0.0,
        ge=0.0,
        le=30.0,
        description="Bits of exposure of the canaries in the training text (test/exposure) on average at most: about "
        "1.4 of what a model has not learned, 30 of what it knows by heart; 0: no limit. With corpus.canaries.",
    )
    latency_p95: float = Field(
        0.0, ge=0.0, description="Milliseconds for one text on this CPU at most, as 95th percentile; 0: no limit."
    )
    megabytes: float = Field(
        0.0, ge=0.0, description="Size of the version's files at most, in 10^6 bytes; 0: no limit."
    )
    price_per_hour: float = Field(
        0.0,
        ge=0.0,
        description="Price of an hour of the machine, in a currency of yours; reports say what the training and a "
        "thousand answers cost by it; 0: not stated.",
    )
    backend: BackendName = Field(
        "torch",
        description="Backend that each version is exported to, for CPUs, besides its own; torch: its own alone.",
    )
    approval: Literal["automatic", "manual"] = Field(
        "automatic",
        description="automatic: the gate alone decides; manual: a person sees the evidence in the Prefect UI and "
        "decides.",
    )
    approval_hours: float = Field(
        24.0, gt=0.0, le=8760.0, description="Hours that the flow waits for approval; then it is declined."
    )
