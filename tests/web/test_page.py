"""The page in a real browser, over the real server: what a person does and sees."""

import json
import shutil
import urllib.request
from urllib.parse import urlsplit

import pytest

from tonotopy import catalog
from tonotopy.explore import map_points

pytestmark = pytest.mark.browser

REFUSE_TO_PLAY = """
const play = HTMLMediaElement.prototype.play;
let touched = false;
addEventListener("pointerdown", () => (touched = true), { capture: true });
HTMLMediaElement.prototype.play = function () {
  if (touched) return play.call(this);
  return Promise.reject(new DOMException("touch the page first", "NotAllowedError"));
};
"""


COUNT_PICTURES = """
const put = CanvasRenderingContext2D.prototype.putImageData;
window.n_pictures = 0;
CanvasRenderingContext2D.prototype.putImageData = function (...picture) {
  window.n_pictures += 1;
  return put.apply(this, picture);
};
"""
KEEP_THE_CONTEXT = """
const getContext = HTMLCanvasElement.prototype.getContext;
HTMLCanvasElement.prototype.getContext = function (kind, ...options) {
  const context = getContext.call(this, kind, ...options);
  if (kind === "webgl") window.context = context; // the last one made draws the map
  return context;
};
"""


def ask(served, path, body=None):
    """Ask the server what the page should show."""
    request = urllib.request.Request(f"{served.url}api/v1/{path}")
    if body is not None:
        request.data = json.dumps(body).encode()
        request.add_header("Content-Type", "application/json")
        request.add_header("X-Tonotopy", "1")
    with urllib.request.urlopen(request) as response:
        return json.load(response)


def rest_on_a_point(page):
    """Move the pointer onto a point; give where it is and the name that the page tells."""
    from playwright.sync_api import TimeoutError

    tip = page.page.get_by_role("tooltip")
    for x, y in page.points():
        page.page.mouse.move(x + 40, y + 40)
        page.page.mouse.move(x, y)
        try:
            tip.wait_for(timeout=2000)
        except TimeoutError:
            continue
        return x, y, tip.locator(".name").inner_text()
    pytest.fail("no point of the map answers to the pointer")


def recording_named(served, name):
    listed = ask(served, "recordings?limit=1000")["recordings"]
    return next(each for each in listed if each["name"] == name)


@pytest.mark.parametrize("renderer", ["canvas", "webgl"])
@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_the_map_is_drawn_in_many_colours(visit, served_library, scheme, renderer):
    page = visit(f"{served_library.url}?renderer={renderer}", color_scheme=scheme)
    library = ask(served_library, "library")
    assert f"{library['n_recordings']} recordings" in page.page.locator("header").inner_text()
    assert len(page.points()) > library["n_recordings"] / 3  # the others touch
    assert len(page.colors()) > 10
    legend = page.page.locator("section[aria-label=Legend] li")
    assert legend.count() == len(library["labels"])


def test_everything_comes_from_the_server_itself(visit, served_library):
    page = visit(served_library.url)
    rest_on_a_point(page)
    assert {urlsplit(url).netloc for url in page.requests} == {urlsplit(served_library.url).netloc}


@pytest.mark.parametrize("renderer", ["canvas", "webgl"])
def test_resting_on_a_point_plays_its_very_window(visit, served_library, renderer):
    page = visit(f"{served_library.url}?renderer={renderer}")
    _, _, name = rest_on_a_point(page)
    page.wait("window.played.length === 1")
    recording = recording_named(served_library, name)
    window = ask(served_library, f"windows/{recording['window_id']}")
    [played] = page.page.evaluate("window.played")
    assert urlsplit(played).path == f"/api/v1/windows/{window['id']}/audio"
    assert played in page.requests
    length = page.page.evaluate("window.voice.duration")
    assert length == pytest.approx(window["end_s"] - window["start_s"], abs=0.01)
    player = page.page.locator("section[aria-label=Player]")
    assert name in player.inner_text()


def test_leaving_a_point_silences_it_and_lets_its_sound_go(visit, served_library):
    page = visit(served_library.url)
    x, y, _ = rest_on_a_point(page)
    page.wait("window.played.length === 1")
    page.page.mouse.move(x, y - 300 if y > 400 else y + 300)
    page.page.mouse.move(1100, 690)
    page.wait("window.voice.paused && !window.voice.hasAttribute('src')")
    assert page.page.get_by_role("tooltip").count() == 0


def test_a_browser_that_refuses_to_play_asks_for_a_click_and_then_plays(visit, served_library):
    page = visit(served_library.url, script=REFUSE_TO_PLAY)
    rest_on_a_point(page)
    hint = page.page.get_by_text("Click anywhere to enable sound")
    hint.wait_for()
    assert page.page.evaluate("window.played.length") == 0
    page.page.mouse.down()
    page.page.mouse.up()
    page.wait("window.played.length > 0")
    assert hint.count() == 0


def test_clicking_a_point_lists_its_true_neighbours(visit, served_library):
    page = visit(served_library.url)
    x, y, name = rest_on_a_point(page)
    faint = page.n_faint()
    page.page.mouse.click(x, y)
    page.page.locator("[data-hit]").first.wait_for()
    recording = recording_named(served_library, name)
    search = {"recording_id": recording["id"], "k": 20, "by": "recording"}
    expected = ask(served_library, "search", search)
    assert page.hits() == [hit["name"] for hit in expected["hits"]]
    results = page.page.locator("section[aria-label=Results]").inner_text()
    assert name in results
    assert expected["score_name"] in results
    page.wait(lambda: page.n_faint() > 2 * faint + 100)  # the others step back


def test_a_hit_is_pinned_by_a_click_and_escape_unpins(visit, served_library):
    page = visit(served_library.url)
    x, y, _ = rest_on_a_point(page)
    page.page.mouse.click(x, y)
    page.page.locator("[data-hit]").first.wait_for()
    first = page.hits()[0]
    page.page.locator("[data-hit]").first.click()
    pinned = page.page.locator("section[aria-label=Results] .pinned")
    pinned.get_by_text(first).wait_for()
    page.wait(lambda: page.hits() and first not in page.hits())
    page.page.keyboard.press("Escape")
    page.page.get_by_text("Walk your sounds").wait_for()


def test_dropping_a_sound_lists_what_is_like_it(visit, served_library):
    page = visit(served_library.url)
    sound = next((served_library.sounds / "siren").iterdir())
    page.drop("unknown.wav", sound.read_bytes())
    page.page.locator("[data-hit]").first.wait_for()
    assert page.hits()[0] == sound.name
    assert "Like unknown.wav" in page.page.locator("section[aria-label=Results]").inner_text()


def test_dropping_what_is_no_sound_says_so(visit, served_library):
    page = visit(served_library.url)
    page.drop("report.pdf", b"%PDF-1.7 a report")
    alert = page.page.locator("section[aria-label=Results] [role=alert]")
    alert.wait_for()
    assert "not audio" in alert.inner_text()
    assert len(page.complaints) == 1  # the browser's note of the status
    assert "422" in page.complaints.pop()


def test_words_find_names_folders_and_labels(visit, served_library):
    page = visit(served_library.url)
    page.page.keyboard.press("/")
    page.page.keyboard.type("thunder")
    page.page.keyboard.press("Enter")
    page.page.locator("[data-hit]").first.wait_for()
    files = {path.name for path in (served_library.sounds / "thunder").iterdir()}
    assert set(page.hits()) == files
    page.page.keyboard.press("Escape")
    page.page.get_by_text("Walk your sounds").wait_for()
    assert page.page.locator("#search").input_value() == ""


def test_a_slash_goes_to_the_search_box_from_a_switch_too(visit, served_library):
    page = visit(served_library.url).page
    page.get_by_text("Windows", exact=True).click()
    page.keyboard.press("/")
    page.keyboard.type("low/")
    assert page.locator("#search").input_value() == "low/"


def test_arrow_keys_walk_the_hits_and_space_plays_again(visit, served_library):
    page = visit(served_library.url)
    page.page.fill("#search", "rain")
    page.page.keyboard.press("Enter")
    page.page.locator("[data-hit]").first.wait_for()
    page.page.keyboard.press("ArrowDown")
    page.wait("window.played.length === 1")
    page.page.keyboard.press("ArrowDown")
    page.wait("window.played.length === 2")
    first, second = page.page.evaluate("window.played")
    assert first != second
    page.page.keyboard.press("Space")
    page.wait("window.played.length === 3")
    assert page.page.evaluate("window.played[2]") == second
    page.page.keyboard.press("Enter")
    page.page.locator("section[aria-label=Results] .pinned").wait_for()


def test_the_legend_brings_a_group_forward(visit, served_library):
    page = visit(served_library.url)
    everything = len(page.colors())
    page.page.locator("section[aria-label=Legend]").get_by_role("button", name="siren").click()
    page.wait(lambda: 0 < len(page.colors()) < everything / 3)
    page.page.get_by_role("button", name="Show all").click()
    page.wait(lambda: len(page.colors()) == everything)


def test_windows_are_shown_and_played_as_themselves(visit, served_library):
    page = visit(served_library.url)
    page.page.get_by_text("Windows", exact=True).click()
    n_windows = ask(served_library, "library")["n_windows"]
    page.page.get_by_text(f"{n_windows:,} windows, laid out").wait_for()
    page.wait(lambda: len(page.points()) > 60)
    x, y, _ = rest_on_a_point(page)
    page.wait("window.played.length === 1")
    window_id = int(page.page.evaluate("window.played[0]").split("/")[-2])
    page.page.mouse.click(x, y)
    page.page.locator("[data-hit]").first.wait_for()
    expected = ask(served_library, "search", {"window_id": window_id, "k": 20, "by": "window"})
    assert page.hits() == [hit["name"] for hit in expected["hits"]]


def test_the_map_returns_when_the_graphics_card_has_forgotten_it(visit, served_library):
    page = visit(f"{served_library.url}?renderer=webgl", script=KEEP_THE_CONTEXT)
    before = set(page.points())
    page.page.evaluate("window.losing = window.context.getExtension('WEBGL_lose_context')")
    page.page.evaluate("window.losing.loseContext()")
    page.wait("window.context.isContextLost()")
    page.page.evaluate("window.forgotten = window.context; window.losing.restoreContext()")
    page.wait("window.context !== window.forgotten")
    page.wait(lambda: set(page.points()) == before)
    rest_on_a_point(page)
    page.complaints[:] = [each for each in page.complaints if "CONTEXT_LOST" not in each]


def test_software_that_imitates_a_graphics_card_is_spared(visit, served_library):
    page = visit(served_library.url, script=COUNT_PICTURES)
    assert page.page.evaluate("window.n_pictures") > 0  # ours are put as images, WebGL's are not
    page.page.mouse.move(500, 300)
    page.page.mouse.down()
    page.page.mouse.move(530, 320, steps=4)
    page.page.mouse.up()
    page.wait(lambda: "at=" in page.page.url)
    height = float(page.page.url.split("%2C")[-1])
    page.page.mouse.wheel(0, -200)
    page.wait(lambda: float(page.page.url.split("%2C")[-1]) < height)
    assert float(page.page.url.split("%2C")[-1]) == pytest.approx(height / 2**0.5, rel=1e-3)


@pytest.mark.slow
def test_umap_is_computed_with_progress_and_then_shown(visit, served_library):
    page = visit(served_library.url, reduced_motion="no-preference")
    before = set(page.points())
    page.page.get_by_text("UMAP").click()
    page.page.get_by_role("progressbar").wait_for()
    page.page.get_by_role("radio", name="UMAP", checked=True).wait_for(timeout=120_000)
    page.wait(lambda: page.points() and not before & set(page.points()))
    assert any("projection=umap" in url for url in page.requests)
    page.page.get_by_text("PCA").click()
    page.wait(lambda: set(page.points()) == before)  # the points glide, then the view follows


def test_a_server_that_stops_is_missed_and_found_again(visit, demo_library, start_server):
    served = start_server(*demo_library)
    page = visit(served.url)
    port = urlsplit(served.url).port
    served.stop()
    page.page.fill("#search", "rain")
    page.page.keyboard.press("Enter")
    missed = page.page.get_by_text("The tonotopy server does not answer. Start it again")
    missed.wait_for()
    start_server(*demo_library, port=port)
    missed.wait_for(state="detached")
    page.page.keyboard.press("Escape")
    rest_on_a_point(page)
    page.wait("window.played.length === 1")
    page.complaints[:] = [each for each in page.complaints if "ERR_CONNECTION_REFUSED" not in each]


def test_points_are_as_large_as_they_answer_well(visit, served_library):
    page = visit(served_library.url)
    page.page.fill("#search", "rain")
    page.page.keyboard.press("Enter")
    page.page.locator("[data-hit]").first.wait_for()
    page.wait(lambda: page.n_faint() > 100)
    before = int((page.pixels()[..., 3] > 200).sum())
    page.page.get_by_role("button", name="Size by score").click()
    page.wait(lambda: int((page.pixels()[..., 3] > 200).sum()) > 1.3 * before)
    page.wait("location.hash.includes('size=score')")
    page.page.get_by_role("button", name="Size by score").click()
    page.wait(lambda: int((page.pixels()[..., 3] > 200).sum()) == before)


@pytest.mark.slow
def test_a_map_that_lacks_sounds_says_so_and_is_computed_again(
    visit, demo_library, start_server, tmp_path
):
    sounds, library = demo_library
    served = start_server(sounds, lacking_umap(shutil.copy(library, tmp_path / "behind.db")))
    page = visit(f"{served.url}#map=umap")
    behind = page.page.get_by_text("This map is behind: it lacks 2 recordings")
    behind.wait_for()
    page.page.get_by_role("button", name="Compute it again").click()
    behind.wait_for(state="detached")
    page.page.get_by_role("progressbar").wait_for()
    page.page.get_by_role("progressbar").wait_for(state="detached", timeout=120_000)
    n = ask(served, "library")["n_recordings"]
    page.page.get_by_text(f"{n} recordings, laid out").wait_for()
    assert behind.count() == 0


def lacking_umap(library):
    """Store a map, as if it had been computed before the last two recordings were added."""
    with catalog.open_catalog(library) as opened:
        points = map_points(opened)
        with opened.write() as connection:
            space = catalog.find_space(connection)
            catalog.put_analysis(
                connection,
                space_id=space.id,
                kind="projection",
                name="umap",
                item_kind="recordings",
                parameters={},
                generation=space.generation - 1,
                values={"ids": points.ids[:-2], "coordinates": points.coordinates[:-2]},
            )
    return library
