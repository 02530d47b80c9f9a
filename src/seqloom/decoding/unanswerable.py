"""One of the texts that were asked together has no answer."""

from seqloom.errors import UserError


class Unanswerable(UserError):
    """Why; `row` counts the texts from 0."""

    def __init__(self, row: int, rows: int, why: str) -> None:
        super().__init__(row, rows, why)
        self.row, self.rows, self.why = row, rows, why

    def __str__(self) -> str:
        return self.sentence(f"text {self.row + 1} of {self.rows}")

    def sentence(self, place: str) -> str:
        """The mistake, told to one who knows the text as `place`."""
        return f"{place} {self.why}"
