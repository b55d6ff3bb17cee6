"""What may befall a page that is open: its library grows, its server dies, sounds are odd."""

import json
import shutil
import urllib.request
from threading import Event, Thread
from urllib.parse import urlsplit

import numpy as np
import pytest
import soundfile

pytestmark = pytest.mark.browser

# Formats that browsers do not play, or not all of them.
ODD = {
    "tall": ("tall.aiff", 96_000, "PCM_24"),
    "deep": ("deep.wav", 96_000, "PCM_24"),
    "ima": ("ima.wav", 22_050, "IMA_ADPCM"),
    "microsoft": ("microsoft.wav", 22_050, "MS_ADPCM"),
    "telephone": ("telephone.au", 8_000, "ULAW"),
    "lossless": ("lossless.caf", 44_100, "ALAC_24"),
    "bat": ("bat.wav", 384_000, "PCM_16"),
}
PLAYS = """
(address) => new Promise((done, fail) => {
  const audio = document.createElement("audio");
  audio.src = address;
  audio.addEventListener("playing", () => done(audio.duration), { once: true });
  audio.addEventListener("error", () => fail(new Error(audio.error.message)), { once: true });
  audio.play();
})
"""


def ask(served, path):
    with urllib.request.urlopen(f"{served.url}api/v1/{path}") as response:
        return json.load(response)


def write_tones(folder, count, seconds=1.0):
    folder.mkdir()
    for number in range(count):
        time = np.arange(round(22_050 * seconds)) / 22_050
        soundfile.write(folder / f"new {number}.wav", np.sin(time * 900 * (2 + number)) / 2, 22_050)


@pytest.fixture
def mine(demo_library, tmp_path):
    """A copy of the demo library, which a test may change."""
    sounds, library = demo_library
    return sounds, tmp_path / shutil.copy(library, tmp_path / "mine.db")


def forgive(page, *texts):
    """Take out what the browser complains of while a server is away."""
    page.complaints[:] = [
        each for each in page.complaints if not any(text in each for text in texts)
    ]


def test_a_library_that_another_process_adds_to_is_answered_from_and_announced(
    visit, mine, start_server, tonotopy, tmp_path
):
    served = start_server(*mine)
    page = visit(served.url)
    before = ask(served, "library")["n_recordings"]
    write_tones(tmp_path / "new", 5)
    over, answered = Event(), []

    def keep_asking():
        while not over.is_set():
            answered.append(ask(served, "library")["n_recordings"])
            over.wait(0.1)

    asking = Thread(target=keep_asking)
    asking.start()
    tonotopy("add", tmp_path / "new", "--library", mine[1], "--jobs", 1)
    over.set()
    asking.join()
    assert len(answered) > 5
    assert answered == sorted(answered)  # it only grows, and every request was answered
    page.page.get_by_text("5 new recordings are not on this map yet").wait_for()
    page.page.get_by_role("button", name="Redraw the map").click()
    page.page.get_by_text(f"{before + 5} recordings, laid out").wait_for()


def test_a_server_that_is_killed_is_missed_and_found_again_with_what_changed(
    visit, mine, start_server, tonotopy, tmp_path
):
    served = start_server(*mine)
    page = visit(served.url)
    before = ask(served, "library")["n_recordings"]
    served.process.kill()
    served.process.wait(20)
    missed = page.page.get_by_text("The tonotopy server does not answer. Start it again")
    missed.wait_for()  # nobody touches the page
    write_tones(tmp_path / "new", 3)
    tonotopy("add", tmp_path / "new", "--library", mine[1], "--jobs", 1)
    start_server(*mine, port=urlsplit(served.url).port)
    missed.wait_for(state="detached")
    page.page.get_by_text(f"{before + 3} recordings, laid out").wait_for()
    page.page.fill("#search", "new")
    page.page.keyboard.press("Enter")
    page.page.locator("[data-hit]").first.wait_for()
    assert sorted(page.hits()) == ["new 0.wav", "new 1.wav", "new 2.wav"]
    forgive(page, "ERR_CONNECTION_REFUSED", "ERR_CONNECTION_RESET", "ERR_EMPTY_RESPONSE")


def test_trying_now_finds_a_server_that_is_back_at_once(visit, mine, start_server):
    served = start_server(*mine)
    page = visit(served.url)
    served.process.kill()
    served.process.wait(20)
    again = page.page.get_by_role("button", name="Try now")
    again.wait_for()
    start_server(*mine, port=urlsplit(served.url).port)
    if again.count():
        again.click()
    again.wait_for(state="detached")
    forgive(page, "ERR_CONNECTION_REFUSED", "ERR_CONNECTION_RESET", "ERR_EMPTY_RESPONSE")


@pytest.fixture(scope="module")
def odd_library(tonotopy, tmp_path_factory):
    """A library of formats that browsers do not play."""
    home = tmp_path_factory.mktemp("odd")
    (home / "odd").mkdir()
    for number, (name, rate, subtype) in enumerate(ODD.values()):
        time = np.arange(round(1.5 * rate)) / rate
        sound = np.sin(2 * np.pi * (300 + 100 * number) * time) / 2
        soundfile.write(home / "odd" / name, sound, rate, subtype=subtype)
    tonotopy("add", home / "odd", "--library", home / "odd.db", "--embedder", "mfcc", "--jobs", 1)
    return home / "odd", home / "odd.db"


def test_sounds_that_no_browser_plays_are_heard_all_the_same(visit, odd_library, start_server):
    served = start_server(*odd_library)
    page = visit(served.url)
    for n_before, word in enumerate(ODD):
        page.page.fill("#search", word)
        page.page.keyboard.press("Enter")
        page.page.locator(f"[data-hit] .name:text-is('{ODD[word][0]}')").wait_for()
        page.page.keyboard.press("ArrowDown")
        page.wait(f"window.played.length > {n_before}")
    for each in ask(served, "recordings")["recordings"]:
        address = f"{served.url}api/v1/recordings/{each['id']}/audio"
        assert page.page.evaluate(PLAYS, address) == pytest.approx(1.5, abs=0.06)


@pytest.mark.parametrize("way", ["search", "add"])
def test_a_pdf_is_refused_in_words(visit, mine, start_server, tmp_path, way):
    (tmp_path / "opened").mkdir()
    served = start_server(*mine, 0, "--allow-add", tmp_path / "opened")
    page = visit(served.url)
    page.drop("report.pdf", b"%PDF-1.7 a report", 100 if way == "search" else 1000)
    if way == "add":
        page.page.get_by_text("1 file could not be added").click()
        page.page.get_by_text("report.pdf is not named like a sound").wait_for()
        assert list((tmp_path / "opened").iterdir()) == []
    else:
        page.page.locator("section[aria-label=Results] [role=alert]").wait_for()
        forgive(page, "422")
