"""How a long command ends when it is asked to stop: one sentence, and exit code 130 for batch systems."""

from collections.abc import Iterator
from contextlib import contextmanager

import typer


@contextmanager
def stoppable(hint: str) -> Iterator[None]:
    """Turn an interrupted run into a sentence and exit code 130.

    Parameters
    ----------
    hint : str
        How to go on.
    """
    from ..inference.control import RunInterruptedError

    try:
        yield
    except RunInterruptedError as stopped:
        typer.echo(f"muobayes: {stopped} {hint}", err=True)
        raise typer.Exit(stopped.exit_code) from None
    except KeyboardInterrupt:
        typer.echo(f"muobayes: stopped. {hint}", err=True)
        raise typer.Exit(130) from None
