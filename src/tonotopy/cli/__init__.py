"""The command line: each command reads its options, calls one verb and prints the result."""

import os
import sys

from tonotopy.cli import (  # noqa: F401  (each module adds its commands to the app)
    adding,
    benchmarking,
    changing,
    describing,
    exchanging,
    searching,
    serving,
    training,
)
from tonotopy.cli.app import app
from tonotopy.errors import TonotopyError

__all__ = ["app", "main"]


def main() -> None:
    """Run the command line; the only place where a `TonotopyError` becomes an exit status."""
    try:
        app()
    except TonotopyError as error:
        print(f"tonotopy: {error}", file=sys.stderr)
        sys.exit(1)
    except BrokenPipeError:  # the reader, such as head, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
