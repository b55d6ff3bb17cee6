"""Picking points out of the map: by lasso, rectangle, legend and hits; and the view's address."""

import json
import re
import urllib.request

import pytest

pytestmark = pytest.mark.browser

LEFT, TOP, RIGHT, BOTTOM = 270, 120, 915, 640  # clear of the panels and the tools


def library(served):
    with urllib.request.urlopen(f"{served.url}api/v1/library") as response:
        return json.load(response)


def n_selected(page):
    """Read how many things are selected; 0 where nothing says so."""
    bar = page.page.locator("section[aria-label=Selection] [role=status]")
    return int(re.match(r"[\d,]+", bar.inner_text())[0].replace(",", "")) if bar.count() else 0


def drag(page, corners, *, key=None):
    """Press at the first corner, pass the others, and let go at the last, a key held."""
    mouse, keyboard = page.page.mouse, page.page.keyboard
    if key:
        keyboard.down(key)
    mouse.move(*corners[0])
    mouse.down()
    for corner in corners[1:]:
        mouse.move(*corner, steps=6)
    mouse.up()
    if key:
        keyboard.up(key)


def around(left, top, right, bottom):
    return [(left, top), (right, top), (right, bottom), (left, bottom), (left, top + 5)]


def inside(point, left, top, right, bottom):
    return left < point[0] < right and top < point[1] < bottom


def test_a_lasso_selects_what_it_goes_around_and_dims_the_rest(visit, served_library):
    page = visit(served_library.url)
    half = (LEFT, TOP, (LEFT + RIGHT) // 2, BOTTOM)
    alone = [point for point in page.points() if inside(point, *half)]
    faint = page.n_faint()
    drag(page, around(*half), key="Shift")
    page.wait(lambda: n_selected(page) >= len(alone) > 0)
    assert n_selected(page) < library(served_library)["n_recordings"]
    page.wait(lambda: page.n_faint() > faint + 300)
    page.page.keyboard.press("Escape")
    page.wait(lambda: n_selected(page) == 0 and page.n_faint() == faint)
    assert "at=" not in page.page.url  # the map itself was not dragged


def test_shift_adds_and_alt_takes_away(visit, served_library):
    page = visit(served_library.url)
    middle = (LEFT + RIGHT) // 2
    left, right = (LEFT, TOP, middle, BOTTOM), (middle, TOP, RIGHT, BOTTOM)
    page.page.keyboard.press("r")
    drag(page, [left[:2], left[2:]])
    page.wait(lambda: n_selected(page) > 0)
    n_left = n_selected(page)
    drag(page, [right[:2], right[2:]], key="Shift")
    page.wait(lambda: n_selected(page) > n_left)
    both = n_selected(page)
    drag(page, [left[:2], left[2:]], key="Alt")
    page.wait(lambda: n_selected(page) == both - n_left)
    drag(page, [left[:2], left[2:]])
    page.wait(lambda: n_selected(page) == n_left)


def test_the_legend_and_the_hits_become_a_selection(visit, served_library):
    page = visit(served_library.url)
    legend = page.page.locator("section[aria-label=Legend]")
    legend.get_by_role("button", name="siren").click()
    legend.get_by_role("button", name="Select", exact=True).click()
    page.wait(lambda: n_selected(page) == 2)
    legend.get_by_role("button", name="Show all").click()
    page.page.fill("#search", "thunder")
    page.page.keyboard.press("Enter")
    page.page.locator("[data-hit]").first.wait_for()
    page.page.get_by_role("button", name="Select all").click(modifiers=["Shift"])
    page.wait(lambda: n_selected(page) == 4)
    page.page.get_by_role("button", name="Clear the selection").click()
    page.wait(lambda: n_selected(page) == 0)
    assert page.hits()


def test_a_number_colours_the_map_and_its_legend_filters(visit, served_library):
    page = visit(served_library.url)
    page.page.get_by_label("Colour by").select_option(label="Duration")
    lowest = page.page.get_by_label("Lowest shown")
    lowest.wait_for()
    faint = page.n_faint()
    lowest.focus()
    for _ in range(60):
        page.page.keyboard.press("ArrowRight")
    page.wait(lambda: page.n_faint() > faint + 200)
    legend = page.page.locator("section[aria-label=Legend]")
    legend.get_by_role("button", name="Select", exact=True).click()
    page.wait(lambda: 0 < n_selected(page) < library(served_library)["n_recordings"])


def test_the_address_brings_the_view_back(visit, served_library):
    page = visit(served_library.url)
    page.page.get_by_text("Windows", exact=True).click()
    page.page.get_by_label("Colour by").select_option("duration_s")
    page.page.fill("#search", "rain")
    page.page.keyboard.press("Enter")
    page.page.locator("[data-hit]").first.wait_for()
    page.page.mouse.move(600, 400)
    page.page.mouse.wheel(0, -300)
    page.wait(lambda: "at=" in page.page.url)
    page.page.wait_for_timeout(600)  # until the map has come to rest
    url, hits = page.page.url, page.hits()
    assert all(part in url for part in ("of=windows", "colour=duration_s", "q=rain"))
    before = page.pixels()
    again = visit(url)
    again.wait(lambda: again.hits() == hits)
    assert again.page.get_by_role("radio", name="Windows").is_checked()
    again.wait(lambda: (abs(again.pixels().astype(int) - before) > 64).mean() < 0.003)
    assert again.page.url == url
    again.page.keyboard.press("Escape")  # the search
    again.page.get_by_role("button", name="Show the whole map").click()
    again.wait(lambda: again.page.url.endswith("#of=windows&colour=duration_s"))
