"""Asking, refining and narrowing, in a real browser over the real server."""

import json
import shutil
import wave

import numpy as np
import pytest

pytestmark = pytest.mark.browser

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
REFUSE_THE_MICROPHONE = """
navigator.mediaDevices.getUserMedia = () =>
  Promise.reject(new DOMException("Permission denied", "NotAllowedError"));
"""
DROP_A_PDF = """
() => {
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(new File(["%PDF-1.7"], "report.pdf", { type: "application/pdf" }));
  document.body.dispatchEvent(
    new DragEvent("drop", { dataTransfer, bubbles: true, cancelable: true }),
  );
}
"""


def find(page, written):
    page.page.fill("#search", written)
    page.page.keyboard.press("Enter")
    page.page.locator("[data-hit]").first.wait_for()
    page.wait(lambda: not page.page.locator("section[aria-label=Results][aria-busy=true]").count())


def asked(page):
    """Collect what the server is asked from now on."""
    sent = []

    def note(request):
        if request.url.endswith("/search"):
            sent.append(json.loads(request.post_data))

    page.page.on("request", note)
    return sent


def chips(page):
    return page.page.locator("[aria-label=Filters] .chip").all_inner_texts()


def button(page, name):
    return page.page.get_by_role("button", name=name, exact=True)


def settled(page):
    page.wait("!document.querySelector('section[aria-label=Results][aria-busy=true]')")


def test_more_and_less_like_hits_make_a_question(visit, served_library):
    page = visit(served_library.url)
    find(page, "thunder")
    sent = asked(page)
    names = page.hits()
    page.page.locator("[data-hit]").nth(0).focus()
    page.page.keyboard.press("+")
    page.page.get_by_text("More like", exact=True).wait_for()
    page.wait(lambda: page.hits() and names[0] not in page.hits())
    other = page.hits()[-1]
    page.page.locator("[data-hit]").last.hover()
    page.page.get_by_role("button", name=f"Less like {other}").click()
    page.page.get_by_text("Less like", exact=True).wait_for()
    page.wait(lambda: other not in page.hits())
    assert [(len(each["like_recordings"]), len(each["unlike_recordings"])) for each in sent] == [
        (1, 0),
        (1, 1),
    ]
    page.wait("/more=r\\d+&less=r\\d+/.test(location.hash)")
    button(page, f"Take {other} out").click()
    page.wait(lambda: other in page.hits())


def test_a_selection_is_searched_by_and_searched_inside(visit, served_library):
    page = visit(served_library.url)
    find(page, "thunder")
    within = set(page.hits())
    button(page, "Select all").click()
    button(page, "Find").click()
    button(page, "More like these").click()
    page.page.get_by_role("heading", name="What answers best").wait_for()
    page.wait(lambda: page.hits() and not within & set(page.hits()))
    button(page, "Find").click()
    button(page, "Search inside of these").click()
    page.wait(lambda: chips(page) == [f"inside {len(within)} recordings"])
    page.page.keyboard.press("Escape")  # lets go of the selection, not of the search
    page.page.fill("#search", "thunder")
    page.page.keyboard.press("Enter")
    page.wait(lambda: set(page.hits()) == within)
    page.page.fill("#search", "rain")
    page.page.keyboard.press("Enter")
    page.page.get_by_text("Nothing was found within the filters above").wait_for()
    page.page.locator(".chip").focus()
    page.page.keyboard.press("Delete")
    page.page.locator("[data-hit]").first.wait_for()
    assert chips(page) == []


def test_filters_become_chips_and_go_by_keyboard(visit, served_library):
    page = visit(served_library.url)
    sent = asked(page)
    page.page.fill("#search", "label:thunder label:rain duration:<60")
    page.page.keyboard.press("Enter")
    page.page.get_by_role("heading", name="All that fit").wait_for()
    page.page.locator("[data-hit]").first.wait_for()
    assert sent[-1]["where"] == "duration_s < 60 and (label = 'thunder' or label = 'rain')"
    assert chips(page) == ["label: thunder", "label: rain", "duration: < 1 min"]
    n = len(page.hits())
    page.page.locator(".chip").nth(1).focus()
    page.page.keyboard.press("Backspace")
    page.wait(lambda: len(page.hits()) < n)
    assert page.page.evaluate("document.activeElement.innerText") == "duration: < 1 min"
    page.wait("location.hash.includes('only=label%3Athunder&only=duration')")
    page.page.reload()
    page.wait(lambda: chips(page) == ["label: thunder", "duration: < 1 min"])


def test_filters_come_from_the_menu_the_legend_and_tags(visit, served_tagged):
    server, _ = served_tagged
    page = visit(server.url)
    button(page, "Add a filter").click()
    page.page.get_by_label("What", exact=True).select_option("duration")
    page.page.get_by_label("How", exact=True).select_option("<=")
    page.page.get_by_label("Value", exact=True).fill("long")
    button(page, "Add").click()
    page.page.get_by_text("“long” is no number.").wait_for()
    page.page.get_by_label("Value", exact=True).fill("60")
    button(page, "Add").click()
    page.wait(lambda: chips(page) == ["duration: ≤ 1 min"])
    page.page.locator("section[aria-label=Legend] .line", has_text="thunder").click()
    page.page.locator("section[aria-label=Legend]").get_by_role("button", name="Filter").click()
    page.wait(lambda: chips(page) == ["duration: ≤ 1 min", "label: thunder"])
    page.page.get_by_role("button", name="Only Thunder").first.click()
    page.wait(lambda: chips(page)[-1:] == ["tag: Thunder"])
    page.wait(lambda: page.hits() and all("thunder" in name.lower() for name in page.hits()))
    button(page, "Clear").click()
    page.wait(lambda: chips(page) == [])


def test_searches_are_gone_back_through(visit, served_library):
    page = visit(served_library.url)
    lists = []
    for words in ("thunder", "rain"):
        find(page, words)
        lists.append(page.hits())
    page.drop("mine.wav", next(served_library.sounds.rglob("*.wav")).read_bytes())
    page.page.get_by_role("heading", name="Like mine.wav").wait_for()
    page.page.locator("[data-hit]").first.wait_for()
    lists.append(page.hits())
    page.page.locator("h1").click()
    page.page.keyboard.press("Alt+ArrowLeft")
    page.wait(lambda: page.hits() == lists[1])
    button(page, "The search before").click()
    page.wait(lambda: page.hits() == lists[0])
    assert page.page.input_value("#search") == "thunder"
    page.page.go_forward()
    page.wait(lambda: page.hits() == lists[1])
    page.page.keyboard.press("Alt+ArrowRight")  # a file, which no address holds
    page.wait(lambda: page.hits() == lists[2])
    assert button(page, "The next search").is_disabled()
    page.page.focus("#search")
    recent = page.page.get_by_role("list", name="Recent searches")
    assert recent.locator("button").all_inner_texts() == ["Like mine.wav", "“rain”", "“thunder”"]
    recent.get_by_role("button", name="thunder").click()
    page.wait(lambda: page.hits() == lists[0])


@pytest.mark.parametrize("how", ["button", "drag"])
def test_a_drawn_stretch_of_a_recording_is_searched_by(visit, served_library, how):
    page = visit(served_library.url)
    find(page, "thunder")
    page.page.locator("[data-hit]").first.click()
    page.page.locator(".pinned .name").wait_for()
    own = page.page.locator(".pinned .name").inner_text()
    page.page.keyboard.press("w")
    area = page.page.locator("section[aria-label=Look] .area")
    area.wait_for()
    box = area.bounding_box()
    middle, height = box["x"] + box["width"] / 2, box["y"] + 20
    page.page.mouse.move(box["x"] + 40, height)
    page.page.mouse.down()
    page.page.mouse.move(middle, height, steps=4)
    page.page.mouse.up()
    sent = asked(page)
    if how == "drag":
        button(page, "Find like it").drag_to(page.page.locator("form[role=search]"))
    else:
        button(page, "Find like it").click()
    page.wait(lambda: sent)
    start_s, end_s = sent[-1]["start_s"], sent[-1]["end_s"]
    assert 0 < start_s < end_s
    page.page.get_by_role("button", name="Play the stretch").wait_for()
    page.page.locator("[data-hit]").first.wait_for()
    assert own not in page.hits()
    page.wait("location.hash.includes('part=')")


def test_what_is_seen_of_a_recording_is_searched_by_with_a_key(visit, served_library):
    page = visit(served_library.url)
    find(page, "thunder")
    page.page.locator("[data-hit]").first.click()
    page.page.locator(".pinned .name").wait_for()
    page.page.keyboard.press("w")
    page.page.locator("section[aria-label=Look] .area").focus()
    sent = asked(page)
    page.page.keyboard.press("+")
    page.page.keyboard.press("q")
    page.wait(lambda: sent)
    assert sent[-1]["end_s"] > sent[-1]["start_s"] > 0


def test_what_the_microphone_hears_is_searched_by(browser, served_library, tmp_path):
    """The microphone is given a sound of the library, over and over."""
    source = sorted(served_library.sounds.glob("rain/*.wav"))[0]
    with wave.open(str(source)) as file:
        rate, n = file.getframerate(), file.getnframes()
        samples = np.frombuffer(file.readframes(n), "<i2").reshape(n, -1)[:, 0]
    heard = tmp_path / "heard.wav"
    with wave.open(str(heard), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples.astype("<i2").tobytes())
    flags = [
        "--no-sandbox",
        "--use-gl=angle",
        "--use-angle=swiftshader",
        "--enable-unsafe-swiftshader",
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-audio-capture={heard}",
    ]
    path = next(filter(None, map(shutil.which, BROWSERS)))
    listening = browser.browser_type.launch(executable_path=path, args=flags)
    try:
        page = listening.new_page(viewport={"width": 1280, "height": 720})
        complaints = []
        page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else 0)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(served_library.url)
        page.locator("section[aria-label=Legend]").wait_for()
        page.get_by_role("button", name="Search by the microphone").click()
        meter = page.get_by_role("meter", name="Level")
        meter.wait_for()
        levels = []
        for _ in range(40):
            levels.append(float(meter.get_attribute("aria-valuenow")))
            page.wait_for_timeout(60)
        assert max(levels) > 0.2
        assert page.evaluate("document.activeElement.innerText") == "Find"
        page.keyboard.press("Enter")
        page.get_by_role("heading", name="Like Recorded at").wait_for()
        page.locator("[data-hit]").first.wait_for()
        best = page.locator("[data-hit]").first.get_attribute("title")
        assert "/rain/" in best
        assert complaints == []
    finally:
        listening.close()


def test_a_microphone_that_may_not_be_used_says_what_to_do(visit, served_library):
    page = visit(served_library.url, script=REFUSE_THE_MICROPHONE)
    button(page, "Search by the microphone").click()
    page.page.get_by_text("Allow it in the browser's site settings").wait_for()
    assert page.page.locator("#search").is_visible()


def test_a_dropped_document_says_what_to_drop(visit, served_library):
    page = visit(served_library.url)
    page.page.evaluate(DROP_A_PDF)
    said = page.page.get_by_role("alert")
    said.wait_for()
    assert "report.pdf” is no sound" in said.inner_text()
    assert "Drop a sound file" in said.inner_text()
    assert not any(url.endswith("/search/upload") for url in page.requests)


def test_aspects_are_weighed_by_sliders(visit, served_library):
    page = visit(served_library.url)
    find(page, "thunder")
    page.page.locator("[data-hit]").first.click()
    page.page.locator(".pinned .name").wait_for()
    settled(page)
    sent = asked(page)
    slider = page.page.get_by_role("slider", name="pitch")
    slider.focus()
    page.page.keyboard.press("End")
    page.wait(lambda: sent)
    assert sent[-1]["aspects"] == {"timbre": 1, "pitch": 1, "loudness": 0, "rhythm": 0}
    settled(page)
    page.wait("location.hash.includes('alike=timbre%3D1%2Cpitch%3D1')")
    row = page.page.locator("section[aria-label=Results] li").first
    page.wait(lambda: "pitch" in row.inner_text())
    button(page, "Reset").click()
    page.wait(lambda: sent[-1]["aspects"] is None)
    page.wait(lambda: "pitch" not in row.inner_text())
