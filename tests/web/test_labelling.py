"""Labelling, looking closely, reviewing and exporting, in a real browser over a real library."""

import csv
import io
import json
import shutil
import urllib.request
import zipfile

import pytest

pytestmark = pytest.mark.browser


def ask(served, path):
    with urllib.request.urlopen(f"{served.url}api/v1/{path}") as response:
        return json.load(response)


@pytest.fixture
def served(demo_library, start_server, tmp_path):
    """A copy of the demo library, which a test may write to."""
    sounds, library = demo_library
    return start_server(sounds, shutil.copy(library, tmp_path / "mine.db"))


def select_hits(page, words):
    """Search by words and select what is found."""
    page.page.fill("#search", words)
    page.page.keyboard.press("Enter")
    page.page.locator("[data-hit]").first.wait_for()
    page.page.get_by_role("button", name="Select all").click()
    page.page.locator("section[aria-label=Selection] [role=status]").wait_for()


def labelled(served, label):
    return {each["recording_id"] for each in ask(served, f"annotations?label={label}")}


def named(served, family):
    listed = ask(served, "recordings?limit=1000")["recordings"]
    return {each["id"] for each in listed if each["folder"] == family}


def test_a_selection_is_labelled_by_keys_and_undone(visit, served):
    page = visit(served.url)
    select_hits(page, "thunder")
    page.page.keyboard.press("l")
    page.page.get_by_label("Label", exact=True).fill("distant storm")
    page.page.keyboard.press("Enter")
    legend = page.page.locator("section[aria-label=Legend]")
    page.wait(lambda: labelled(served, "distant%20storm") == named(served, "thunder"))
    page.page.get_by_text("2 recordings labelled “distant storm”").wait_for()
    page.page.keyboard.press("f")
    page.wait(lambda: labelled(served, "favourite") == named(served, "thunder"))
    page.page.keyboard.press("Control+z")
    page.wait(lambda: labelled(served, "favourite") == set())
    page.page.keyboard.press("Control+z")
    page.wait(lambda: labelled(served, "distant%20storm") == set())
    first = page.page.locator("section[aria-label=Selection] .chip").first
    label = first.locator("span").inner_text()
    before = labelled(served, label)
    page.page.keyboard.press("1")
    page.wait(lambda: labelled(served, label) == before | named(served, "thunder"))
    legend.get_by_role("button", name=label).wait_for()


def test_a_region_is_drawn_moved_and_removed_on_the_spectrogram(visit, served):
    page = visit(served.url)
    page.page.fill("#search", "siren")
    page.page.keyboard.press("Enter")
    page.page.locator("[data-hit]").first.click()
    page.page.locator("div.pinned").wait_for()
    page.page.keyboard.press("w")
    look = page.page.locator("section[aria-label=Look]")
    look.wait_for()
    page.page.wait_for_timeout(800)  # tiles
    colors = page.page.evaluate(
        """() => {
          const canvas = document.querySelectorAll("section[aria-label=Look] canvas")[1];
          const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
          return new Set(new Uint32Array(data.buffer)).size;
        }"""
    )
    assert colors > 50
    area = look.locator(".area").bounding_box()
    mouse, x, y = page.page.mouse, area["x"], area["y"]
    mouse.move(x + 100, y + 90)
    mouse.down()
    mouse.move(x + 300, y + 150, steps=4)
    mouse.up()
    page.page.keyboard.type("wail")
    page.page.keyboard.press("Enter")
    page.wait(lambda: len(ask(served, "annotations?label=wail")) == 1)
    [first] = ask(served, "annotations?label=wail")
    recording = ask(served, f"recordings/{first['recording_id']}")
    per_pixel = recording["duration_s"] / area["width"]
    assert first["start_s"] == pytest.approx(100 * per_pixel, abs=3 * per_pixel)
    assert first["end_s"] == pytest.approx(300 * per_pixel, abs=3 * per_pixel)
    assert 0 < first["low_hz"] < first["high_hz"] < recording["sample_rate"] / 2
    look.locator(".box .name").get_by_text("wail").wait_for()
    mouse.move(x + 200, y + 120)
    mouse.down()
    mouse.move(x + 260, y + 120, steps=4)
    mouse.up()
    page.wait(lambda: ask(served, "annotations?label=wail")[0]["start_s"] > first["start_s"])
    [moved] = ask(served, "annotations?label=wail")
    assert moved["start_s"] - first["start_s"] == pytest.approx(60 * per_pixel, abs=3 * per_pixel)
    played = page.page.evaluate("window.played.length")
    mouse.click(x + 250, y + 120)
    page.wait(f"window.played.length > {played}")
    assert "stretch?start_s" in page.page.evaluate("window.played.at(-1)")
    page.page.keyboard.press("Delete")
    page.wait(lambda: ask(served, "annotations?label=wail") == [])


def test_a_review_hears_one_after_the_other_and_keeps_what_was_said(visit, served):
    page = visit(served.url)
    select_hits(page, "rain")
    page.page.get_by_role("button", name="Review…").click()
    page.page.get_by_placeholder("Is it…").fill("wet")
    page.page.keyboard.press("Enter")
    review = page.page.locator("section[aria-label=Review]")
    review.get_by_text("1 of 2").wait_for()
    page.wait("window.played.length >= 1")
    page.page.keyboard.press("ArrowUp")
    review.get_by_text("2 of 2").wait_for()
    page.page.keyboard.press("ArrowDown")
    review.get_by_text("All 2 are reviewed").wait_for()
    said = {each["polarity"] for each in ask(served, "annotations?label=wet")}
    assert said == {"positive", "negative"}
    page.page.keyboard.press("ArrowLeft")
    page.wait(lambda: len(ask(served, "annotations?label=wet")) == 1)
    page.page.keyboard.press("Escape")
    page.page.locator("section[aria-label=Results]").wait_for()


def exported(page, name):
    """Export the selection and read the file that the browser keeps."""
    page.page.get_by_role("button", name="Export").click()
    with page.page.expect_download() as waiting:
        page.page.get_by_role("button", name=name).click()
    return waiting.value


def test_a_selection_is_exported_and_its_map_opens_without_a_server(
    visit, served, browser, tmp_path
):
    page = visit(served.url)
    select_hits(page, "siren")
    table = exported(page, "Table")
    rows = list(csv.DictReader(io.StringIO(table.path().read_text())))
    assert {int(row["id"]) for row in rows} == named(served, "siren")
    page.page.keyboard.press("Escape")
    page.page.locator("section[aria-label=Legend]").get_by_role("button", name="drip").click()
    page.page.get_by_role("button", name="Select", exact=True).click()
    with zipfile.ZipFile(exported(page, "A map to share").path()) as archive:
        archive.extractall(tmp_path)
    complaints = []
    alone = browser.new_page()
    alone.on("console", lambda message: complaints.append(message.text))
    alone.on("pageerror", lambda error: complaints.append(str(error)))
    alone.goto((tmp_path / "map/index.html").as_uri())
    assert "2 recordings" in alone.locator("#about").inner_text()
    x, y = alone.evaluate("place(0)")
    alone.mouse.click(x, y)
    alone.locator("#neighbors button").first.wait_for()
    for _ in range(100):
        if alone.evaluate("voice.currentTime > 0"):
            break
        alone.wait_for_timeout(50)
    assert alone.evaluate("voice.currentTime > 0")
    assert complaints == []
    alone.close()


def test_a_hit_can_be_dragged_out_as_a_file(visit, served_library):
    page = visit(served_library.url)
    page.page.fill("#search", "siren")
    page.page.keyboard.press("Enter")
    row = page.page.locator("[data-hit]").first
    row.wait_for()
    offered = row.evaluate(
        """(row) => {
          const dataTransfer = new DataTransfer();
          row.dispatchEvent(new DragEvent("dragstart", { dataTransfer, bubbles: true }));
          return dataTransfer.getData("DownloadURL");
        }"""
    )
    kind, name, url = offered.split(":", 2)
    assert kind == "application/octet-stream"
    assert name == page.hits()[0]
    with urllib.request.urlopen(url) as response:
        assert response.headers["content-type"].startswith("audio/")
