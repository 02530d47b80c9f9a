"""The highest scores by blocks are those of an ordering of the whole vocabulary."""

import pytest
import torch

from seqloom.decoding.search_scores import BLOCK, top_tokens


@pytest.mark.parametrize("vocabulary", [3, BLOCK, 10 * BLOCK - 1, 40 * BLOCK, 40 * BLOCK + 7])
@pytest.mark.parametrize("count", [1, 5, 19])
def test_the_highest_scores_by_blocks(vocabulary: int, count: int) -> None:
    scores = torch.randn(6, vocabulary, generator=torch.Generator().manual_seed(vocabulary + count))
    scores[0, : min(4, vocabulary)] = -torch.inf
    scores[1] = torch.arange(vocabulary)  # the highest lie in one block, or behind the last whole one
    values, tokens = top_tokens(scores, count)
    expected = scores.topk(min(count, vocabulary), dim=1)
    assert torch.equal(values, expected.values)
    assert torch.equal(scores.gather(1, tokens), values)
    assert all(len(set(row)) == len(row) for row in tokens.tolist())
