"""Command chat: a conversation in the terminal, of which the model sees the newest turns."""

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import typer
from rich.console import Console
from rich.markup import escape

from seqloom.artifact.home_folder import home_folder
from seqloom.cli.generate_commands import Backend, DecodingOverrides, ModelName, decoding_of
from seqloom.cli.stdio import read_lines
from seqloom.errors import UserError

if TYPE_CHECKING:
    from seqloom.decoding.generator import Generator

RESET, QUIT = "/reset", "/quit"

commands = typer.Typer()


@commands.command()
def chat(
    model: ModelName,
    backend: Backend = "torch",
    override: DecodingOverrides = None,
) -> None:
    """Talk with a model of task chat: a turn a line, /reset to begin anew, /quit or Ctrl-D to end."""
    from seqloom.decoding.generator_loader import load_generator
    from seqloom.registry.checkpoint_folder import find_checkpoint

    generator = load_generator(find_checkpoint(model, home_folder(), backend))
    if not generator.conversation:
        raise UserError(
            f"{model} holds no conversation: it was not trained with task chat, see docs/chat.md; ask it a text with "
            "seqloom generate"
        )
    generator.decoding = decoding_of(generator, override)
    talk = ChatSession(generator)
    if sys.stdin.isatty() and sys.stdout.isatty():
        _converse(talk, Console(highlight=False), model)
    else:
        for line in read_lines(sys.stdin.buffer, "stdin"):
            if line.strip() == QUIT:
                return
            reply = talk.hear(line)
            if reply is not None:
                print(reply, flush=True)


class ChatSession:
    """The turns of a conversation, and the model that replies."""

    def __init__(self, generator: "Generator") -> None:
        assert generator.conversation, "a model of task chat"
        self.generator, self.conversation = generator, generator.conversation
        self.turns: list[str] = []
        self.replies = 0

    def hear(self, line: str) -> str | None:
        """Return the reply to a turn; None for a line without text, or one that starts again."""
        if line.strip() == RESET:
            self.turns.clear()
        said = self.conversation.split(line.replace(self.conversation.separator, " "))
        if line.strip() == RESET or not said:
            return None
        self.turns.append(" ".join(said))
        context = self.conversation.context(self.turns)
        [[best, *_]] = self.generator.answer([context], self.generator.decoding, [self.replies])
        self.replies += 1  # where replies are drawn, the same question may be answered otherwise
        if best.text:
            self.turns.append(best.text)
        return best.text

    @property
    def seen(self) -> int:
        """The number of turns that the next reply is conditioned on."""
        return min(len(self.turns) + 1, self.conversation.turns)


def _converse(talk: ChatSession, console: Console, model: str) -> None:
    """Read turns and print replies until the person quits."""
    sees = "turn" if talk.conversation.turns == 1 else f"{talk.conversation.turns} turns"
    console.print(f"[bold]{escape(model)}[/] sees the last {sees} of a conversation.")
    console.print(f"[dim]{RESET} begins anew; {QUIT} or Ctrl-D ends.[/]\n")
    for line in _asked(talk, console):
        reply = talk.hear(line)
        if reply is not None:
            console.print(f"[bold blue]model[/] {escape(reply) or '[dim](says nothing)[/]'}\n")
        elif line.strip() == RESET:
            console.print("[dim]Nothing was said yet.[/]\n")


def _asked(talk: ChatSession, console: Console) -> Iterator[str]:
    """Yield lines of a person; the prompt shows how many turns the model sees."""
    while True:
        try:
            line = console.input(f"[bold]you[/] [dim]({talk.seen} of {len(talk.turns) + 1} turns seen)[/] ")
        except (EOFError, KeyboardInterrupt):
            console.print()
            return
        if line.strip() == QUIT:
            return
        yield line
