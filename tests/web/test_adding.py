"""Adding sounds from the page, in a real browser: dropped, picked, or from a folder."""

import json
import os
import shutil
import urllib.request
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tonotopy import catalog

pytestmark = pytest.mark.browser

RECORDED = Path(__file__).parents[3] / "shared" / "audio" / "esc10"
RIGHT = 1000  # of a page 1280 pixels wide: where letting go adds


def ask(served, path):
    with urllib.request.urlopen(f"{served.url}api/v1/{path}") as response:
        return json.load(response)


def names_of(served):
    return {each["name"] for each in ask(served, "recordings?limit=1000")["recordings"]}


@pytest.fixture(scope="session")
def new_sounds(tmp_path_factory):
    """Three sounds that no library has: recorded ones where they are there, else synthesized."""
    if RECORDED.is_dir():
        families = sorted(each for each in RECORDED.iterdir() if each.is_dir())[:3]
        files = [next(iter(sorted(each.iterdir()))) for each in families]
        return {each.name: each.read_bytes() for each in files}
    from tonotopy.synthesis import SAMPLE_RATE, collection

    folder = tmp_path_factory.mktemp("new")
    for number, sound in enumerate(collection(per_family=1)):
        if number < 3:
            soundfile.write(folder / f"new {sound.name}", 0.5 * sound.samples, SAMPLE_RATE)
    return {each.name: each.read_bytes() for each in folder.iterdir()}


@pytest.fixture
def root(tmp_path):
    (tmp_path / "opened").mkdir()
    return tmp_path / "opened"


@pytest.fixture
def served(demo_library, start_server, tmp_path, root):
    """A copy of the demo library, to which sounds may be added from the root."""
    sounds, library = demo_library
    copy = shutil.copy(library, tmp_path / "mine.db")
    return start_server(sounds, copy, 0, "--allow-add", root, "--max-upload", 5)


def shown(page):
    return page.page.locator("header").inner_text()


def test_dropped_sounds_are_added_with_progress_and_shown(visit, served, root, new_sounds):
    page = visit(served.url)
    before = ask(served, "library")["n_recordings"]
    files = {**new_sounds, "broken.wav": b"RIFF and no more", "report.pdf": b"%PDF-1.7"}
    page.drag(files, RIGHT, "dragenter", "dragover")
    page.page.get_by_text("Add to the library").wait_for()
    page.page.get_by_text("Find what sounds like it").wait_for()
    page.drag(files, RIGHT, "drop")
    page.page.get_by_role("progressbar", name="Added so far").wait_for()
    told = page.page.locator("section[aria-label='Sounds added']")
    told.get_by_text("Added 3 recordings.").wait_for(timeout=120_000)
    told.get_by_text("2 files could not be added").click()
    reasons = told.locator("li").all_inner_texts()
    assert [text.split()[0] for text in reasons] == ["report.pdf", "broken.wav"]
    assert not any("report.pdf" in url for url in page.requests)  # not even sent
    assert names_of(served) > set(new_sounds)
    (folder,) = root.iterdir()
    assert set(new_sounds) < set(os.listdir(folder))
    page.page.get_by_text("3 new recordings are not on this map yet").wait_for()
    page.page.get_by_role("button", name="Redraw the map").click()
    page.page.get_by_text(f"{before + 3} recordings, laid out").wait_for()
    assert f"{before + 3} recordings" in shown(page)


def test_dropping_on_the_left_still_searches(visit, served, new_sounds, root):
    page = visit(served.url)
    name, content = next(iter(new_sounds.items()))
    page.drop(name, content, 100)
    page.page.locator("[data-hit]").first.wait_for()
    assert list(root.iterdir()) == []


def test_sounds_are_picked_and_labelled_by_their_folder(visit, served, tmp_path, new_sounds):
    folder = tmp_path / "my kit"
    folder.mkdir()
    for name, content in new_sounds.items():
        (folder / name).write_bytes(content)
    (folder / "notes.txt").write_text("passed over")
    page = visit(served.url)
    page.page.get_by_role("button", name="Add sounds").click()
    page.page.get_by_label("Label each sound with the name of its folder").check()
    page.page.locator("input[webkitdirectory]").set_input_files(folder)
    page.page.get_by_text("Added 3 recordings.").wait_for(timeout=120_000)
    assert page.page.get_by_text("could not be added").count() == 0
    found = ask(served, "recordings?where=label%20=%20'my%20kit'")["recordings"]
    assert {each["name"] for each in found} == set(new_sounds)


def test_a_folder_where_the_server_is_is_chosen(visit, served, root, new_sounds):
    (root / "kits/808").mkdir(parents=True)
    for name, content in new_sounds.items():
        (root / "kits/808" / name).write_bytes(content)
    page = visit(served.url)
    page.page.get_by_role("button", name="Add sounds").click()
    dialog = page.page.get_by_role("dialog")
    dialog.get_by_role("button", name="kits").click()
    dialog.get_by_role("button", name="808").click()
    dialog.get_by_role("button", name="Add this folder, 3 sounds").click()
    page.page.get_by_text("Added 3 recordings.").wait_for(timeout=120_000)
    assert names_of(served) > set(new_sounds)


def test_adding_is_stopped(visit, served, root):
    samples = np.random.default_rng(0).standard_normal(44_100 * 120) / 10
    for number in range(40):
        soundfile.write(root / f"{number}.wav", samples, 44_100)
    page = visit(served.url)
    page.page.get_by_role("button", name="Add sounds").click()
    page.page.get_by_role("button", name="Add this folder, 40 sounds").click()
    page.page.get_by_text("of 40 sounds").wait_for()
    page.page.get_by_role("button", name="Stop", exact=True).click()
    page.page.get_by_text("Stopped; what was heard so far stays.").wait_for()
    assert ask(served, "library")["adding"]["job"] is None
    assert sum(name.removesuffix(".wav").isdecimal() for name in names_of(served)) < 40


def test_an_empty_library_is_filled_by_dropping(
    visit, served_library, start_server, tmp_path, root, new_sounds
):
    with catalog.open_catalog(tmp_path / "empty.db") as library:
        library.create()
    empty = start_server(tmp_path, tmp_path / "empty.db", 0, "--allow-add", root)
    page = visit(served_library.url)
    page.page.goto(empty.url)
    page.page.get_by_text("Drop sounds or folders of sounds").wait_for()
    page.drop_all(new_sounds)  # wherever: there is nothing to search
    page.page.get_by_text("3 recordings, laid out").wait_for(timeout=180_000)
    page.wait(page.points)


def test_without_leave_the_page_says_how_to_get_it_and_dropping_searches(
    visit, served_library, new_sounds
):
    page = visit(served_library.url)
    name, content = next(iter(new_sounds.items()))
    page.drag({name: content}, RIGHT, "dragenter", "dragover")
    page.page.locator(".overlay").get_by_text("--allow-add FOLDER").wait_for()
    page.drag({name: content}, RIGHT, "drop")
    page.page.locator("[data-hit]").first.wait_for()
    page.page.get_by_role("button", name="Add sounds").click()
    page.page.get_by_role("dialog").get_by_text("--allow-add FOLDER").wait_for()


def test_a_file_of_3_gb_is_refused_before_anything_is_sent(visit, served, tmp_path):
    with (tmp_path / "long.wav").open("wb") as file:
        file.truncate(3_000_000_000)  # takes no room on the disk
    page = visit(served.url)
    page.page.get_by_role("button", name="Add sounds").click()
    page.page.get_by_label("Files to add").set_input_files(tmp_path / "long.wav")
    page.page.get_by_text("1 file could not be added").click()
    page.page.get_by_text("3.0 GB, and 5 MB can be sent").wait_for()
    page.page.locator("form[role=search] input[type=file]").set_input_files(tmp_path / "long.wav")
    page.page.get_by_text("“long.wav” has 3.0 GB").wait_for()
    sent = [url for url in page.requests if "/upload" in url or "/adding/files" in url]
    assert sent == []
