"""The page's types are those of the server."""

import subprocess
import sys
from pathlib import Path

TOOL = Path(__file__).parents[2] / "web" / "tools" / "make_types.py"


def test_the_types_of_the_page_are_what_the_server_says():
    done = subprocess.run([sys.executable, TOOL, "--check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
