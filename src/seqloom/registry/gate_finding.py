"""What a rule of the gate found."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One rule with its measurement and outcome."""

    rule: str
    champion: str = ""
    challenger: str = ""
    difference: str = ""  # with its 95 % interval, where there is one
    passed: bool | None = True  # None: shown, not judged
    told: str = ""  # what was measured, as a sentence
    warns: bool = False  # nobody can say whether it holds: noise decides
    brief: str = ""  # rows and difference in a few words, where it is of old rows or of those of a source

    @property
    def verdict(self) -> str:
        """Return the outcome in one word."""
        return "warns" if self.warns else {True: "holds", False: "fails", None: "not judged"}[self.passed]
