"""The cells spelled out, against torch's own."""

import pytest
import torch

from seqloom.models.rnn_cells import CELLS, RecurrentState, StepwiseCells, first_state

TOKEN, CONTEXT, WIDTH = 5, 3, 4


@pytest.mark.parametrize("kind", ["rnn", "lstm", "gru"])
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("searching", [False, True])  # a search adds the products up in place
def test_equals_torchs_fused_cells(kind: str, layers: int, searching: bool) -> None:
    torch.manual_seed(0)
    cells = StepwiseCells(kind, TOKEN, CONTEXT, WIDTH, layers, 0.0)
    fused = CELLS[kind](TOKEN + CONTEXT, WIDTH, layers, batch_first=True)
    with torch.no_grad():
        for parameter in cells.parameters():
            parameter.normal_()
        for layer, recurrent in enumerate(cells.recurrent):
            inputs = cells.between[layer - 1] if layer else cells.token
            weight = inputs.weight if layer else torch.cat([cells.token.weight, cells.context.weight], dim=1)
            getattr(fused, f"weight_ih_l{layer}").copy_(weight)
            getattr(fused, f"bias_ih_l{layer}").copy_(inputs.bias)
            getattr(fused, f"weight_hh_l{layer}").copy_(recurrent.weight)
            getattr(fused, f"bias_hh_l{layer}").copy_(recurrent.bias)
    tokens, contexts, hidden = torch.randn(2, 6, TOKEN), torch.randn(2, 6, CONTEXT), torch.randn(layers, 2, WIDTH)

    state: RecurrentState = first_state(kind, hidden)
    stepped = []
    with torch.inference_mode(searching):
        for token_gates, context in zip(cells.read_tokens(tokens).unbind(1), contexts.unbind(1), strict=True):
            state = cells.step(token_gates, context, state)
            stepped.append(state.hidden[-1])
            assert token_gates.equal(cells.read_tokens(tokens)[:, len(stepped) - 1]) is not searching

    start = (hidden, torch.zeros_like(hidden)) if kind == "lstm" else hidden
    outputs, _ = fused(torch.cat([tokens, contexts], dim=2), start)
    torch.testing.assert_close(torch.stack(stepped, dim=1), outputs)
