"""Weights from a server on this machine: kept complete and checked, or not at all."""

import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import pytest

from tonotopy.embedders import model_files
from tonotopy.embedders.model_files import MODEL_FILES, ModelFile, download, fetch, find_weights
from tonotopy.errors import EmbedderError

CONTENT = bytes(range(256)) * 1000


class Publisher(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked.append(self.path)
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", "/weights")
            self.end_headers()
        elif self.path == "/lured":
            self.send_response(302)
            self.send_header("Location", "http://example.invalid/weights")
            self.end_headers()
        elif self.path == "/weights":
            self.give(CONTENT, len(CONTENT))
        elif self.path == "/cut":
            self.give(CONTENT[:1000], len(CONTENT))
        elif self.path == "/endless":
            self.give(CONTENT * 3, None)
        elif self.path == "/other":
            self.give(CONTENT[::-1], len(CONTENT))
        else:
            self.send_error(404)

    def give(self, content, length):
        self.send_response(200)
        if length is not None:
            self.send_header("Content-Length", str(length))
        self.end_headers()
        try:
            self.wfile.write(content)
        except ConnectionError:
            self.close_connection = True  # the other side has read enough

    def log_message(self, *_):
        """Keep the test's output clean."""


@pytest.fixture(scope="module")
def publisher():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Publisher)
    server.asked = []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def wanted(publisher):
    def at(path: str, port: int | None = None) -> ModelFile:
        return ModelFile(
            name="model",
            file="model.bin",
            url=f"http://127.0.0.1:{port or publisher.server_port}{path}",
            sha256=hashlib.sha256(CONTENT).hexdigest(),
            size=len(CONTENT),
            licence="CC0-1.0",
            environment="TONOTOPY_MODEL",
        )

    return at


@pytest.mark.parametrize("path", ["/weights", "/moved"])
def test_a_file_is_fetched_with_its_progress(wanted, tmp_path, path):
    heard = []
    target = fetch(wanted(path), tmp_path / "new folder", lambda *state: heard.append(state))
    assert target == tmp_path / "new folder" / "model.bin"
    assert target.read_bytes() == CONTENT
    assert heard[-1] == (len(CONTENT), len(CONTENT))
    assert [each.name for each in target.parent.iterdir()] == ["model.bin"]


def test_a_file_that_is_there_is_not_fetched_again(wanted, publisher, tmp_path):
    fetch(wanted("/weights"), tmp_path)
    publisher.asked.clear()
    fetch(wanted("/weights"), tmp_path)
    assert publisher.asked == []


def test_a_damaged_file_is_replaced(wanted, tmp_path):
    (tmp_path / "model.bin").write_bytes(b"half of it")
    assert fetch(wanted("/weights"), tmp_path).read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("path", "complaint"),
    [
        ("/other", "not the file that was checked .SHA-256 .*not kept; update tonotopy"),
        ("/cut", r"only 1000 of 256000 bytes; check the connection and try again"),
        ("/endless", "more than 256000 bytes"),
        ("/nowhere", "the server answers 404 Not Found"),
        ("/lured", "example.invalid/weights is not an https address"),
    ],
)
def test_what_is_not_the_whole_checked_file_leaves_nothing_behind(
    wanted, tmp_path, path, complaint
):
    with pytest.raises(EmbedderError, match=complaint):
        fetch(wanted(path), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_no_network_says_so_and_names_another_way(wanted, tmp_path):
    with pytest.raises(EmbedderError, match=r"cannot download .*refused.*--weights PATH"):
        fetch(wanted("/weights", port=1), tmp_path)


def test_a_folder_that_cannot_be_written_is_named(wanted, tmp_path):
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(EmbedderError, match=r"cannot write .*file.model\.bin"):
        fetch(wanted("/weights"), tmp_path / "file")


def test_an_address_without_tls_is_refused(wanted, tmp_path):
    unsafe = ModelFile("model", "m", "http://example.invalid/m", "0", 1, "MIT", "M")
    with pytest.raises(EmbedderError, match="is not an https address"):
        fetch(unsafe, tmp_path)


def test_a_download_by_name_goes_to_the_cache(monkeypatch, wanted, tmp_path):
    monkeypatch.setattr(model_files, "cache_folder", lambda: tmp_path)
    monkeypatch.setitem(MODEL_FILES, "model", wanted("/weights"))
    monkeypatch.delenv("TONOTOPY_MODEL", raising=False)
    assert download("model") == find_weights("model") == tmp_path / "model.bin"
    monkeypatch.setenv("TONOTOPY_MODEL", "/elsewhere/model.bin")
    assert str(find_weights("model")) == "/elsewhere/model.bin"


def test_what_has_no_download_is_said_with_what_has():
    with pytest.raises(EmbedderError, match="nothing to download for 'timbre'; choose one of yam"):
        download("timbre")


@pytest.mark.parametrize("known", MODEL_FILES.values(), ids=list(MODEL_FILES))
def test_every_file_has_a_safe_address_a_hash_and_a_size(known):
    assert urlsplit(known.url).scheme == "https"
    assert len(bytes.fromhex(known.sha256)) == 32
    assert 0 < known.size < 1 << 30
    assert known.licence
