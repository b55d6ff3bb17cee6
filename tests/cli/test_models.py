"""``tonotopy models``: it lists what is ready and what is not, and fetches weights."""

import json
import os
import subprocess
import sys

import pytest

from tonotopy.embedders import BUILTIN, DEFAULT


@pytest.fixture
def run(tmp_path):
    """Run the command line with an empty cache, an unreachable network, and no variable set."""
    environment = {name: each for name, each in os.environ.items() if name != "TONOTOPY_YAMNET"}
    environment |= {
        "XDG_CACHE_HOME": str(tmp_path),
        "https_proxy": "http://127.0.0.1:1",
        "COLUMNS": "200",
    }

    def go(*arguments: str) -> subprocess.CompletedProcess[str]:
        code = "from tonotopy.cli import main; main()"
        return subprocess.run(
            [sys.executable, "-c", code, "models", *arguments],
            env=environment,
            capture_output=True,
            text=True,
        )

    return go


def test_what_needs_weights_is_listed_with_what_to_do(run):
    done = run()
    assert done.returncode == 0
    lines = {line.split()[0]: line for line in done.stdout.splitlines() if line.strip()}
    assert {*BUILTIN} <= set(lines)
    assert " ready " in lines[DEFAULT]
    assert " not ready " in lines["yamnet"]
    assert "tonotopy models --download yamnet" in done.stderr
    cards = {card["name"]: card for card in json.loads(run("--json").stdout)}
    assert cards[DEFAULT]["problem"] == ""
    assert "--download yamnet" in cards["yamnet"]["problem"]


def test_a_download_without_a_network_says_what_else_there_is(run):
    done = run("--download", "yamnet")
    assert done.returncode == 1
    assert "cannot download https://" in done.stderr
    assert "--weights PATH" in done.stderr


def test_what_has_no_download_is_refused(run):
    done = run("--download", "timbre")
    assert done.returncode == 1
    assert "nothing to download for 'timbre'" in done.stderr
