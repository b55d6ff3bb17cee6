"""The table of the paper: what is not at hand is said in its cells, what is there is measured."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TABLE = ROOT / "benchmarks" / "paper" / "table.py"


@pytest.fixture
def paper(monkeypatch, tmp_path):
    """Import the benchmark, with its results elsewhere."""
    monkeypatch.syspath_prepend(str(TABLE.parent))
    table = pytest.importorskip("table")
    monkeypatch.setattr(table, "FOLDER", tmp_path / "features")
    monkeypatch.setattr(table, "RESULTS", tmp_path / "paper")
    monkeypatch.setattr(table, "METHODS", "VQ,PQ,PosteriorQuantizer(graph=False)")
    (tmp_path / "features").mkdir()
    return table


def run(table, monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["table.py", *map(str, arguments)])
    table.main()


def rows(told):
    """Read the cells of a Markdown table."""
    return [line.strip("| ").split(" | ") for line in told.splitlines() if line.startswith("| ")]


def test_sets_that_are_not_here_are_not_run(paper, monkeypatch, capsys):
    run(paper, monkeypatch, "--sets", "fsdkaggle2018", "esc50", "--bits", 8, 64)
    cells = [row[3:] for row in rows(capsys.readouterr().out) if row[2] in ("PQ", "VQ")]
    assert len(cells) == 16
    assert {each for row in cells for each in row} == {"not run: data absent"}
    told = json.loads((paper.RESULTS / "esc50.json").read_text())
    assert told == {"tlweak": "not run: data absent", "vggish": "not run: data absent"}


def test_features_without_weights_are_not_run(paper, monkeypatch, capsys, tmp_path):
    (tmp_path / "fsdd").mkdir()
    (tmp_path / "fsdd" / "7_jackson_0.wav").touch()
    options = ["--audio", tmp_path, "--sets", "fsdd", "--features", "tlweak", "--bits", 8]
    run(paper, monkeypatch, *options)
    cells = [row[3] for row in rows(capsys.readouterr().out) if row[2] == "PQ"]
    assert cells[0] == "not run: weights absent"


def test_the_paper_s_own_numbers_stand_beside(paper, monkeypatch, capsys):
    run(paper, monkeypatch, "--sets", "fsdkaggle2018", "--bits", 16)
    own = {(row[0], row[2]): row[3] for row in rows(capsys.readouterr().out) if "paper" in row[2]}
    assert own[("tlweak", "*DQN, in the paper*")] == "44.24"
    assert own[("vggish", "*ITQ, in the paper*")] == "12.18"


def test_a_run_goes_on_from_what_is_on_record(paper, monkeypatch, capsys):
    import numpy as np

    rng = np.random.default_rng(0)
    y = np.repeat(np.arange(4), 20)
    X = 2 * rng.standard_normal((4, 8))[y] + rng.standard_normal((80, 8))
    np.savez(paper.FOLDER / "fsdd-mfcc.npz", X=X.astype(np.float32), y=y)
    options = ["--sets", "fsdd", "--features", "mfcc", "--bits", 8, 16, "--seeds"]
    run(paper, monkeypatch, *options, 1)
    first = capsys.readouterr()
    assert "9 cells measured" in first.err
    table = {(row[1], row[2]): row[3:] for row in rows(first.out)[:7]}
    assert table[("none", "VQ")][1] == "–"
    assert float(table[("100 %", "PosteriorQuantizer(graph=False)")][0]) > 50
    run(paper, monkeypatch, *options, 1)
    again = capsys.readouterr()
    assert "0 cells measured" in again.err
    assert again.out == first.out


def test_the_command_tells_what_it_does():
    told = subprocess.run([sys.executable, TABLE, "--help"], capture_output=True, text=True)
    assert told.returncode == 0, told.stderr
    assert "Run the table of the paper" in told.stdout
