"""Files that are sent over a real connection: large ones, lying ones, ones that break off."""

import shutil
import socket
import time
from threading import Thread
from urllib.parse import urlsplit

import httpx
import psutil
import pytest
import uvicorn

from tonotopy import catalog
from tonotopy.server import create_app
from tonotopy.server.running import bound

WAIT_S = 60
LIMIT = 300_000_000
CHUNK = b"\0" * 1_000_000


@pytest.fixture
def root(tmp_path):
    (tmp_path / "opened").mkdir()
    return tmp_path / "opened"


@pytest.fixture
def client(sounds, tmp_path, root):
    """Speaks over the wire to a server that takes 300 MB."""
    library = catalog.open_catalog(shutil.copy(sounds.library, tmp_path / "mine.db"))
    app, listening = create_app(library, allow_add=[root], max_upload=LIMIT), bound("127.0.0.1", 0)
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1))
    thread = Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    address = f"http://127.0.0.1:{listening.getsockname()[1]}/api/v1"
    with httpx.Client(base_url=address, headers={"X-Tonotopy": "1"}, timeout=WAIT_S) as speaking:
        yield speaking
    server.should_exit = True
    thread.join()
    listening.close()


def begin(client):
    return client.post("adding/uploads").json()["id"]


def files_below(root):
    return [path for path in root.rglob("*") if path.is_file()]


def test_a_large_file_is_written_as_it_comes(client, root):
    peaks, before = [], psutil.Process().memory_info().rss

    def chunks():
        for _ in range(250):
            peaks.append(psutil.Process().memory_info().rss)
            yield CHUNK

    query = {"upload": begin(client), "name": "long.wav"}
    answer = client.post("adding/files", params=query, content=chunks())
    assert answer.status_code == 201, answer.text
    assert answer.json() == {"name": "long.wav", "bytes": 250_000_000}
    assert max(peaks) - before < 50e6  # of this process, which is client and server
    (file,) = files_below(root)
    assert file.stat().st_size == 250_000_000


def test_a_file_that_lies_about_its_size_is_cut_off_and_leaves_nothing(client, root):
    query = {"upload": begin(client), "name": "endless.wav"}
    sent = []

    def endless():
        while len(sent) < 3000:
            sent.append(1)
            yield CHUNK

    try:
        answer = client.post("adding/files", params=query, content=endless())
    except httpx.TransportError:  # the server hangs up on whoever goes on sending
        pass
    else:
        assert answer.status_code == 413
    assert len(sent) < 600  # of the 3 GB
    assert files_below(root) == []


def test_three_gigabytes_that_are_announced_are_refused_at_once(client, root):
    url = urlsplit(str(client.base_url))
    head = (
        f"POST /api/v1/adding/files?upload={begin(client)}&name=a.wav HTTP/1.1\r\n"
        f"Host: {url.netloc}\r\nX-Tonotopy: 1\r\nContent-Length: 3000000000\r\n\r\n"
    )
    with socket.create_connection((url.hostname, url.port), WAIT_S) as connection:
        connection.sendall(head.encode())
        assert connection.recv(1000).startswith(b"HTTP/1.1 413 ")
    assert files_below(root) == []


def test_a_file_that_breaks_off_leaves_nothing(client, root):
    url = urlsplit(str(client.base_url))
    head = (
        f"POST /api/v1/adding/files?upload={begin(client)}&name=a.wav HTTP/1.1\r\n"
        f"Host: {url.netloc}\r\nX-Tonotopy: 1\r\nContent-Length: 2000000\r\n\r\n"
    )
    with socket.create_connection((url.hostname, url.port), WAIT_S) as connection:
        connection.sendall(head.encode() + CHUNK)
        end = time.monotonic() + WAIT_S
        while not files_below(root):
            assert time.monotonic() < end, "nothing was written"
            time.sleep(0.02)
    while files_below(root):
        assert time.monotonic() < end, "a part stayed behind"
        time.sleep(0.02)


def test_what_was_sent_and_never_added_goes_with_the_server(sounds, tmp_path, root):
    library = catalog.open_catalog(shutil.copy(sounds.library, tmp_path / "mine.db"))
    app = create_app(library, allow_add=[root])
    uploads = app.state.intake.uploads
    uploads.begin()
    assert len(list(root.iterdir())) == 1
    uploads.close()
    assert list(root.iterdir()) == []
    library.close()
