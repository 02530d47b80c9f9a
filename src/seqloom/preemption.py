"""The exception of a training that a signal stopped after a checkpoint."""


class Preempted(BaseException):
    """A training saved a checkpoint and stopped on SIGTERM or Ctrl-C; the same command resumes it.

    Not an `Exception`: like `KeyboardInterrupt`, it is no failure that anything on the way should repair or report.
    """

    def __init__(self, number: int, step: int) -> None:
        super().__init__(f"stopped at step {step}; the same command continues")
        self.number = number
        self.step = step

    @property
    def exit_code(self) -> int:
        """Return the exit code that shells expect after this signal."""
        return 128 + self.number
