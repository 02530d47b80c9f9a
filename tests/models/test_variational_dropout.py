"""Variational dropout against cells run by hand with one mask for all time steps."""

import pytest
import torch
from torch import Tensor, nn

from seqloom.models.decoder_only import NoEncoder
from seqloom.models.dropout import NOISE
from seqloom.models.rnn_decoders import AdditiveDecoder, LanguageDecoder
from seqloom.models.rnn_encoder import RecurrentEncoder
from seqloom.models.variational_dropout import VariationalDecoder, VariationalEncoder, masked

E, H, B, T = 5, 6, 2, 7
MASK = torch.ones(B, T, dtype=torch.bool)


def masks(wrapper: VariationalEncoder | VariationalDecoder, inner: nn.Module) -> dict[str, Tensor]:
    """The factors of the columns that the next call will draw."""
    NOISE.restart(1)
    plain = dict(inner.named_parameters())
    drawn = masked(inner, wrapper.dropout)
    NOISE.restart(1)
    return {name: (matrix / plain[name]).nanmean(dim=0).detach() for name, matrix in drawn.items()}


def test_what_a_cell_reads_is_masked_alike_at_every_time_step() -> None:
    torch.manual_seed(0)
    decoder = LanguageDecoder("lstm", E, H, 1, 0.0)
    wrapper = VariationalDecoder(decoder, 0.5).train()
    factors = masks(wrapper, decoder)
    assert all(set(factor.tolist()) <= {0.0, 2.0} for factor in factors.values())
    embedded = torch.randn(B, T, E)
    nothing = NoEncoder()(embedded, MASK)
    features, _ = wrapper.run(embedded, wrapper.start(nothing), nothing)

    cell = nn.LSTMCell(E, H)
    cell.load_state_dict({name.removesuffix("_l0"): value for name, value in decoder.cells.cells.state_dict().items()})
    of_input, of_state, of_output = (
        factors[name] for name in ("cells.cells.weight_ih_l0", "cells.cells.weight_hh_l0", "readout.weight")
    )
    hidden = memory = torch.zeros(B, H)
    for place in range(T):
        hidden, memory = cell(embedded[:, place] * of_input, (hidden * of_state, memory))
        torch.testing.assert_close(features[:, place], decoder.readout(hidden * of_output))


@pytest.mark.parametrize("layers", [1, 2])
def test_every_matrix_of_the_cells_and_no_other_is_masked(layers: int) -> None:
    encoder = RecurrentEncoder("gru", E, H, layers, True, 0.0)
    drawn = masked(encoder, VariationalEncoder(encoder, 0.5).train().dropout)
    assert drawn.keys() == {name for name, parameter in encoder.named_parameters() if parameter.dim() == 2}
    decoder = AdditiveDecoder("gru", E, H, layers, 2 * H, 0.0)
    drawn = masked(decoder, VariationalDecoder(decoder, 0.5).train().dropout)
    between = {f"cells.{name}.weight" for name in ["token", "context", *[f"recurrent.{n}" for n in range(layers)]]}
    assert drawn.keys() == between | {"readout.weight", *[f"cells.between.{n}.weight" for n in range(layers - 1)]}


def test_nothing_is_dropped_but_in_training() -> None:
    torch.manual_seed(0)
    encoder = RecurrentEncoder("lstm", E, H, 1, True, 0.0)
    wrapper = VariationalEncoder(encoder, 0.5)
    embedded = torch.randn(B, T, E)
    assert wrapper.eval()(embedded, MASK).states.equal(encoder(embedded, MASK).states)
    wrapper.train()
    NOISE.restart(1)
    one, two = (wrapper(embedded, MASK).states for _ in range(2))
    assert not torch.allclose(one, two)
    NOISE.restart(1)
    assert wrapper(embedded, MASK).states.equal(one), "a step's noise follows from its seed"
