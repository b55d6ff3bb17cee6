"""Write docs/cli.md from the command line itself, or check that it is up to date (--check)."""

import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).parent / "cli.md"


def generate() -> str:
    """Have Typer describe every command."""
    command = [sys.executable, "-m", "typer", "tonotopy.cli", "utils", "docs", "--name", "tonotopy"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    text = done.stdout.strip().replace("&#x27;", "'")
    lines = [line.rstrip() for line in text.splitlines()]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Write the page, or fail if it is not what would be written."""
    text = generate()
    if "--check" not in sys.argv:
        PAGE.write_text(text)
    elif not PAGE.exists() or PAGE.read_text() != text:
        sys.exit("docs/cli.md is not what the command line says; run: make docs")


if __name__ == "__main__":
    main()
