"""Take the README's picture: the demo's map in a real browser, one point pinned.

    python docs/make_image.py http://127.0.0.1:8765/

Needs `make demo` serving at that address, Playwright and Chromium.
"""

import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

IMAGE = Path(__file__).parent / "images" / "map.png"
SOFTWARE_GL = ["--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]


def main() -> None:
    """Open the page, search for a bell, pin the first hit, take the picture."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium",
            args=["--no-sandbox", "--ignore-gpu-blocklist", *SOFTWARE_GL],
        )
        page = browser.new_page(viewport={"width": 1280, "height": 720}, color_scheme="dark")
        page.goto(sys.argv[1])
        page.wait_for_timeout(3000)
        page.keyboard.press("/")
        page.keyboard.type("bell")
        page.keyboard.press("Enter")
        page.locator('[data-hit="0"]').click()
        page.mouse.move(600, 690)
        page.wait_for_timeout(4000)
        page.screenshot(path=IMAGE)
        browser.close()


if __name__ == "__main__":
    main()
