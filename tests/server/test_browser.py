"""What a real browser makes of the server: its documentation, sound by range, other sites."""

import http.server
import shutil
from threading import Thread

import numpy as np
import pytest
import soundfile
import uvicorn

from tonotopy.server import create_app
from tonotopy.server.running import bound

pytestmark = pytest.mark.browser

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
ARGUMENTS = ["--no-sandbox", "--autoplay-policy=no-user-gesture-required"]
SECONDS = 62.0
LISTEN = """
async (address) => {
  const audio = new Audio(address);
  const happens = (name) => new Promise((done, fail) => {
    audio.addEventListener(name, done, { once: true });
    audio.addEventListener("error", () => fail(new Error(audio.error.message)), { once: true });
  });
  audio.preload = "auto";
  await happens("loadedmetadata");
  const { duration } = audio;
  audio.currentTime = duration - 1;
  await happens("seeked");
  const playing = happens("playing");
  await audio.play();
  await playing;
  await happens("ended");
  return { duration, at: audio.currentTime };
}
"""
ATTACK = """
async (address) => {
  const tried = {};
  const attempt = async (name, options) => {
    try {
      const answer = await fetch(address + options.path, options);
      tried[name] = answer.type === "opaque" ? "sent" : answer.status;
    } catch (error) {
      tried[name] = "refused";
    }
  };
  const body = JSON.stringify({ kind: "umap" });
  await attempt("read", { path: "api/v1/library" });
  await attempt("simple", { path: "api/v1/jobs", method: "POST", mode: "no-cors", body });
  await attempt("with the header",
                { path: "api/v1/jobs", method: "POST", body, headers: { "X-Tonotopy": "1" } });
  const sound = new Audio(address + "api/v1/windows/1/audio");
  tried.sound = await new Promise((done) => {
    sound.addEventListener("error", () => done("refused"));
    sound.addEventListener("loadedmetadata", () => done("heard"));
  });
  return tried;
}
"""


@pytest.fixture(scope="module")
def browser():
    """A real browser."""
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed")
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield opened
        opened.close()


@pytest.fixture
def address(make_library, tmp_path):
    """Serve a minute of AIFF, which no browser but one plays, from a thread."""
    library = make_library({"long.aiff": np.eye(1, 8)})
    time = np.arange(round(SECONDS * 8000)) / 8000
    soundfile.write(tmp_path / "long.aiff", 0.2 * np.sin(2000 * time), 8000)
    with library.write() as connection:
        connection.exec_driver_sql(f"UPDATE recordings SET duration_s = {SECONDS}, format = 'aiff'")
    app, listening = create_app(library), bound("127.0.0.1", 0)
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1))
    thread = Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
    server.should_exit = True
    thread.join()
    listening.close()


def open_page(browser, url):
    """Open a page; collect the errors it logs and the addresses it asks for."""
    page = browser.new_page()
    page.errors, page.asked = [], []
    page.on("console", lambda said: page.errors.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    page.on("request", lambda request: page.asked.append(request.url))
    page.goto(url)
    return page


def test_the_documentation_works_under_its_own_policy(browser, address):
    page = open_page(browser, f"{address}api/docs")
    page.get_by_text("/api/v1/library").first.wait_for()
    page.get_by_text("/api/v1/library").first.click()
    page.get_by_role("button", name="Try it out").click()
    page.get_by_role("button", name="Execute").click()
    page.get_by_text('"n_recordings": 1').first.wait_for()
    assert page.errors == []
    assert all(url.startswith((address, "data:")) for url in page.asked)
    page.close()


def test_sound_that_is_made_as_it_is_asked_for_plays_and_seeks(browser, address):
    page = open_page(browser, address)
    heard = page.evaluate(LISTEN, f"{address}api/v1/recordings/1/audio")
    assert heard["duration"] == pytest.approx(SECONDS, abs=0.01)
    assert heard["at"] == pytest.approx(SECONDS, abs=0.05)
    page.close()


@pytest.fixture
def other_site(tmp_path):
    """Serve a page of another site, on this machine too."""
    (tmp_path / "evil").mkdir()
    (tmp_path / "evil/index.html").write_text("<title>evil</title>")

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *given):
            super().__init__(*given, directory=tmp_path / "evil")

        def log_message(self, *_):
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_page_of_another_site_reaches_nothing(browser, address, other_site, host):
    page = open_page(browser, f"http://{host}:{other_site}/")
    assert page.title() == "evil"
    tried = page.evaluate(ATTACK, address)
    assert set(tried) == {"read", "simple", "with the header", "sound"}
    assert set(tried.values()) == {"refused"}
    page.close()
    own = open_page(browser, address)
    jobs = own.evaluate(
        "(url) => fetch(url).then((answer) => answer.status)", f"{address}api/v1/jobs/1"
    )
    assert jobs == 404  # what was sent started nothing
    own.close()
