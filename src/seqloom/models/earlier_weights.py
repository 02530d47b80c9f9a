"""Weight names of Seqloom 0.1, which its checkpoints and their 8-bit exports keep."""

import re
from collections.abc import Mapping

from torch import Tensor, nn

CURRENT_NAMES = {
    "enter.widen": "input_embedding.projection",
    "enter.positions": "input_embedding.positions",
    "attention.enter": "self_attention.qkv_proj",
    "attention.leave": "self_attention.out_proj",
    "around_attention": "self_attention_residual",
    "source.enter": "cross_attention.q_proj",
    "source.leave": "cross_attention.out_proj",
    "around_source": "cross_attention_residual",
    "feedforward.widen": "feedforward.fc1",
    "feedforward.narrow": "feedforward.fc2",
    "around_feedforward": "feedforward_residual",
    "decoder.keys_values": "decoder.kv_proj",
    "encoder.widen": "encoder.in_proj",
    "encoder.narrow": "encoder.out_proj",
    "decoder.widen": "decoder.in_proj",
    "decoder.leave": "decoder.out_proj",
}
"""Parts of weight names in 0.1 and now; none of the former occurs in a current name."""

EARLIER = re.compile(rf"(?<![^.])({'|'.join(map(re.escape, CURRENT_NAMES))})(?=\.)")


def current_name(name: str) -> str:
    """Return the current name of a weight; a current name is returned as it is."""
    return EARLIER.sub(lambda found: CURRENT_NAMES[found[0]], name)


def load_weights(model: nn.Module, stored: Mapping[str, Tensor]) -> None:
    """Copy `stored` weights, under current names or those of 0.1, into `model`.

    Of tied matrices a file holds one.

    Raises:
        RuntimeError: a weight is missing, unknown or of another shape.
    """
    current = {current_name(name): weight for name, weight in stored.items()}
    missing, unknown = model.load_state_dict(current, strict=False)
    weights = model.state_dict(keep_vars=True)
    loaded = {id(weight) for name, weight in weights.items() if name in current}
    missing = [name for name in missing if id(weights[name]) not in loaded]
    if missing or unknown:
        raise RuntimeError(f"missing weights: {missing}, unknown weights: {unknown}")
