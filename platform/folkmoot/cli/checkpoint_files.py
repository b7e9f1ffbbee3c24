"""Files of checkpoints that were kept elsewhere, as commands take them."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

import click

from audit.keeping import notes_in

Command = TypeVar("Command", bound=Callable[..., object])


def checkpoint_option(help_text: str) -> Callable[[Command], Command]:
    """Return `--checkpoint`, which may be given several times."""
    return click.option(
        "--checkpoint",
        "checkpoints",
        multiple=True,
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help=help_text,
    )


def notes_of(files: Iterable[Path]) -> list[str]:
    """Return each note that the files hold; what is no text is no note, and is told as such."""
    texts = [file.read_text(encoding="utf-8", errors="replace") for file in files]
    return [note for text in texts for note in notes_in(text)]
