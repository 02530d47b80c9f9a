"""Vectors drawn at random lie where those of texts lie."""

from pathlib import Path

import pytest
import torch

from seqloom.models.latent_space import VectorSpace


def vectors(texts: int, width: int, rank: int, seed: int = 0) -> torch.Tensor:
    """Vectors `(texts, width)` in a part of the space of `rank` dimensions, away from zero."""
    random = torch.Generator().manual_seed(seed)
    return 3.0 + torch.randn(texts, rank, generator=random) @ torch.randn(rank, width, generator=random)


@pytest.mark.parametrize(("texts", "width", "rank"), [(4, 16, 8), (400, 6, 6), (400, 12, 3), (1, 5, 2)])
def test_the_axes_are_the_covariance(texts: int, width: int, rank: int) -> None:
    seen = vectors(texts, width, rank)
    space = VectorSpace.of(seen)
    wanted = torch.cov(seen.T.double()) if texts > 1 else torch.zeros(width, width).double()
    assert torch.allclose((space.axes.T @ space.axes).double(), wanted, atol=1e-3)
    assert torch.allclose(space.mean, seen.mean(dim=0), atol=1e-5)
    assert len(space.axes) == min(texts - 1, width, rank)


def test_what_is_drawn_has_mean_and_covariance_of_the_texts() -> None:
    seen = vectors(50, 5, 3)
    drawn = VectorSpace.of(seen).draw(20_000, seed=1)
    assert torch.allclose(drawn.mean(dim=0), seen.mean(dim=0), atol=0.1)
    assert torch.allclose(torch.cov(drawn.T), torch.cov(seen.T), atol=0.4)


def test_nothing_is_drawn_where_no_text_can_be() -> None:
    """Four texts differ in three directions: what is drawn is a mixture of them."""
    seen = vectors(4, 32, 10)
    drawn = VectorSpace.of(seen).draw(8, seed=5) - seen.mean(dim=0)
    basis = torch.linalg.qr((seen - seen.mean(dim=0))[:3].T).Q  # (D, 3)
    assert torch.allclose(drawn @ basis @ basis.T, drawn, atol=1e-3)
    assert drawn.norm(dim=1).min() > 0


def test_a_seed_is_a_sequence(tmp_path: Path) -> None:
    space = VectorSpace.of(vectors(9, 7, 4))
    space.save(tmp_path)
    read = VectorSpace.load(tmp_path)
    assert torch.equal(read.draw(5, seed=3)[:2], space.draw(2, seed=3))
    assert not torch.equal(space.draw(2, seed=3), space.draw(2, seed=4))
