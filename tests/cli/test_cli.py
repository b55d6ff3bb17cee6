"""The command line as scripts and people use it."""

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest
import soundfile
from typer.testing import CliRunner

from tonotopy.cli import app

ROOT = Path(__file__).parents[2]


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run a command on a library of its own, in process."""
    monkeypatch.setenv("TONOTOPY_LIBRARY", str(tmp_path / "cli.db"))

    def run(*arguments):
        return CliRunner().invoke(app, [str(each) for each in arguments])

    return run


def tonotopy(*arguments, **options):
    """Run a command as a user does."""
    command = [sys.executable, "-c", "from tonotopy.cli import main; main()"]
    return subprocess.run(
        [*command, *map(str, arguments)], capture_output=True, text=True, timeout=120, **options
    )


def test_add_then_search_as_json(run, tones):
    added = json.loads(run("add", tones, "--embedder", "mfcc", "--json", "--jobs", 1).stdout)
    expected = {"added": 6, "unchanged": 0, "changed": 0, "moved": 0, "missing": 0, "failed": []}
    assert {name: added[name] for name in expected} == expected
    assert added["windows"] == 12
    assert added["audio_s"] == pytest.approx(3.0)
    query = tones / "low" / "low_anna_0.wav"
    found = json.loads(run("search", query, "-k", 2, "--json").stdout)
    assert found["hits"][0]["path"] == str(tones / "low" / "low_anna_1.wav")
    assert found["score_name"] == "cosine similarity"
    again = json.loads(run("add", tones, "--json").stdout)
    assert (again["added"], again["unchanged"]) == (0, 6)


def test_the_table_names_what_was_found_and_the_score(run, tones):
    run("add", tones, "--embedder", "mfcc", "--labels-from-folders", "--jobs", 1)
    result = run("search", tones / "high" / "high_anna_0.wav", "-k", 3)
    assert "high_anna_1.wav" in result.stdout
    assert "cosine similarity" in result.stderr
    words = run("search", "middle")
    assert "name: middle" in words.stdout


def test_every_command_speaks_json_and_prints_nothing_else(run, tones, tmp_path):
    run("add", tones, "--embedder", "mfcc", "--labels-from-folders", "--jobs", 1)
    for command in (
        ["info"],
        ["spaces"],
        ["models"],
        ["doctor"],
        ["export", "parquet", tmp_path / "x.parquet"],
        ["import", "vectors", tmp_path / "x.parquet"],
        ["benchmark", "retrieval"],
        ["remove", tones / "low"],
    ):
        result = run(*command, "--json")
        assert result.exit_code == 0, (command, result.output)
        json.loads(result.stdout)


def test_mistakes_are_one_line_and_status_1(tmp_path, tones):
    library = tmp_path / "x.db"
    for arguments, message in (
        (["search", "door"], "no library"),
        (["add", tmp_path / "absent"], "there is no file or folder"),
        (["add", tones, "--embedder", "magic"], "there is no embedder 'magic'"),
        (["-L", "postgresql://host/db", "info"], "is a URL"),
    ):
        done = tonotopy("-L", library, *arguments)
        assert done.returncode == 1
        assert message in done.stderr
        assert done.stderr.count("\n") == 1
        assert done.stdout == ""


def test_a_usage_error_is_status_2(run):
    assert run("search", "--by", "magic", "x").exit_code == 2
    assert run("nonsense").exit_code == 2
    assert run("add").exit_code == 2


def test_the_library_may_be_named_before_or_after_the_command(tmp_path, tones):
    first = tonotopy("-L", tmp_path / "a.db", "add", tones / "low", "--embedder", "mfcc")
    second = tonotopy("add", tones / "low", "--embedder", "mfcc", "--library", tmp_path / "b.db")
    assert (first.returncode, second.returncode) == (0, 0)
    assert (tmp_path / "a.db").exists()
    assert (tmp_path / "b.db").exists()


def test_failures_are_listed_and_all_failing_is_status_1(run, tmp_path):
    folder = tmp_path / "bad"
    folder.mkdir()
    (folder / "not a sound.wav").write_text("this is text")
    result = run("add", folder, "--embedder", "mfcc")
    assert result.exit_code == 1
    assert "not a sound.wav" in result.output
    listed = run("info", "--failures")
    assert "not a sound.wav" in listed.stdout


def test_paths_come_from_a_list_too(run, tones, tmp_path):
    (tmp_path / "list.txt").write_text(f"{tones / 'low'}\n\n{tones / 'high'}\n")
    added = run("add", "--from-file", tmp_path / "list.txt", "--embedder", "mfcc", "--json")
    assert json.loads(added.stdout)["added"] == 4


def test_a_name_that_would_command_the_terminal_is_shown_harmless(run, tmp_path):
    folder = tmp_path / "odd"
    folder.mkdir()
    soundfile.write(folder / "a\x1b[2Jb\nc.wav", 0.1 * np.ones(4000), 8000)
    soundfile.write(folder / "b.wav", 0.1 * np.ones(4000), 8000)
    run("add", folder, "--embedder", "mfcc", "--jobs", 1)
    shown = run("search", folder / "b.wav").stdout
    assert "\x1b" not in shown
    assert "\\n" in shown


def test_importing_the_package_is_instant():
    program = (
        "import time; began = time.process_time(); import tonotopy; "
        "print(time.process_time() - began)"
    )
    times = [
        float(subprocess.check_output([sys.executable, "-c", program], text=True)) for _ in range(3)
    ]
    assert min(times) < 0.1


def test_the_public_names_are_those_of_the_package():
    import tonotopy as tt

    for name in tt.__all__:
        assert getattr(tt, name) is not None
    assert callable(tt.search)
    import tonotopy.retrieve

    assert callable(tt.search)


def test_the_version_is_the_same_everywhere(run):
    import tonotopy

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert tonotopy.__version__ == project["version"]
    assert run("--version").stdout == f"tonotopy {project['version']}\n"


def test_python_scripts_need_no_guard(tmp_path, tones):
    """Worker processes do not run the user's script again."""
    script = tmp_path / "script.py"
    script.write_text(
        "import tonotopy as tt\n"
        f"library = tt.open({str(tmp_path / 'script.db')!r})\n"
        f"print(tt.add(library, {str(tones)!r}, embedder='mfcc', jobs=2).added)\n"
        f"print(len(tt.search(library, {str(tones / 'low' / 'low_anna_0.wav')!r}, k=3).hits))\n"
    )
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=120)
    assert (done.stdout.split(), done.stderr) == (["6", "3"], "")
