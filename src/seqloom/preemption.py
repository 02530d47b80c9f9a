"""A training that was told to stop, and did so in good order."""


class Preempted(BaseException):
    """SIGTERM or Ctrl-C stopped a training after it saved where it stands; the same command goes on from there.

    Not an `Exception`: like `KeyboardInterrupt`, it is no failure that anything on the way should repair or report.
    """

    def __init__(self, number: int, step: int) -> None:
        super().__init__(f"stopped at step {step}; the same command continues")
        self.number = number
        self.step = step

    @property
    def exit_code(self) -> int:
        """What a shell expects of a process ended by this signal."""
        return 128 + self.number
