"""What the README promises is what the command line takes."""

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tonotopy.cli import app

README = Path(__file__).parents[2] / "README.md"
COMMANDS = [
    line.removeprefix("$ ").partition(" #")[0].strip()
    for line in README.read_text().splitlines()
    if line.startswith("$ tonotopy ")
]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_of_the_readme_is_understood(command):
    _, name, *arguments = shlex.split(command)
    help_text = CliRunner().invoke(app, [name, "--help"], env={"COLUMNS": "200"}).output
    for option in (each for each in arguments if re.match(r"-{1,2}[a-z]", each)):
        assert option in help_text


def test_the_readme_has_commands():
    assert len(COMMANDS) >= 8
