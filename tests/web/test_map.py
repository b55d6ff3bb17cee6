"""What the map says beside its points: names, density, ways, and where it lies."""

import re

import pytest

pytestmark = pytest.mark.browser

NAMES = "ul[aria-label='Names on the map'] .name"


def boxes(page):
    """Tell where the names stand, as the browser laid them out."""
    spans = page.page.locator(NAMES)
    return [spans.nth(place).bounding_box() for place in range(spans.count())]


def meet(one, other):
    return (
        one["x"] < other["x"] + other["width"]
        and other["x"] < one["x"] + one["width"]
        and one["y"] < other["y"] + other["height"]
        and other["y"] < one["y"] + one["height"]
    )


def test_names_of_groups_never_lie_on_each_other_and_more_appear_closer(visit, served_library):
    page = visit(f"{served_library.url}#of=windows")
    page.page.locator(NAMES).first.wait_for()
    first = set(page.page.locator(NAMES).all_inner_texts())
    assert first <= {path.name for path in served_library.sounds.iterdir()}
    placed = boxes(page)
    for place, one in enumerate(placed):
        assert not any(meet(one, other) for other in placed[place + 1 :])
    page.page.mouse.move(600, 400)
    page.page.mouse.wheel(0, -500)
    page.wait(lambda: set(page.page.locator(NAMES).all_inner_texts()) - first)
    page.page.get_by_role("button", name="Names of groups").click()
    page.wait(lambda: page.page.locator(NAMES).count() == 0)
    page.wait(lambda: "names=off" in page.page.url)


def test_the_legend_leaves_out_names_with_their_groups(visit, served_library):
    page = visit(f"{served_library.url}#of=windows")
    page.page.locator(NAMES).first.wait_for()
    page.page.locator("section[aria-label=Legend]").get_by_role("button", name="siren").click()
    page.wait(lambda: set(page.page.locator(NAMES).all_inner_texts()) == {"siren"})


def test_density_is_drawn_beneath_the_points_and_follows_the_map(visit, served_library):
    page = visit(f"{served_library.url}#of=windows")
    page.page.get_by_role("button", name="Density").click()
    lines = page.page.get_by_role("img", name="Lines of equal density of the points")
    page.wait(lambda: lines.locator("path").count() == 5)
    page.wait(lambda: "density=on" in page.page.url)
    path = lines.locator("path").last
    before = path.bounding_box()
    page.page.mouse.move(500, 300)
    page.page.mouse.down()
    page.page.mouse.move(560, 300, steps=6)
    page.wait(lambda: abs(path.bounding_box()["x"] - before["x"] - 60) <= 1)
    page.page.mouse.up()
    drawn = path.get_attribute("d")
    page.page.mouse.wheel(0, -300)
    page.wait(lambda: path.get_attribute("d") != drawn)
    again = visit(page.page.url)
    again.page.get_by_role("img", name="Lines of equal density of the points").wait_for()


def test_the_windows_of_a_recording_are_joined_in_order_of_time(visit, served_library):
    page = visit(f"{served_library.url}#of=windows&like=1")
    way = page.page.get_by_role("img", name="The way of this recording across the map")
    way.wait_for()
    assert way.locator("circle").count() == 2
    asked = [url for url in page.requests if "map/trajectory" in url]
    assert all(re.search(r"recording_id=\d+", url) for url in asked)
    opacities = [float(each.get_attribute("stroke-opacity")) for each in way.locator("path").all()]
    assert opacities == sorted(opacities)
    page.page.keyboard.press("Escape")
    page.wait(lambda: way.count() == 0)


def test_a_pinned_sound_shows_where_its_true_neighbours_are(visit, served_library):
    page = visit(served_library.url)
    page.page.goto("about:blank")
    page.page.goto(f"{served_library.url}#like=3")
    note = page.page.get_by_role("note")
    note.wait_for()
    page.wait(lambda: len(page.hits()) == 20)
    told = re.search(r"the (\d+) nearest by sound.* keeps (\d+) of them", note.inner_text(), re.S)
    assert int(told[1]) == 20
    assert 0 <= int(told[2]) <= 20
    page.page.keyboard.press("Escape")
    page.wait(lambda: note.count() == 0)


def test_colour_tells_how_far_each_point_can_be_trusted(visit, served_library):
    page = visit(served_library.url)
    page.page.get_by_label("Colour by").select_option(label="Trustworthiness")
    page.page.get_by_text("no better than by lot").wait_for()
    page.wait(lambda: len(page.colors()) > 5)
    page.wait(lambda: page.page.url.endswith("colour=trustworthiness"))
