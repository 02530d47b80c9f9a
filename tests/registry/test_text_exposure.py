"""What has to be trained again to forget some texts."""

from seqloom.registry.text_exposure import Exposure, to_be_retrained


def version(name: str, train: int, test: int = 0, parent: str = "") -> Exposure:
    return Exposure(name, [], {"train": train, "validation": 0, "test": test}, parent)


def test_who_learned_from_a_text_and_who_went_on_from_them() -> None:
    unknown = Exposure("unknown", [], None, "clean")
    found = [
        version("clean", 0),
        version("measured", 0, test=1),
        version("saw", 2),
        version("child", 0, parent="saw"),
        version("grandchild", 0, parent="child"),
        version("cousin", 0, parent="clean"),
        version("of a deleted one", 0, parent="gone"),
        unknown,
        version("a circle", 0, parent="a circle"),
    ]
    assert to_be_retrained(found) == ["saw", "child", "grandchild"]
