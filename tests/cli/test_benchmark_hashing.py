"""``tonotopy benchmark hashing`` as scripts and people use it."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from tonotopy.cli import app


def run(*arguments, library=None):
    environment = {"TONOTOPY_LIBRARY": str(library)} if library is not None else {}
    return CliRunner().invoke(app, [str(each) for each in arguments], env=environment)


@pytest.fixture
def features(tmp_path):
    rng = np.random.default_rng(0)
    y = np.repeat(np.arange(3), 20)
    centres = rng.standard_normal((3, 6))
    X = centres[y] + rng.standard_normal((60, 6))
    np.savez(tmp_path / "set.npz", X=X, y=y, source=np.arange(60) // 2)
    return tmp_path / "set.npz"


COMMON = ("--methods", "PQ,ITQ", "--bits", "8,16", "--labelled", "1", "--seeds", 2)


def test_an_npz_is_measured_and_kept(features, tmp_path):
    out = tmp_path / "out"
    done = run("benchmark", "hashing", "--features", features, *COMMON, "--out", out)
    assert done.exit_code == 0, done.output
    assert "| labels | method | 8 | 16 | no code |" in done.stdout
    assert (out / "results.md").read_text().strip() == done.stdout.strip()
    document = json.loads((out / "results.json").read_text())
    assert {each["method"] for each in document["gains"]} == {"ITQ"}
    assert len((out / "cells.jsonl").read_text().splitlines()) == 1 + 2 * (2 + 2 * 2)


def test_json_groups_and_unseen_classes(features):
    options = ("--json", "--group", "source", "--unseen", "--baseline", "ITQ")
    done = run("benchmark", "hashing", "--features", features, *COMMON, *options)
    document = json.loads(done.stdout)
    views = {(each["hidden"], each["queries"], each["grouped"]) for each in document["scores"]}
    parts = [(0.0, "all"), (0.5, "all"), (0.5, "labelled"), (0.5, "unlabelled")]
    assert views == {(*part, grouped) for part in parts for grouped in (False, True)}
    assert document["baseline"] == "ITQ"
    assert {each["over"] for each in document["gains"]} == {"ITQ"}


def test_the_baseline_is_measured_though_it_is_not_asked_for(features):
    options = ("--methods", "ITQ", "--bits", 8, "--seeds", 2, "--json")
    done = run("benchmark", "hashing", "--features", features, *options)
    (gain,) = json.loads(done.stdout)["gains"]
    assert (gain["method"], gain["over"], gain["n_seeds"]) == ("ITQ", "PQ", 2)


def test_a_library_is_measured_by_its_folders(heard, tmp_path):
    arguments = ("--methods", "PQ", "--bits", 8, "--seeds", 1, "--json")
    done = run("benchmark", "hashing", *arguments, library=tmp_path / "heard.db")
    document = json.loads(done.stdout)
    assert (document["n_rows"], document["n_classes"]) == (6, 3)


def test_labels_and_groups_of_a_library_come_from_a_label_pattern(heard, tmp_path):
    """All are spoken by anna: without her nothing is left to find, and that is told."""
    options = ("--labels", "annotations", "--group", "speaker")
    arguments = ("--methods", "PQ", "--bits", 8, "--seeds", 1, *options)
    done = run("benchmark", "hashing", *arguments, library=tmp_path / "heard.db")
    assert "6 rows" in done.stdout
    assert "All queries, without the query's group: no query has anything to find" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--bits", "8,x"), "--bits '8,x' must be whole numbers"),
        (("--bits", "8.5"), "--bits '8.5' must be whole numbers"),
        (("--labelled", "all"), "--labelled 'all' must be numbers"),
        (("--bits", "12"), "--bits 12 must be a multiple of 8"),
        (("--methods", "magic"), "no method 'magic'"),
        (("--group", "absent"), "has no array 'absent'"),
        (("--protocol", "fsdd"), "add an array 'name'"),
        (("--baseline", "PQ,ITQ"), "--baseline 'PQ,ITQ' names 2 methods"),
        (("--baseline", "pq"), "no method 'pq'"),
        (("--plots",), "name one with --out FOLDER"),
    ],
)
def test_mistakes_are_told(features, arguments, message):
    done = run("benchmark", "hashing", "--features", features, *arguments)
    assert done.exit_code != 0
    assert message in str(done.exception)
