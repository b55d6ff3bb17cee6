"""A small library served by the real program, and a real browser that looks at it."""

import base64
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import find_objects, label

from tonotopy import catalog
from tonotopy.catalog import Recording, pack_scores
from tonotopy.ontology import CLASSES, class_index

TONOTOPY = [sys.executable, "-c", "from tonotopy.cli import main; main()"]
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = [
    "--no-sandbox",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--ignore-gpu-blocklist",
    "--autoplay-policy=no-user-gesture-required",
]
# One voice plays everything, by two elements in turn; they are not part of the document, so the
# page's script keeps the one that began to sound last.
KEEP_THE_VOICE = """
window.Audio = class extends Audio {
  constructor() {
    super();
    window.voice ??= this;
    window.played ??= [];
    this.addEventListener("playing", () => {
      window.voice = this;
      window.played.push(this.currentSrc);
    });
  }
};
"""
# The part of a 1280 x 720 page that no panel covers.
LEFT, TOP, RIGHT, BOTTOM = 216, 76, 920, 712
READ_PIXELS = """
([left, top, width, height]) => {
  const context = document.querySelector("canvas").getContext("2d");
  const { data } = context.getImageData(left, top, width, height);
  return btoa(Array.from(data, (byte) => String.fromCharCode(byte)).join(""));
}
"""
DRAG = """
([files, clientX, kinds]) => {
  const dataTransfer = new DataTransfer();
  for (const [name, encoded] of files) {
    const bytes = Uint8Array.from(atob(encoded), (letter) => letter.charCodeAt(0));
    dataTransfer.items.add(new File([bytes], name));
  }
  for (const kind of kinds) {
    document.body.dispatchEvent(
      new DragEvent(kind, { dataTransfer, clientX, bubbles: true, cancelable: true }),
    );
  }
}
"""
HEARD = {"thunder": "Thunder", "rain": "Rain"}  # families of the demo and their classes
# `serve` must say where it is within this time, on a machine that may be busy.
PATIENCE_S = 60


class Served(NamedTuple):
    """A running server."""

    url: str  #: of the page, ending in a slash
    sounds: Path  #: the folder that was added: family / file
    process: subprocess.Popen[str]

    def stop(self) -> None:
        """End the server, and wait until it has ended."""
        self.process.terminate()
        self.process.wait(20)


def environment() -> dict[str, str]:
    return {**os.environ, "OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}


def serve(sounds: Path, library: Path, port: int = 0, *options: str | Path) -> Served:
    """Serve a library, and wait until the server says where."""
    given = ["serve", "--library", library, "--port", port, *options]
    process = subprocess.Popen(
        [*TONOTOPY, *map(str, given)],
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    )
    said: list[str] = []
    address: list[str] = []
    answered = threading.Event()

    def listen() -> None:
        for line in process.stderr or ():
            said.append(line)
            address.extend(re.findall(r"http://\S+/", line))
            if address:
                answered.set()
        answered.set()

    threading.Thread(target=listen, daemon=True).start()
    answered.wait(PATIENCE_S)
    if not address:
        process.kill()
        pytest.fail(f"'tonotopy serve' did not say where it is:\n{''.join(said)}")
    return Served(address[0], sounds, process)


@pytest.fixture(scope="session")
def tonotopy() -> Callable[..., None]:
    """Run the program, as somebody beside the server does."""

    def run(*arguments: str | Path | int) -> None:
        subprocess.run(
            [*TONOTOPY, *map(str, arguments)], check=True, capture_output=True, env=environment()
        )

    return run


@pytest.fixture(scope="session")
def demo_library(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two synthesized sounds of each family, and a library of them, labelled by family."""
    import soundfile

    from tonotopy.synthesis import SAMPLE_RATE, collection

    home = tmp_path_factory.mktemp("served")
    for sound in collection(per_family=2):
        path = home / "sounds" / sound.family / sound.name
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, sound.samples, SAMPLE_RATE)
    sounds, library = home / "sounds", home / "demo.db"
    command = ["add", sounds, "--library", library, "--embedder", "mfcc", "--jobs", 1]
    subprocess.run(
        [*TONOTOPY, *map(str, command), "--labels-from-folders"],
        check=True,
        capture_output=True,
        env=environment(),
    )
    return sounds, library


@pytest.fixture(scope="session")
def served_library(demo_library: tuple[Path, Path]) -> Iterator[Served]:
    """The demo library, served by ``tonotopy serve`` in a process of its own."""
    served = serve(*demo_library)
    yield served
    served.stop()


@pytest.fixture(scope="session")
def served_tagged(
    demo_library: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Served, Recording]]:
    """The demo library with two families tagged, and a file of another, also given, gone."""
    sounds, library = demo_library
    copy = Path(shutil.copy(library, tmp_path_factory.mktemp("tagged") / "tagged.db"))
    with catalog.open_catalog(copy) as opened, opened.write() as connection:
        space = catalog.find_space(connection)
        catalog.put_tagger(connection, space.id, "audioset", np.full(len(CLASSES), 0.5))
        recordings = catalog.get_recordings(connection, catalog.recording_ids(connection))
        for each in recordings.values():
            if each.folder in HEARD:
                classes = np.array([[class_index(HEARD[each.folder])]])
                (scores,) = pack_scores(classes, np.array([[0.9]]))
                catalog.put_recording_scores(connection, space.id, each.id, scores)
        gone = next(each for each in recordings.values() if each.folder not in HEARD)
        catalog.mark_missing(connection, [gone.id])
    served = serve(sounds, copy)
    yield served, gone
    served.stop()


@pytest.fixture
def start_server() -> Iterator[Callable[..., Served]]:
    """Start servers that a test may stop."""
    started: list[Served] = []

    def start(sounds: Path, library: Path, port: int = 0, *options: str | Path) -> Served:
        started.append(serve(sounds, library, port, *options))
        return started[-1]

    yield start
    for served in started:
        served.stop()


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Chromium without a window, drawing in software."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        pytest.skip(f"no browser is installed: looked for {', '.join(BROWSERS)}")
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


class Visit:
    """A page as a person has it before them: what they see, and what they do to it."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.complaints: list[str] = []
        self.requests: list[str] = []
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self.requests.append(request.url))

    def _hear(self, message: Any) -> None:
        caused_by_looking = message.text.startswith("Canvas2D: Multiple readback")
        if message.type in ("error", "warning") and not caused_by_looking:
            self.complaints.append(message.text)

    def pixels(self) -> NDArray[np.uint8]:
        """Read the part of the map that no panel covers, (height, width, 4)."""
        width, height = RIGHT - LEFT, BOTTOM - TOP
        encoded = self.page.evaluate(READ_PIXELS, [LEFT, TOP, width, height])
        return np.frombuffer(base64.b64decode(encoded), np.uint8).reshape(height, width, 4)

    def points(self) -> list[tuple[float, float]]:
        """Find the middles of points that stand by themselves, in pixels of the page."""
        blobs, _ = label(self.pixels()[..., 3] > 150)
        found = []
        for rows, columns in find_objects(blobs):
            height, width = rows.stop - rows.start, columns.stop - columns.start
            if 5 <= height <= 16 and 5 <= width <= 16 and abs(height - width) <= 1:
                x, y = (columns.start + columns.stop) / 2, (rows.start + rows.stop) / 2
                found.append((LEFT + x, TOP + y))
        return found

    def colors(self) -> set[tuple[int, ...]]:
        """List the colours that points are painted in, in eight steps a channel."""
        seen = self.pixels()
        return {tuple(color) for color in (seen[seen[..., 3] > 200][:, :3] // 32).tolist()}

    def n_faint(self) -> int:
        """Count the pixels of points that step back."""
        opacity = self.pixels()[..., 3]
        return int(((opacity > 40) & (opacity < 120)).sum())

    def drag(self, files: Mapping[str, bytes], x: float, *kinds: str) -> None:
        """Drag files over the page, or drop them."""
        encoded = [[name, base64.b64encode(each).decode()] for name, each in files.items()]
        self.page.evaluate(DRAG, [encoded, x, kinds])

    def drop(self, name: str, content: bytes, x: float = 100) -> None:
        """Drop a file onto the page."""
        self.drop_all({name: content}, x)

    def drop_all(self, files: Mapping[str, bytes], x: float = 100) -> None:
        """Drop files onto the page, on its left unless said otherwise."""
        self.drag(files, x, "dragenter", "dragover", "drop")

    def hits(self) -> list[str]:
        """Read the names in the list of hits."""
        names: list[str] = self.page.locator("[data-hit] .name").all_inner_texts()
        return names

    def wait(self, holds: str | Callable[[], object]) -> None:
        """Wait until an expression of JavaScript, or of Python, holds.

        Playwright's own way evaluates a string within the page, whose policy forbids that.
        """
        for _ in range(PATIENCE_S * 20):
            if self.page.evaluate(holds) if isinstance(holds, str) else holds():
                return
            self.page.wait_for_timeout(50)
        pytest.fail(f"never came true: {holds}")


@pytest.fixture
def visit(browser: Any) -> Iterator[Callable[..., Visit]]:
    """Open pages; whatever one of them complains of in its console fails the test.

    A test that provokes complaints takes them out of ``complaints``.
    """
    visits: list[Visit] = []

    def open_page(url: str, *, script: str = "", **options: Any) -> Visit:
        settings = {"color_scheme": "dark", "reduced_motion": "reduce", **options}
        context = browser.new_context(viewport={"width": 1280, "height": 720}, **settings)
        visit = Visit(context.new_page())
        visits.append(visit)
        visit.page.add_init_script(KEEP_THE_VOICE + script)
        visit.page.goto(url)
        visit.page.locator("section[aria-label=Legend]").wait_for()
        visit.wait(visit.points)
        return visit

    yield open_page
    complaints = [complaint for visit in visits for complaint in visit.complaints]
    for visit in visits:
        visit.page.context.close()
    assert complaints == []
