"""What ends the stack, or keeps it from starting."""


class StackFailure(Exception):
    """A part of the stack does not work; the message is one sentence with the place of its log."""
