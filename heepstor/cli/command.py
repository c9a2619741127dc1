"""What a command is, its exit statuses, and how it speaks to who waits."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass

EXIT_FAILED = 1
EXIT_INTERRUPTED = 130


@dataclass(frozen=True)
class Command:
    """All there is of one command. `heepstor` has those that its modules list in `COMMANDS`."""

    name: str
    help: str
    """A line of `heepstor --help`."""
    run: Callable[[argparse.Namespace], int]
    """From what was parsed to the exit status. Importing torch takes seconds: the function itself
    imports what it needs, so that --help is quick."""
    arguments: tuple[Callable[[argparse.ArgumentParser], None], ...] = ()
    """Add arguments, in the order of the command's --help."""
    description: str | None = None
    """For its --help: printed as it is if it has several lines, else wrapped to the terminal."""

    @property
    def formatter(self) -> type[argparse.HelpFormatter]:
        """Who prints its --help."""
        if self.description and "\n" in self.description:
            return argparse.RawDescriptionHelpFormatter
        return argparse.HelpFormatter

    def define(self, parser: argparse.ArgumentParser) -> None:
        """Make a parser the one of this command; what it parses has the function as `run`."""
        for add in self.arguments:
            add(parser)
        parser.set_defaults(run=self.run)


def positive(text: str) -> int:
    """Type of an argument: a whole number from 1."""
    try:
        value = int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number") from None
    if value < 1:
        raise argparse.ArgumentTypeError(f"{value} is not 1 or more")
    return value


def verdict(passed: bool) -> int:
    """The exit status of a command that judges."""
    return 0 if passed else EXIT_FAILED


def say(message: str) -> None:
    """Tell how far it is, on stderr: what is on stdout may be read by a program."""
    print(message, file=sys.stderr, flush=True)
