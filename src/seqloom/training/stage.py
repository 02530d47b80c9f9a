"""Training stage: from a dataset and vectors to a self-contained checkpoint folder."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from seqloom.corpus.feature_statistics import FeatureStatistics
from seqloom.corpus.source_context import CONTEXT_FILE
from seqloom.dataset.batch_factory import open_batches
from seqloom.dataset.bucketed_batches import BucketedBatches
from seqloom.dataset.length_limit import LengthLimit
from seqloom.dataset.position_limit import check_lengths
from seqloom.models.encoder_decoder import EncoderDecoder
from seqloom.models.latent_space import VectorSpace
from seqloom.models.model_factory import Sizes, build_model, save_checkpoint
from seqloom.models.pretrained_embeddings import set_pretrained_vectors
from seqloom.progress import Progress
from seqloom.recipe.recipe_json import write_recipe
from seqloom.recipe.recipe_rules import window_of
from seqloom.training.data_parallel import SingleProcess
from seqloom.training.device import choose_device
from seqloom.training.ngram_features import char_ngrams_of, ngrams_of
from seqloom.training.ngram_fit import FittedTables, TopNgrams, fit, fit_mixture, top_ngrams
from seqloom.training.resource_cost import CostMeter
from seqloom.training.trainer import Observe, Trainer
from seqloom.training.training_history import write_history
from seqloom.training.training_job import TrainingJob
from seqloom.training.warm_start import PARENT_FOLDER, continue_from, start_encoder
from seqloom.vectors.embedding_matrix import load_vectors
from seqloom.vocabulary.special_tokens import SPECIAL_TOKENS, VOCABULARY_FILES, read_tokens

VECTORS_READ = 4_000  # for the vector space, or one batch more: enough for a covariance of some hundred numbers


def train_model(job: TrainingJob, observe: Observe, progress: Progress) -> dict[str, Any]:
    """Train in the job's workspace, resuming from a checkpoint there, and write the best model to its folder."""
    device = choose_device(job.recipe.training.device)
    with CostMeter(device.type) as meter:
        if job.recipe.training.processes * job.recipe.training.nodes == 1:
            facts = train_job(job, device, observe, progress, SingleProcess())
        else:
            from seqloom.training.distributed_launch import train_in_processes  # half a second that only this needs

            facts = train_in_processes(job, observe, progress)
    return {**facts, "cost": meter.cost().as_json()}


def train_job(
    job: TrainingJob, device: torch.device, observe: Observe, progress: Progress, group: SingleProcess
) -> dict[str, Any]:
    """Take part in a training; the first process writes the model and returns the facts of the stage."""
    recipe, section = job.recipe, job.recipe.training
    train, validation = (open_batches(recipe, job.dataset, split) for split in ("train", "validation"))
    check_lengths(recipe, job.dataset)
    statistics = FeatureStatistics.load(job.dataset)
    sizes, linear = replace(job.sizes, window=window_of(recipe), frames=statistics.width if statistics else 0), None
    facts: dict[str, Any] = {}
    if recipe.model.ngram_order and section.objective == "sequence":
        linear, facts["top_ngrams"] = _fit_linear(job, train, progress)
        sizes = replace(sizes, runs=len(linear.keys))
    model = _new_model(job, sizes, statistics)
    mixture = model.ngram_mixture
    if linear and mixture:
        linear.copy_to(mixture.linear)
    validate = job.scoring.build() if job.scoring and group.rank == 0 else _no_scores
    trainer = Trainer(model, train, validation, section, device, job.workspace, validate, observe, progress, group)
    position = trainer.run()
    if group.rank > 0:
        return {}
    scores = trainer.scores
    if mixture:
        fit_mixture(mixture, validation.in_order(), device)
        facts["mixture_weights"] = [round(share, 3) for share in mixture.shares.tolist()]
        _, scores = trainer.validation()
    if trainer.privacy_loss:
        facts["differential_privacy"] = {**trainer.privacy_loss.as_json(), "parent": section.start_from}
    _write_model(job, model, sizes, train)
    write_history(position.history, job.folder)
    return facts | {
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "device": str(device),
        "epochs": position.epoch,
        "most_epochs": section.epochs,
        "patience": section.patience,
        "best_epoch": position.best_epoch,
        "steps": position.step,
        "parent_share": trainer.parent_share,
        "validation": {name: round(value, 4) for name, value in scores.items()},
    }


def _fit_linear(job: TrainingJob, train: BucketedBatches, progress: Progress) -> tuple[FittedTables, TopNgrams]:
    """Fit the linear n-gram part of a classifier, the same in every process; return also its top n-grams per label."""
    progress(0, None, "updates", "the linear part")
    tokens, labels = (read_tokens(job.vocabulary / name) for name in VOCABULARY_FILES)
    labels = labels[len(SPECIAL_TOKENS) :]
    ngrams = ngrams_of(train.source, train.target, job.recipe.model.ngram_order, len(labels))
    fitted = fit(ngrams, char_ngrams_of(ngrams, tokens), len(labels))
    return fitted, top_ngrams(fitted, ngrams, tokens, labels)


def _new_model(job: TrainingJob, sizes: Sizes, statistics: FeatureStatistics | None) -> EncoderDecoder:
    """Return the model before its first update: drawn by the seed, with what the recipe says it starts from."""
    section = job.recipe.training
    torch.manual_seed(section.seed)
    model = build_model(job.recipe.model, sizes, section.objective)
    for side, embedding in (("source", model.source_embedding), ("target", model.target_embedding)):
        matrix = load_vectors(job.vectors, side)
        if matrix is not None and not (side == "target" and section.objective == "masked"):
            set_pretrained_vectors(embedding, matrix, section.freeze_embeddings)
    if section.start_encoder_from:
        start_encoder(model, Path(section.start_encoder_from), job.vocabulary)
    if model.frame_projection is not None and statistics:
        model.frame_projection.mean.copy_(torch.tensor(statistics.mean))
        model.frame_projection.deviation.copy_(torch.tensor(statistics.deviation))
    if section.start_from:
        continue_from(model, job.workspace / PARENT_FOLDER)
    return model


def _write_model(job: TrainingJob, model: EncoderDecoder, sizes: Sizes, train: BucketedBatches) -> None:
    """Write the model to the job's folder, with everything that decoding reads beside its weights."""
    save_checkpoint(model.cpu(), sizes, job.folder)
    if model.decoder.writes_from_summary:
        _fit_vector_space(model, train).save(job.folder)
    write_recipe(job.recipe, job.folder)
    LengthLimit.load(job.dataset).save(job.folder)
    if (job.dataset / CONTEXT_FILE).is_file():
        shutil.copyfile(job.dataset / CONTEXT_FILE, job.folder / CONTEXT_FILE)
    for name in VOCABULARY_FILES:
        shutil.copyfile(job.vocabulary / name, job.folder / name)


@torch.inference_mode()
def _fit_vector_space(model: EncoderDecoder, batches: BucketedBatches) -> VectorSpace:
    """Fit the vector space of a model on the CPU, from the first texts of a shuffled epoch."""
    model.eval()
    vectors: list[torch.Tensor] = []
    for rows, _ in batches.epoch(seed=0, epoch=0):
        batch = batches.batch(rows)
        vectors.append(model.encode(batch.source, batch.frames).summary)
        if sum(map(len, vectors)) >= VECTORS_READ:
            break
    return VectorSpace.of(torch.cat(vectors))


def _no_scores(_model: EncoderDecoder) -> dict[str, float]:
    """Return no scores: the validation loss selects, or another process scores."""
    return {}
