"""Layers against plain numpy, torch's own packed sequences and plain Python."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from seqloom.models import attention as attention_module
from seqloom.models.attention import AdditiveAttention, Attention, MultiplicativeAttention
from seqloom.models.decoder_only import NoEncoder
from seqloom.models.encoder_memory import Memory
from seqloom.models.rnn_cells import CELLS, RecurrentCells, RecurrentState
from seqloom.models.rnn_decoders import InputFeedingDecoder, LanguageDecoder
from seqloom.models.rnn_encoder import RecurrentEncoder, reversal

LENGTHS = torch.tensor([3, 5, 1])
MASK = torch.arange(5).unsqueeze(0) < LENGTHS.unsqueeze(1)  # (B, S)
D, H, T = 6, 4, 2


@pytest.fixture
def memory() -> Memory:
    torch.manual_seed(0)
    return Memory(torch.randn(3, 5, D), MASK, torch.randn(3, D))


def array(tensor: Tensor) -> np.ndarray:
    return tensor.detach().numpy().astype(np.float64)


def additive_score(attention: AdditiveAttention, query: np.ndarray, key: np.ndarray) -> float:
    w, u, b, v = map(array, (attention.query.weight, attention.key.weight, attention.key.bias, attention.score.weight))
    return float(v[0] @ np.tanh(w @ query + u @ key + b))


def multiplicative_score(attention: MultiplicativeAttention, query: np.ndarray, key: np.ndarray) -> float:
    return float(query @ array(attention.key.weight) @ key)


@pytest.mark.parametrize(
    ("attention", "score"),
    [
        pytest.param(AdditiveAttention(H, D, 7), additive_score, id="additive"),
        pytest.param(MultiplicativeAttention(H, D), multiplicative_score, id="multiplicative"),
    ],
)
def test_attention_in_plain_numpy(attention: Attention, score: object, memory: Memory) -> None:
    assert callable(score)
    query = torch.randn(3, T, H)
    contexts, weights = attention(query, attention.prepare(memory))
    assert weights.shape == (3, T, 5)
    for b, length in enumerate(LENGTHS.tolist()):
        states = array(memory.states[b, :length])
        for t in range(T):
            exponentials = np.exp([score(attention, array(query[b, t]), state) for state in states])
            expected = exponentials / exponentials.sum()
            np.testing.assert_allclose(array(weights[b, t, :length]), expected, rtol=1e-4)
            np.testing.assert_allclose(array(contexts[b, t]), expected @ states, rtol=1e-4, atol=1e-6)
            assert not weights[b, t, length:].any(), "padding gets no weight at all"


@pytest.mark.parametrize("attention", [AdditiveAttention(H, D, 7), MultiplicativeAttention(H, D)])
def test_what_stands_on_padding_is_never_seen(attention: Attention, memory: Memory) -> None:
    query = torch.randn(3, T, H)
    other = Memory(memory.states.masked_fill(~MASK.unsqueeze(2), 1e4), MASK, memory.summary)
    for one, two in zip(
        attention(query, attention.prepare(memory)), attention(query, attention.prepare(other)), strict=True
    ):
        assert one.equal(two)


@pytest.mark.parametrize("numbers", [1, 2 * T * 5 * 7, 1 << 17])
def test_a_search_scores_by_blocks_of_sources_without_their_padding(
    monkeypatch: pytest.MonkeyPatch, memory: Memory, numbers: int
) -> None:
    monkeypatch.setattr(attention_module, "NUMBERS_AT_ONCE", numbers)
    attention, query, scored = AdditiveAttention(H, D, 7), torch.randn(3, T, H), []
    memory = attention.prepare(memory)
    attention.score.register_forward_hook(lambda _layer, inputs, _scores: scored.append(inputs[0].shape[:3].numel()))
    expected = attention(query, memory)
    with torch.inference_mode():
        found = attention(query, memory)
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other)
    tokens = {1: 3 + 5 + 1, 2 * T * 5 * 7: 2 * 5 + 1, 1 << 17: 3 * 5}
    assert sum(scored[1:]) == T * tokens[numbers]


def with_weights_of(encoder: RecurrentEncoder, kind: str, width: int) -> nn.RNNBase:
    """torch's own stack with the encoder's weights."""
    layers, bidirectional = len(encoder.forwards), len(encoder.backwards) > 0
    cells = encoder.forwards[0]
    assert isinstance(cells, RecurrentCells)
    theirs = CELLS[kind](width, cells.width, layers, batch_first=True, bidirectional=bidirectional)
    with torch.no_grad():
        for stack, suffix in ((encoder.forwards, ""), (encoder.backwards, "_reverse")):
            for layer, ours in enumerate(stack):
                for name, parameter in ours.cells.named_parameters():
                    getattr(theirs, name.replace("_l0", f"_l{layer}{suffix}")).copy_(parameter)
    return theirs


@pytest.mark.parametrize("kind", ["rnn", "lstm", "gru"])
@pytest.mark.parametrize("bidirectional", [True, False])
@pytest.mark.parametrize("layers", [1, 2])
def test_the_encoder_is_torchs_own_over_packed_sequences(kind: str, bidirectional: bool, layers: int) -> None:
    torch.manual_seed(0)
    encoder = RecurrentEncoder(kind, D, H, layers, bidirectional, dropout=0.0)
    theirs = with_weights_of(encoder, kind, D)
    embedded = torch.randn(3, 5, D)
    memory = encoder(embedded, MASK)
    packed = pack_padded_sequence(embedded, LENGTHS, batch_first=True, enforce_sorted=False)
    outputs, last = theirs(packed)
    expected, _ = pad_packed_sequence(outputs, batch_first=True)
    torch.testing.assert_close(memory.states[MASK], expected[MASK])
    hidden = last[0] if kind == "lstm" else last  # (layers × directions, B, H)
    ends = hidden[-2:] if bidirectional else hidden[-1:]
    torch.testing.assert_close(memory.summary, torch.cat(list(ends), dim=1))


@given(rows=st.lists(st.lists(st.integers(1, 99), max_size=6), min_size=1, max_size=5), extra=st.integers(0, 2))
@settings(max_examples=60)
def test_reversal_turns_lists_round_and_leaves_padding(rows: list[list[int]], extra: int) -> None:
    width = max(map(len, rows)) + extra
    padded = torch.tensor([row + [0] * (width - len(row)) for row in rows], dtype=torch.int64).view(len(rows), width)
    turned = reversal(torch.tensor([len(row) for row in rows]), width)
    assert padded.gather(1, turned).tolist() == [row[::-1] + [0] * (width - len(row)) for row in rows]
    assert turned.gather(1, turned).equal(torch.arange(width).expand_as(turned)), "twice is not at all"


@pytest.mark.parametrize("kind", ["rnn", "lstm", "gru"])
def test_cells_begin_orthogonal_and_an_lstm_remembering(kind: str) -> None:
    torch.manual_seed(0)
    cells = RecurrentCells(kind, D, H, 2, 0.0)
    for layer in range(2):
        for block in getattr(cells.cells, f"weight_hh_l{layer}").view(-1, H, H):
            torch.testing.assert_close(block @ block.T, torch.eye(H))
        biases = getattr(cells.cells, f"bias_ih_l{layer}") + getattr(cells.cells, f"bias_hh_l{layer}")
        open_gates = [0.0] * H + [1.0] * H + [0.0] * 2 * H if kind == "lstm" else [0.0] * len(biases)
        assert biases.tolist() == open_gates


@pytest.mark.parametrize("kind", ["rnn", "lstm", "gru"])
def test_a_run_in_two_parts_is_a_run(kind: str) -> None:
    torch.manual_seed(0)
    cells = RecurrentCells(kind, D, H, 2, 0.0)
    inputs = torch.randn(3, 5, D)
    start = RecurrentState(torch.randn(2, 3, H), torch.randn(2, 3, H) if kind == "lstm" else None)
    whole, _ = cells(inputs, start)
    first, state = cells(inputs[:, :2], start)
    second, _ = cells(inputs[:, 2:], state)
    torch.testing.assert_close(torch.cat([first, second], dim=1), whole)


@given(rows=st.lists(st.integers(0, 3), min_size=1, max_size=6), has_cell=st.booleans())
@settings(max_examples=30)
def test_survivors_take_their_places(rows: list[int], has_cell: bool) -> None:
    hidden = torch.arange(8.0).view(2, 4, 1)
    state = RecurrentState(hidden, hidden * 10 if has_cell else None).reorder(torch.tensor(rows))
    assert state.hidden.equal(hidden[:, rows])
    assert (state.cell is not None) == has_cell
    assert state.cell is None or state.cell.equal(hidden[:, rows] * 10)


@pytest.mark.parametrize("attention", [AdditiveAttention(H, D, 7), None])
def test_a_repeated_memory_holds_each_source_in_a_row(attention: AdditiveAttention | None, memory: Memory) -> None:
    prepared = attention.prepare(memory) if attention else memory
    repeated = prepared.repeat(2)
    for row in range(6):
        for part in ("states", "mask", "summary", "keys"):
            one, two = getattr(repeated, part), getattr(prepared, part)
            assert (one is None and two is None) or one[row].equal(two[row // 2])


@pytest.mark.parametrize("kind", ["rnn", "lstm", "gru"])
def test_a_recurrent_language_model_is_torchs_cells_and_a_readout(kind: str) -> None:
    torch.manual_seed(0)
    decoder = LanguageDecoder(kind, D, H, 2, 0.0)
    theirs = CELLS[kind](D, H, 2, batch_first=True)
    theirs.load_state_dict(decoder.cells.cells.state_dict())
    embedded = torch.randn(3, T, D)
    nothing = NoEncoder()(torch.randn(3, 5, D), MASK)
    features, _ = decoder.run(embedded, decoder.start(nothing), nothing)
    torch.testing.assert_close(features, theirs(embedded)[0] @ decoder.readout.weight.T + decoder.readout.bias)


def test_a_reversed_source_is_the_reversed_source() -> None:
    """Its states stand where their tokens do; its summary is the state at the first token."""
    torch.manual_seed(0)
    backwards = RecurrentEncoder("gru", D, H, 2, False, 0.0, reverse_source=True)
    forwards = RecurrentEncoder("gru", D, H, 2, False, 0.0)
    forwards.load_state_dict(backwards.state_dict())
    embedded = torch.randn(3, 5, D)
    memory = backwards(embedded, MASK)
    for row, length in enumerate(LENGTHS.tolist()):
        alone = forwards(embedded[row : row + 1, :length].flip(1), MASK[row : row + 1, :length])
        torch.testing.assert_close(memory.states[row, :length], alone.states[0].flip(0))
        torch.testing.assert_close(memory.summary[row], alone.summary[0])
        torch.testing.assert_close(memory.summary[row], memory.states[row, 0])


def test_input_feeding_by_torchs_cell_and_numpy(memory: Memory) -> None:
    """Luong et al. 2015: h = LSTM([x; h̃]), a = softmax(h W states), h̃ = tanh(W [h; a states])."""
    torch.manual_seed(0)
    width = 3
    decoder = InputFeedingDecoder("lstm", width, H, 1, D, 0.0)
    with torch.no_grad():
        for parameter in decoder.parameters():
            parameter.normal_()
    cell = nn.LSTMCell(2 * width, H)
    cells = decoder.cells
    with torch.no_grad():
        cell.weight_ih.copy_(torch.cat([cells.token.weight, cells.context.weight], dim=1))
        cell.bias_ih.copy_(cells.token.bias)
        cell.weight_hh.copy_(cells.recurrent[0].weight)
        cell.bias_hh.copy_(cells.recurrent[0].bias)
    embedded = torch.randn(3, T, width)
    prepared = decoder.prepare(memory)
    features, weights, _ = decoder.attend(embedded, decoder.start(prepared), prepared)

    hidden = torch.tanh(F.linear(memory.summary, decoder.bridge.weight, decoder.bridge.bias))
    state, fed = (hidden, torch.zeros_like(hidden)), torch.zeros(3, width)
    for place in range(T):
        state = cell(torch.cat([embedded[:, place], fed], dim=1), state)
        rows = []
        for row, length in enumerate(LENGTHS.tolist()):
            output, states = array(state[0][row]), array(memory.states[row, :length])
            exponentials = np.exp([multiplicative_score(decoder.attention, output, key) for key in states])
            shares = exponentials / exponentials.sum()
            np.testing.assert_allclose(array(weights[row, place, :length]), shares, rtol=1e-4, atol=1e-7)
            both = np.concatenate([output, shares @ states])
            rows.append(np.tanh(array(decoder.readout.weight) @ both + array(decoder.readout.bias)))
        fed = torch.from_numpy(np.stack(rows)).float()
        torch.testing.assert_close(features[:, place], fed, atol=1e-5, rtol=1e-4)
