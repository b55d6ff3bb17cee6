"""The walk of somebody who never read the documentation, by what stands on the page alone."""

import csv
import io
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.browser

TONOTOPY = [sys.executable, "-c", "from tonotopy.cli import main; main()"]
MINUTES = 3
ESC10 = Path(__file__).parents[3] / "shared" / "audio" / "esc10"


@pytest.fixture(scope="module")
def walked(tmp_path_factory, demo_library):
    """Real recordings where they are, else the synthesized ones; a word that some are called by."""
    home = tmp_path_factory.mktemp("walked")
    if not ESC10.is_dir():
        sounds, library = demo_library
        return sounds, Path(shutil.copy(library, home / "walked.db")), "rain"
    sounds = home / "sounds"
    for folder in sorted(each for each in ESC10.iterdir() if each.is_dir()):
        files = sorted(each for each in folder.iterdir() if each.is_file())[:6]
        (sounds / folder.name).mkdir(parents=True)
        for file in files:
            os.symlink(file, sounds / folder.name / file.name)
    library = home / "walked.db"
    command = ["add", sounds, "--library", library, "--embedder", "mfcc", "--jobs", 1]
    subprocess.run(
        [*TONOTOPY, *map(str, command), "--labels-from-folders"], check=True, capture_output=True
    )
    return sounds, library, "dog"


def test_a_sound_is_found_its_neighbours_heard_twenty_labelled_and_exported(
    visit, walked, start_server
):
    sounds, library, word = walked
    served = start_server(sounds, library)
    began = time.monotonic()
    visited = visit(served.url)
    page = visited.page

    # The box says what it is for.
    page.get_by_role("search").get_by_role("textbox").first.fill(word)
    page.keyboard.press("Enter")
    results = page.get_by_role("region", name="Results")
    results.get_by_role("listitem").first.wait_for()
    found = results.get_by_role("listitem").first.get_by_role("button").first
    name = found.locator(".name").inner_text()
    found.click()
    visited.wait("window.played.length >= 1")

    # What was clicked stands above the list of what sounds like it.
    results.get_by_role("heading", name="Nearest neighbours").wait_for()
    assert name in results.inner_text()
    n_heard = len(page.evaluate("window.played"))
    for neighbour in (0, 1):
        row = results.get_by_role("listitem").nth(neighbour)
        row.get_by_role("button", name="Play").last.click()
        visited.wait(f"window.played.length >= {n_heard + neighbour + 1}")

    results.get_by_role("button", name="Select all").click()
    selection = page.get_by_role("region", name="Selection")
    selection.get_by_text("20 recordings selected").wait_for()
    selection.get_by_role("button", name="Label…").click()
    page.get_by_role("combobox", name="Label", exact=True).fill("found on a walk")
    page.keyboard.press("Enter")
    page.get_by_text("20 recordings labelled").wait_for()

    selection.get_by_role("button", name="Export").click()
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Table").click()
    table = Path(waiting.value.path()).read_text()
    assert time.monotonic() - began < 60 * MINUTES

    rows = list(csv.DictReader(io.StringIO(table)))
    assert len({row["path"] for row in rows}) == 20
    assert all("found on a walk" in row["labels"] for row in rows)
