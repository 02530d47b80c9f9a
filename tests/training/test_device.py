import pytest
import torch

from seqloom.training.device import choose_device
from tests.training.small import mistake_of


@pytest.mark.parametrize(
    ("wanted", "there", "chosen"),
    [
        ("auto", False, "cpu"),
        ("auto", True, "cuda"),
        ("cpu", True, "cpu"),
        ("cpu", False, "cpu"),
        ("cuda", True, "cuda"),
    ],
)
def test_a_device(wanted: str, there: bool, chosen: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: there)
    assert choose_device(wanted).type == chosen


def test_a_gpu_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    sentence = mistake_of(lambda: choose_device("cuda"))
    assert "training.device is cuda" in sentence
    assert "set training.device to auto or cpu" in sentence
