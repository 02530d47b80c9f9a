"""Progress bars of a command's stages; without a terminal, lines in a log."""

from contextlib import AbstractContextManager

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from seqloom import progress
from seqloom.cli.progress_log import ProgressLog


class TerminalAudience:
    """Draws a progress bar for the current stage and a line for each finished one; in a log, a line a minute."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.bars = Progress(
            TextColumn("[bold]{task.description:<11}"),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[count]}"),
            TimeElapsedColumn(),
            TextColumn("[dim]{task.fields[note]}"),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self.bar: TaskID | None = None
        self.lines = None if console.is_terminal else ProgressLog(self._plainly)

    def live(self) -> AbstractContextManager[object]:
        """Draw, or write lines, while the block runs."""
        return self.lines.looking() if self.lines else self.bars

    def progress(self, stage: str) -> progress.Progress:
        """Start a bar for `stage`; return the callback that moves it."""
        self._remove_bar()
        bar = self.bar = self.bars.add_task(stage, total=None, count="", note="")
        if self.lines:
            self.lines.begin(stage)

        def update(done: int, total: int | None, unit: str, note: str = "") -> None:
            count = f"{done:,} {unit}" if total is None else f"{done:,}/{total:,} {unit}"
            self.bars.update(bar, completed=done, total=total, count=count, note=note)
            if self.lines:
                self.lines.update((done, total, unit, note))

        return update

    def noted(self, sentence: str) -> None:
        """Write a line in a log; a terminal's bar shows as much."""
        if self.lines:
            self.lines.tell(sentence)

    def warned(self, sentence: str) -> None:
        """Print a line above the bar."""
        self.console.print(f"[yellow]![/] {escape(sentence)}", highlight=False, soft_wrap=True)

    def finished(self, stage: str, headline: str, seconds: float | None) -> None:
        """Replace the bar by a line."""
        self._remove_bar()
        took = "[green]cached[/]" if seconds is None else f"{seconds:6.1f} s"
        self.console.print(f"[green]✓[/] [bold]{stage:<11}[/] {took}  {headline}", highlight=False, soft_wrap=True)

    def _remove_bar(self) -> None:
        if self.bar is not None:
            self.bars.remove_task(self.bar)
            self.bar = None
        if self.lines:
            self.lines.end()

    def _plainly(self, line: str) -> None:
        self.console.print(line, markup=False, highlight=False, soft_wrap=True)
