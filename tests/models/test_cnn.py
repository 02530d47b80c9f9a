"""The convolutional encoder and decoder against torch's own convolution and attention in plain numpy."""

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from seqloom.models.cnn import ConvolutionalDecoder, ConvolutionalEncoder, GatedConvolution
from seqloom.models.encoder_memory import Memory
from seqloom.models.positional_encoding import sinusoids

E, D, C, T, S = 6, 8, 5, 4, 7


def by_torch(layer: GatedConvolution, inputs: Tensor, before: int, after: int) -> Tensor:
    """`(B, T, D)` through torch's convolution and gate."""
    kernel = layer.window.weight.view(2 * D, layer.kernel_size, D).transpose(1, 2)
    reached = F.pad(inputs, (0, 0, before, after)).transpose(1, 2)
    return F.glu(F.conv1d(reached, kernel, layer.window.bias), dim=1).transpose(1, 2)


def spread(module: torch.nn.Module) -> None:
    """Biases are zero at first, and a test would not see them."""
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            if name.endswith("bias"):
                parameter.normal_()


@pytest.mark.parametrize(("kernel", "before", "after"), [(3, 1, 1), (5, 2, 2), (4, 1, 2), (2, 0, 1)])
def test_the_encoder_by_torchs_convolution(kernel: int, before: int, after: int) -> None:
    torch.manual_seed(0)
    encoder = ConvolutionalEncoder(E, D, 3, kernel, "sinusoidal", 20, 0.0)
    spread(encoder)
    embedded = torch.randn(2, S, E)
    memory = encoder(embedded, torch.ones(2, S, dtype=torch.bool))

    entered = embedded * E**0.5 + sinusoids(S, E)
    states = F.linear(entered, encoder.in_proj.weight, encoder.in_proj.bias)
    for layer in encoder.layers:
        assert isinstance(layer, GatedConvolution)
        states = (by_torch(layer, states, before, after) + states) / 2**0.5
    keys = F.linear(states, encoder.out_proj.weight, encoder.out_proj.bias)
    torch.testing.assert_close(memory.keys, keys)
    torch.testing.assert_close(memory.states, (keys + entered) / 2**0.5)
    torch.testing.assert_close(memory.summary, memory.states.mean(dim=1))


def attended(query: np.ndarray, keys: np.ndarray, states: np.ndarray) -> np.ndarray:
    """One query `(E,)` to the softmax mean of states, scaled by m sqrt(1 / m) as the paper says."""
    exponentials = np.exp(keys @ query / np.sqrt(E))
    m = len(states)
    return exponentials / exponentials.sum() @ states * m * np.sqrt(1 / m)


@pytest.mark.parametrize("kernel", [2, 3, 4])
def test_the_decoder_by_torchs_convolution_and_numpy(kernel: int) -> None:
    torch.manual_seed(0)
    decoder = ConvolutionalDecoder(E, D, 2, kernel, C, "sinusoidal", 20, 0.0)
    spread(decoder)
    mask = torch.arange(S) < torch.tensor([[S], [3]])
    memory = decoder.prepare(Memory(torch.randn(2, S, C), mask, torch.randn(2, C), torch.randn(2, S, C)))
    assert memory.keys is not None
    embedded = torch.randn(2, T, E)
    features, _ = decoder.run(embedded, decoder.start(memory), memory)

    entered = embedded * E**0.5 + sinusoids(T, E)
    inputs = F.linear(entered, decoder.in_proj.weight, decoder.in_proj.bias)
    for layer in decoder.layers:
        states = by_torch(layer.convolution, inputs, kernel - 1, 0)
        queries = (F.linear(states, layer.attention.query.weight, layer.attention.query.bias) + entered) / 2**0.5
        contexts = np.zeros((2, T, C), dtype=np.float32)
        for row, length in enumerate((S, 3)):
            for place in range(T):
                contexts[row, place] = attended(
                    queries[row, place].detach().numpy(),
                    memory.keys[row, :length].detach().numpy(),
                    memory.states[row, :length].numpy(),
                )
        contexts = F.linear(torch.from_numpy(contexts), layer.attention.context.weight, layer.attention.context.bias)
        inputs = ((states + contexts) / 2**0.5 + inputs) / 2**0.5
    torch.testing.assert_close(features, F.linear(inputs, decoder.out_proj.weight, decoder.out_proj.bias))


def test_an_encoders_own_keys_are_compared_and_its_states_mixed() -> None:
    torch.manual_seed(0)
    encoder = ConvolutionalEncoder(E, D, 1, 3, "learned", 20, 0.0)
    decoder = ConvolutionalDecoder(E, D, 1, 3, encoder.memory_width, "learned", 20, 0.0)
    memory = encoder(torch.randn(2, S, E), torch.ones(2, S, dtype=torch.bool))
    assert decoder.prepare(memory).keys is memory.keys


def test_a_deep_stack_keeps_the_spread_of_its_inputs() -> None:
    """What the scales and the first weights of the paper are for."""
    torch.manual_seed(0)
    layers = [GatedConvolution(256, 3, 0.0) for _ in range(12)]
    states = torch.randn(1, 200, 256)
    for layer in layers:
        states = (layer(F.pad(states, (0, 0, 1, 1))) + states) / 2**0.5
    assert 0.8 < states.std().item() < 1.25


@pytest.mark.parametrize(
    "model",
    [
        ConvolutionalEncoder(E, D, 2, 3, "learned", 20, 0.1),
        ConvolutionalDecoder(E, D, 2, 3, C, "learned", 20, 0.1),
    ],
)
def test_every_bias_is_zero_at_first(model: torch.nn.Module) -> None:
    """Gehring et al. 2017, section 3.5."""
    biases = {name: value for name, value in model.named_parameters() if name.endswith("bias")}
    assert len(biases) > 3
    assert not [name for name, value in biases.items() if value.any()]
