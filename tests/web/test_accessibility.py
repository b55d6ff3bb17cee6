"""Every view of the page, in both schemes, under the eyes of axe-core."""

import shutil
from pathlib import Path

import pytest

from tonotopy import catalog

pytestmark = pytest.mark.browser

AXE = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
RUN = """
async () => {
  const { violations } = await window.axe.run(document, { resultTypes: ["violations"] });
  return violations.map(({ id, impact, nodes }) => ({
    id, impact, where: nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`),
  }));
}
"""


SETTLED = """
() => !document.querySelector("[aria-busy=true]") && document.getAnimations().length === 0
"""


def serious(page):
    """List what axe-core finds seriously wrong with what the page shows once it has settled."""
    # While an answer is awaited, the one before it is faded.
    page.wait(SETTLED)
    violations = page.page.evaluate(RUN)
    grave = [each for each in violations if each["impact"] in ("serious", "critical")]
    return [f"{each['id']}: {where}" for each in grave for where in each["where"]]


def find(page, words):
    page.page.fill("#search", words)
    page.page.keyboard.press("Enter")
    page.page.locator("[data-hit]").first.wait_for()


def select(page):
    find(page, "thunder")
    page.page.get_by_role("button", name="Select all").click()
    page.page.locator("section[aria-label=Selection] [role=status]").wait_for()


def show_help(page):
    page.page.get_by_text("Walk your sounds").wait_for()


def show_hits(page):
    find(page, "thunder")
    page.page.focus("#search")


def pin(page):
    find(page, "thunder")
    page.page.locator("[data-hit]").first.click()
    page.page.locator(".pinned .name").wait_for()


def find_nothing(page):
    page.page.fill("#search", "nothing is called so")
    page.page.keyboard.press("Enter")
    page.page.get_by_text("Nothing was found").wait_for()


def label_selection(page):
    select(page)
    page.page.keyboard.press("l")
    page.page.get_by_label("Label", exact=True).wait_for()


def review(page):
    select(page)
    page.page.get_by_role("button", name="Review…").click()
    page.page.get_by_placeholder("Is it…").fill("wet")
    page.page.keyboard.press("Enter")
    page.page.locator("section[aria-label=Review]").wait_for()


def open_export(page):
    select(page)
    page.page.get_by_role("button", name="Export").click()
    page.page.get_by_text("Parquet").wait_for()


def look(page):
    pin(page)
    page.page.keyboard.press("w")
    page.page.locator("section[aria-label=Look]").wait_for()


def color_by_number(page):
    page.page.get_by_label("Colour by").select_option("duration_s")
    page.page.get_by_role("heading", name="Duration").wait_for()


def color_by_tag(page):
    page.page.get_by_label("Colour by").select_option("tag")
    page.page.get_by_role("heading", name="Tag").wait_for()


def show_windows(page):
    page.page.get_by_text("Windows", exact=True).click()
    page.page.get_by_text("windows, laid out").wait_for()


def tell_a_problem(page):
    page.page.keyboard.press("w")
    page.page.get_by_text("Rest on a point first").wait_for()


def add_sounds(page):
    page.page.get_by_role("button", name="Add sounds").click()
    page.page.get_by_role("dialog", name="Add sounds").wait_for()


def draw_density(page):
    page.page.get_by_role("button", name="Density").click()
    page.page.get_by_role("img", name="Lines of equal density of the points").wait_for()


def show_keys(page):
    page.page.get_by_role("button", name="Keys and gestures").first.click()
    page.page.get_by_role("dialog", name="Keys and gestures").wait_for()


def hear_a_path(page):
    page.wait(page.points)
    page.page.keyboard.press("p")
    page.page.mouse.move(300, 120)
    page.page.mouse.down()
    for x, y in ((850, 300), (300, 480), (850, 660)):
        page.page.mouse.move(x, y, steps=5)
    page.page.mouse.up()
    page.page.get_by_role("region", name="Path").wait_for()
    page.page.keyboard.press("Space")
    page.page.get_by_role("button", name="Play the path").wait_for()


def narrow_and_refine(page):
    find(page, "thunder label:thunder")
    page.page.locator("[data-hit]").first.focus()
    page.page.keyboard.press("+")
    page.page.get_by_text("More like", exact=True).wait_for()


def add_a_filter(page):
    page.page.get_by_role("button", name="Add a filter").click()
    page.page.get_by_label("Value", exact=True).wait_for()


def search_by_selection(page):
    select(page)
    page.page.get_by_role("button", name="Find", exact=True).click()
    page.page.get_by_text("Search inside of these").wait_for()


def draw_a_stretch(page):
    look(page)
    box = page.page.locator("section[aria-label=Look] .area").bounding_box()
    page.page.mouse.move(box["x"] + 40, box["y"] + 20)
    page.page.mouse.down()
    page.page.mouse.move(box["x"] + 300, box["y"] + 20, steps=3)
    page.page.mouse.up()
    page.page.get_by_text("Find like it").wait_for()


VIEWS = [
    narrow_and_refine,
    add_a_filter,
    search_by_selection,
    draw_a_stretch,
    show_help,
    show_keys,
    add_sounds,
    draw_density,
    hear_a_path,
    show_hits,
    pin,
    find_nothing,
    select,
    label_selection,
    review,
    open_export,
    look,
    color_by_number,
    color_by_tag,
    show_windows,
    tell_a_problem,
]


@pytest.fixture
def axe():
    if not AXE.is_file():
        pytest.skip("axe-core is not installed: run 'npm ci' in web/")
    return AXE.read_text()


@pytest.fixture
def served_open(demo_library, start_server, tmp_path):
    """A copy of the demo library, to which sounds may be added."""
    (tmp_path / "opened").mkdir()
    sounds, library = demo_library
    copy = shutil.copy(library, tmp_path / "mine.db")
    return start_server(sounds, copy, 0, "--allow-add", tmp_path / "opened")


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_nothing_is_seriously_wrong_with_adding(visit, served_open, axe, scheme):
    page = visit(served_open.url, color_scheme=scheme, script=axe)
    page.drag({"take.wav": b"RIFF and no more"}, 1000, "dragenter", "dragover")
    page.page.get_by_text("Add to the library").wait_for()
    assert serious(page) == []
    page.drag({"take.wav": b"RIFF and no more"}, 1000, "drop")
    page.page.get_by_text("1 file could not be added").click()
    assert serious(page) == []
    add_sounds(page)
    assert serious(page) == []


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_nothing_is_seriously_wrong_with_any_view(visit, served_tagged, axe, scheme):
    server, _ = served_tagged
    page = visit(server.url, color_scheme=scheme, script=axe)
    wrong = {}
    for show in VIEWS:
        page.page.goto("about:blank")
        page.page.goto(server.url)
        page.page.locator("section[aria-label=Legend]").wait_for()
        show(page)
        wrong[show.__name__] = serious(page)
    assert {name: found for name, found in wrong.items() if found} == {}


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_nothing_is_seriously_wrong_with_an_empty_library(
    visit, served_library, start_server, tmp_path, axe, scheme
):
    with catalog.open_catalog(tmp_path / "empty.db") as library:
        library.create()
    empty = start_server(tmp_path, tmp_path / "empty.db")
    page = visit(served_library.url, color_scheme=scheme, script=axe)
    page.page.goto(empty.url)
    page.page.get_by_text("There are no sounds here yet").wait_for()
    assert serious(page) == []


def test_axe_would_tell_what_is_wrong(visit, served_library, axe):
    page = visit(served_library.url, script=axe)
    page.page.evaluate("document.querySelector('#search').removeAttribute('aria-label')")
    page.page.evaluate("document.querySelector('#search').removeAttribute('placeholder')")
    assert any(found.startswith("label: ") for found in serious(page))
