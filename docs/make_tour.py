"""Take the pictures of docs/tour.md in a real browser.

    python docs/make_tour.py http://127.0.0.1:8765/

Needs a copy of the demo (`make demo`) serving at that address, for it labels some sounds;
Playwright and Chromium.
"""

import base64
import sys
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

IMAGES = Path(__file__).parent / "images"
SOFTWARE_GL = ["--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
QUALITY = 82
CALM_MS = 1500
LABELLED = 6


def search(page: Page) -> None:
    """Look for words, then for what sounds like the first hit."""
    page.get_by_role("search").get_by_role("textbox").first.fill("rain")
    page.keyboard.press("Enter")
    page.locator("[data-hit]").first.click()
    page.get_by_role("heading", name="Nearest neighbours").wait_for()


def select(page: Page) -> None:
    """Select what was found, and begin to write a label."""
    page.get_by_role("button", name="Select all").click()
    page.get_by_role("button", name="Label…").click()
    page.keyboard.type("a wet day")


def look(page: Page) -> None:
    """Label them, and look at the one that was pinned."""
    page.keyboard.press("Enter")
    page.get_by_text("labelled “a wet day”").wait_for()
    page.get_by_role("button", name="Clear the selection").click()
    page.get_by_role("button", name="Look closely").click()


def review(page: Page) -> None:
    """Go through some of them."""
    page.get_by_role("region", name="Look").get_by_role("button", name="Close").click()
    page.get_by_role("button", name="Select all").click()
    page.get_by_role("button", name="Review…").click()
    page.keyboard.type("rain")
    page.keyboard.press("Enter")
    page.get_by_role("region", name="Review").wait_for()
    for verdict in ["ArrowUp"] * (LABELLED - 1) + ["ArrowDown"]:
        page.keyboard.press(verdict)
        page.wait_for_timeout(400)


def export(page: Page) -> None:
    """See what a selection can become."""
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Export").click()
    page.get_by_text("Parquet").wait_for()


VIEWS: list[Callable[[Page], None]] = [search, select, look, review, export]


def main() -> None:
    """Walk through the page and take a picture of each view."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium",
            args=["--no-sandbox", "--ignore-gpu-blocklist", *SOFTWARE_GL],
        )
        page = browser.new_page(viewport={"width": 1280, "height": 720}, color_scheme="dark")
        camera = page.context.new_cdp_session(page)
        page.goto(sys.argv[1])
        page.locator("section[aria-label=Legend]").wait_for()
        page.wait_for_timeout(2 * CALM_MS)
        for show in VIEWS:
            show(page)
            page.mouse.move(600, 712)
            page.wait_for_timeout(CALM_MS)
            target = IMAGES / f"{show.__name__}.webp"
            taken = camera.send("Page.captureScreenshot", {"format": "webp", "quality": QUALITY})
            target.write_bytes(base64.b64decode(taken["data"]))
            print(f"{target.name:<14}{target.stat().st_size / 1000:6.0f} kB")
        browser.close()


if __name__ == "__main__":
    main()
