"""What was heard, and what is gone, as the page shows it."""

import json
import urllib.request

import pytest

pytestmark = pytest.mark.browser


def ask(served, query):
    """Ask the server what the page should find."""
    headers = {"Content-Type": "application/json", "X-Tonotopy": "1"}
    url = f"{served.url}api/v1/search"
    request = urllib.request.Request(url, json.dumps(query).encode(), headers)
    with urllib.request.urlopen(request) as response:
        return json.load(response)


def search(page, words):
    page.page.fill("#search", words)
    page.page.keyboard.press("Enter")
    page.page.locator("[data-hit]").first.wait_for()


def test_hits_show_what_was_heard_and_words_look_where_they_are_told(visit, served_tagged):
    server, _ = served_tagged
    page = visit(server.url)
    search(page, "thunder")
    first = page.page.locator("[data-hit]").first
    row = page.page.locator("section[aria-label=Results] li").first
    assert row.locator(".tag").inner_text().split() == ["Thunder", "90", "%"]
    assert first.locator(".why").inner_text() != ""
    page.page.focus("#search")
    page.page.get_by_role("button", name="tags", exact=True).click()
    page.page.get_by_role("heading", name="“thunder” in tags").wait_for()
    expected = ask(server, {"words": "thunder", "text_from": ["tags"]})
    page.wait(lambda: page.hits() == [hit["name"] for hit in expected["hits"]])
    page.wait("location.hash.includes('in=tags')")
    page.page.locator("[data-hit]").first.click()
    pinned = page.page.locator("section[aria-label=Results] .pinned")
    pinned.locator(".tag").wait_for()
    assert "Thunder" in pinned.inner_text()


def test_a_file_that_is_gone_is_crossed_out_and_marked_among_the_hits(visit, served_tagged):
    server, gone = served_tagged
    page = visit(server.url)
    page.page.get_by_role("img", name="Crossed out: 1 file that").wait_for()
    search(page, gone.name.rsplit(".", 1)[0])
    row = page.page.locator("li.missing", has_text=gone.name)
    assert "no longer where it was" in row.inner_text()
    assert row.get_by_role("button", name=f"Play {gone.name}").is_disabled()
    row.locator("[data-hit]").click()
    page.page.locator(".pinned .missing").wait_for()
    assert page.page.evaluate("window.played.length") == 0


def test_what_of_a_search_could_not_be_used_is_told(visit, served_library):
    page = visit(served_library.url)
    page.page.fill("#search", "rain")
    page.page.get_by_role("button", name="tags", exact=True).click()
    page.page.get_by_role("button", name="names", exact=True).click()
    page.page.focus("#search")
    page.page.keyboard.press("Enter")
    page.page.locator("[data-hit]").first.wait_for()
    notes = ask(served_library, {"words": "rain", "text_from": ["tags", "names"]})["notes"]
    assert notes
    assert page.page.get_by_role("note").all_inner_texts() == notes
