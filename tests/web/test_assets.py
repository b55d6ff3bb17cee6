"""The built page that is committed: complete, small, and what its source builds."""

import gzip
import re
import shutil
import subprocess
from pathlib import Path

import pytest

import tonotopy.server

WEB = Path(__file__).parents[2] / "web"
STATIC = Path(tonotopy.server.__file__).parent / "static"
LARGEST_SCRIPT = 250 * 1024  # bytes, gzipped


def test_the_page_refers_only_to_files_that_are_there():
    text = (STATIC / "index.html").read_text()
    named = re.findall(r'(?:src|href)="([^"]+)"', text)
    assert sorted(named) == ["./app.css", "./app.js", "./favicon.svg"]
    assert all((STATIC / name).is_file() for name in named)


def test_the_script_is_small_and_evaluates_no_strings():
    script = (STATIC / "app.js").read_bytes()
    assert len(gzip.compress(script)) <= LARGEST_SCRIPT
    assert re.search(rb"\bnew Function\b|\bFunction\.apply\b|\beval\(", script) is None


def test_the_page_names_the_licences_of_what_it_contains():
    licences = (STATIC / "licenses.txt").read_text()
    for package in ("regl-scatterplot", "svelte", "gl-matrix", "earcut"):
        assert re.search(rf"^{package} \d", licences, re.MULTILINE)


@pytest.mark.node
@pytest.mark.slow
@pytest.mark.parametrize("script", ["check", "test", "verify"])
def test_the_source_passes(script):
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("Node.js is not installed")
    if not (WEB / "node_modules").is_dir():
        pytest.skip("the page's packages are not installed: run 'npm ci' in web/")
    done = subprocess.run([npm, "run", script], cwd=WEB, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
