"""An encoder that learned from sources alone, and what starts from it."""

from pathlib import Path
from typing import Any

import pytest
import torch

from seqloom.dataset.masked_batch import make_masked_batch
from seqloom.models.model_factory import build_model, read_checkpoint
from seqloom.recipe.recipe_json import read_recipe
from seqloom.training import stage
from seqloom.training.warm_start import _aligned
from seqloom.vocabulary.special_tokens import PADDING, SOURCE_FILE
from tests.training.small import SIZES, mistake_of, model_section, run_stage, same_bits, weights, write_home

CORPUS = torch.arange(4, SIZES.source, dtype=torch.int32).numpy()


def masked_batch(lengths: tuple[int, ...]) -> Any:
    random = torch.Generator().manual_seed(0)
    sources = [torch.randint(4, SIZES.source, (n,), generator=random).int().numpy() for n in lengths]
    return make_masked_batch(sources, [(0, row) for row in range(len(sources))], CORPUS)


@pytest.mark.parametrize("encoder", ["lstm", "cnn", "transformer"])
def test_a_reader_keeps_the_contract(encoder: str) -> None:
    """Steps equal the whole, padding changes nothing, and what was hidden is learned by heart."""
    torch.manual_seed(0)
    section = model_section(encoder=encoder, encoder_width=16, dropout=0.0)
    model = build_model(section, SIZES, "masked")
    batch = masked_batch((5, 9, 2))
    at_once = model.project(model(batch))
    memory = model.encode(batch.source)
    state = model.start(memory)
    for place, token in enumerate(batch.target_input.unbind(dim=1)):
        logits, state = model.step(token, state, memory)
        torch.testing.assert_close(logits, at_once[:, place], atol=1e-5, rtol=1e-4)
    alone = type(batch)(*(x[2:, :3] for x in (batch.source, batch.target_input, batch.target_output)), 1)
    torch.testing.assert_close(model(alone)[0], model(batch)[2, :3], atol=1e-5, rtol=1e-4)

    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(200):
        optimizer.zero_grad()
        loss = model.loss(batch, 0.0)
        loss.backward()
        assert all(parameter.grad is not None for parameter in model.parameters())
        optimizer.step()
    asked = batch.target_output != PADDING
    assert model.project(model(batch))[asked].argmax(dim=1).equal(batch.target_output[asked])


@pytest.mark.parametrize(("model", "labels"), [({}, False), ({"decoder": "classifier"}, True)])
def test_a_translator_or_a_classifier_starts_from_it(
    model: dict[str, Any], labels: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretrained, home = write_home(tmp_path / "pretrained"), write_home(tmp_path / "home", labels)
    facts = run_stage(pretrained, {}, {"objective": "masked"})
    assert facts["validation"]["validation/loss"] > 0
    begun: list[Any] = []
    start = stage.start_encoder

    def watched(fresh: Any, *places: Path) -> None:
        start(fresh, *places)
        begun.append((weights(fresh.encoder), weights(fresh.source_embedding)))

    monkeypatch.setattr(stage, "start_encoder", watched)
    run_stage(home, model, {"start_encoder_from": str(pretrained / "made")})
    learned = read_checkpoint(read_recipe(pretrained / "made").model, pretrained / "made", "masked")
    [(encoder, embedding)] = begun
    assert same_bits(encoder, weights(learned.encoder))
    assert same_bits(embedding, weights(learned.source_embedding))
    read_checkpoint(read_recipe(home / "made").model, home / "made")


@pytest.mark.parametrize(
    ("change", "parts"),
    [
        ({"encoder_width": 7}, ["encoder.", "is (24,) in", "and (28,) here", "the same vectors.width and encoder"]),
        ({"encoder": "gru"}, ["encoder.", "the same vectors.width and encoder"]),
        ({"encoder_layers": 2}, ["encoder.", "is absent in", "the same vectors.width and encoder"]),
    ],
)
def test_another_encoder_is_refused(change: dict[str, Any], parts: list[str], tmp_path: Path) -> None:
    pretrained = write_home(tmp_path / "pretrained")
    run_stage(pretrained, {}, {"objective": "masked", "epochs": 1})
    begin = {"start_encoder_from": str(pretrained / "made")}
    message = mistake_of(lambda: run_stage(write_home(tmp_path / "home"), change, begin))
    for part in [*parts, "training.start_encoder_from", str(pretrained)]:
        assert part in message


def test_a_folder_that_is_no_checkpoint_or_reads_by_another_vocabulary(tmp_path: Path) -> None:
    pretrained, home = write_home(tmp_path / "pretrained"), write_home(tmp_path / "home")
    begin = {"start_encoder_from": str(pretrained / "made")}
    assert "recipe.json is missing" in mistake_of(lambda: run_stage(home, {}, begin))
    run_stage(pretrained, {}, {"objective": "masked", "epochs": 1})
    (home / "vocabulary" / SOURCE_FILE).write_text("{ }", encoding="utf-8")
    message = mistake_of(lambda: run_stage(home, {}, begin))
    assert "another vocabulary; give both recipes the same corpus and vocabulary sections" in message


def test_new_embeddings_are_turned_into_the_space_of_the_old() -> None:
    """The old ones are those of the same tokens, rotated and twice as long, so new ones are too."""
    torch.manual_seed(0)
    fresh, old_tokens = torch.randn(9, 3), 6
    rotation = torch.linalg.qr(torch.randn(3, 3)).Q
    torch.testing.assert_close(_aligned(fresh, 2 * fresh[:old_tokens] @ rotation), 2 * fresh[old_tokens:] @ rotation)
