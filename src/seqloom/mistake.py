"""The exceptions for what is not Seqloom's to put right."""


class UserMistake(ValueError):
    """Something in the user's files, recipe or request is wrong.

    The message is one sentence that names the place (file and line, or field) and the remedy; the command line
    prints it alone and exits with 2, and Prefect never retries it.
    """


class Unreachable(UserMistake):
    """A place on the net does not answer: a person reads it like a mistake, and a run at night tries again."""
