"""Few texts are searched for on one thread, many on those that there were when the model was loaded."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from seqloom.decoding import torch_backend
from seqloom.decoding.hypothesis import Hypothesis
from seqloom.decoding.search_threads import HYPOTHESES_OF_A_THREAD, search_threads, threads_for
from seqloom.decoding.torch_backend import TorchBackend
from seqloom.recipe.schema import DecodingSection
from tests.decoding.test_search import SOURCES, model_with_sharp_opinions


@given(st.integers(0, 10_000), st.integers(1, 64))
def test_more_texts_never_have_fewer_threads_nor_more_than_there_are(hypotheses: int, most: int) -> None:
    assert 1 <= threads_for(hypotheses, most) <= threads_for(hypotheses + 1, most) <= most
    assert threads_for(min(hypotheses, HYPOTHESES_OF_A_THREAD - 1), most) == 1


def test_the_threads_of_before_come_back() -> None:
    before = torch.get_num_threads()
    with search_threads(before + 1):
        assert torch.get_num_threads() == before + 1
    assert torch.get_num_threads() == before


def test_a_text_is_searched_for_on_one_thread_and_many_on_all(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []

    def searched(_: object, __: object, prompt: torch.Tensor, *___: object) -> list[Hypothesis]:
        seen.append(torch.get_num_threads())
        return [Hypothesis([2], 0.0)] * len(prompt)

    def ask(sources: Sequence[list[int]]) -> None:
        backend.search([*sources], [3] * len(sources), DecodingSection(beam_size=1), range(len(sources)))

    monkeypatch.setattr(torch_backend, "greedy_search", searched)
    with search_threads(3):
        backend = TorchBackend(model_with_sharp_opinions())
    with ThreadPoolExecutor(1) as server:  # whose threads know nothing of the one that loaded the model
        for sources in (SOURCES[:1], SOURCES[:1] * HYPOTHESES_OF_A_THREAD, SOURCES[:1] * 4 * HYPOTHESES_OF_A_THREAD):
            server.submit(ask, sources).result()
    assert seen == [1, 2, 3]
