"""YAML whose mappings say each key once; YAML itself takes the last of two and keeps quiet about the first."""

from typing import Any

import yaml


class SaidTwice(yaml.MarkedYAMLError):
    """A key that its mapping has already."""


def load_yaml(text: str) -> Any:
    """What `text` says, by YAML's safe rules.

    Raises:
        yaml.YAMLError: the text is not YAML; `SaidTwice` where a mapping has a key twice.
    """
    return yaml.load(text, Loader=_Loader)


class _Loader(yaml.SafeLoader):
    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        """Looks at keys as they are written: later, those of `<<` are among them."""
        node = super().compose_mapping_node(anchor)
        lines: dict[tuple[str, str], int] = {}
        for key, _ in node.value:
            name = (key.tag, str(key.value))
            if name in lines:
                raise SaidTwice(
                    problem=f"{key.value} is there already, in line {lines[name]}", problem_mark=key.start_mark
                )
            lines[name] = key.start_mark.line + 1
        return node
