"""Hearing a map in a real browser: sweeping over it, drawing a line, walking, by hand."""

import io
import json
import urllib.request

import numpy as np
import pytest
import soundfile

pytestmark = pytest.mark.browser


def ask(served, path):
    with urllib.request.urlopen(f"{served.url}api/v1/{path}") as response:
        return json.load(response)


def row_of_points(page, n):
    """Choose points from left to right, far enough from each other to be met one by one."""
    chosen = []
    for x, y in sorted(page.points()):
        if not chosen or x - chosen[-1][0] > 25:
            chosen.append((x, y))
    assert len(chosen) >= n
    return chosen[:n]


def played(page):
    return page.page.evaluate("window.played")


def test_a_sweep_plays_what_is_passed_one_voice_after_the_other(visit, served_library):
    page = visit(served_library.url)
    points = row_of_points(page, 6)
    page.page.mouse.move(points[0][0], points[0][1] - 30)
    page.page.keyboard.down("a")
    for n, (x, y) in enumerate(points, start=1):
        page.page.mouse.move(x, y)
        page.page.mouse.move(x, y - 30)  # no time to rest
        page.wait(f"window.played.length >= {n}")
    page.page.keyboard.up("a")
    page.page.mouse.move(1100, 690)
    page.wait("window.voice.paused && !window.voice.hasAttribute('src')")


def test_a_fast_sweep_asks_for_few_sounds(visit, served_library):
    page = visit(served_library.url)
    points = page.points()
    page.page.keyboard.press("a", delay=0)
    before = len(page.requests)
    page.page.keyboard.down("a")
    began = page.page.evaluate("performance.now()")
    for x, y in points:
        page.page.mouse.move(x, y)
    took = page.page.evaluate("performance.now()") - began
    page.page.keyboard.up("a")
    page.page.mouse.move(1100, 690)
    page.page.wait_for_timeout(500)
    heard = len([url for url in page.requests[before:] if "/audio" in url])
    # A sound every 90 ms at most, and four around each that were fetched ahead at leisure.
    assert len(played(page)) <= took / 90 + 2
    assert heard <= 6 * (took / 90 + 2)


def test_a_line_over_the_map_is_heard_in_order(visit, served_library):
    page = visit(served_library.url)
    points = row_of_points(page, 4)
    page.page.get_by_role("button", name="Draw a line and hear it").click()
    page.page.mouse.move(*points[0])
    page.page.mouse.down()
    for point in points[1:]:
        page.page.mouse.move(*point, steps=5)
    page.page.mouse.up()
    path = page.page.get_by_role("region", name="Path")
    path.wait_for()
    rows = path.locator("li")
    assert rows.count() >= 4
    page.wait(lambda: path.get_by_role("button", name="Play the path").count() == 1)
    assert len(played(page)) == rows.count()
    assert path.locator("[aria-current=step]").inner_text().split("\n")[0] == str(rows.count())
    rows.first.get_by_role("button").click()
    page.wait(lambda: path.get_by_text(f"1 of {rows.count()}").count() == 1)
    page.page.keyboard.press("Escape")
    path.wait_for(state="detached")


def test_two_selected_sounds_are_joined_by_what_lies_between(visit, served_library):
    page = visit(served_library.url)
    points = row_of_points(page, 6)
    for x, y in (points[0], points[-1]):
        page.page.mouse.move(x, y - 30)
        page.page.get_by_role("tooltip").wait_for(state="detached")
        page.page.mouse.move(x, y)
        page.page.get_by_role("tooltip").wait_for()
        page.page.keyboard.down("Shift")
        page.page.mouse.down()
        page.page.mouse.up()
        page.page.keyboard.up("Shift")
    page.page.get_by_text("2 recordings selected").wait_for()
    page.page.keyboard.press("p")
    path = page.page.get_by_role("region", name="Path")
    path.wait_for()
    assert path.locator("li").count() >= 4
    page.page.keyboard.press("Space")
    path.get_by_role("button", name="Play the path").wait_for()


def test_space_replays_and_arrows_walk_true_neighbours(visit, served_library):
    page = visit(served_library.url)
    page.page.fill("#search", "rain")
    page.page.keyboard.press("Enter")
    page.page.locator("[data-hit]").first.click()
    page.page.locator(".pinned .name").wait_for()
    page.wait(lambda: page.page.get_by_text("Nearest neighbours").count() == 1)
    heard = len(played(page))
    for step in (1, 2):
        page.page.keyboard.press("ArrowDown")
        page.wait(f"window.played.length >= {heard + step}")
    last = played(page)[-1]
    page.page.keyboard.press("Space")
    page.wait(f"window.played.length >= {heard + 3}")
    assert played(page)[-1] == last


def test_what_is_played_is_evened_out_unless_one_does_not_want_it(visit, served_library):
    page = visit(served_library.url)
    page.page.mouse.move(*row_of_points(page, 1)[0])
    page.wait("window.played.length === 1")
    page.page.get_by_role("button", name="Even loudness").click()
    page.page.get_by_role("button", name="Play again").click()
    page.wait("window.played.length >= 2")
    even, own = played(page)[0], played(page)[-1]
    assert even == f"{own}?even=true"
    heard = {}
    for url in (even, own):
        with urllib.request.urlopen(url) as response:
            heard[url] = soundfile.read(io.BytesIO(response.read()))[0]
    ratio = np.abs(heard[even]).max() / np.abs(heard[own]).max()
    assert ratio != pytest.approx(1, abs=0.01)
    assert np.abs(heard[even]).max() <= 10 ** (-1 / 20) + 1e-3


def test_fingers_play_select_and_move(visit, served_library):
    page = visit(served_library.url, has_touch=True)
    before = set(page.points())
    x, y = row_of_points(page, 1)[0]
    page.page.touchscreen.tap(x, y)
    page.wait("window.played.length === 1")
    page.page.locator(".pinned .name").wait_for()
    fingers = page.page.context.new_cdp_session(page.page)

    def touch(kind, *places):
        points = [{"x": at[0], "y": at[1], "id": n} for n, at in enumerate(places)]
        fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", (x, y))
    page.page.get_by_text("1 recording selected").wait_for()
    touch("touchEnd")
    touch("touchStart", (500, 400), (600, 400))
    for pull in range(1, 6):
        touch("touchMove", (500 - 10 * pull, 400), (600 + 10 * pull, 400))
    touch("touchEnd")
    page.wait("location.hash.includes('at=')")
    page.page.keyboard.press("Escape")
    page.page.keyboard.press("Escape")
    page.wait(lambda: page.points() and set(page.points()) != before)


def test_nothing_jumps_while_the_page_comes(visit, served_library):
    watch = """
    window.shifts = 0;
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) window.shifts += entry.value;
    }).observe({ type: "layout-shift", buffered: true });
    """
    page = visit(served_library.url, script=watch)
    page.page.mouse.move(*row_of_points(page, 1)[0])
    page.wait("window.played.length === 1")
    assert page.page.evaluate("window.shifts") < 0.01
