"""``tonotopy serve`` as a user runs it: a process, an address, signals."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager

import httpx
import numpy as np
import psutil
import pytest
import soundfile

from tonotopy.errors import TonotopyError
from tonotopy.server import running

COMMAND = [sys.executable, "-c", "from tonotopy.cli import main; main()"]
WAIT_S = 60


class Served:
    """A running ``tonotopy serve``."""

    def __init__(self, process, said, address):
        self.process, self.said, self.address = process, said, address
        self.port = httpx.URL(address).port

    def stop(self, with_signal=signal.SIGINT):
        """Stop it; return its exit status, what else it said, and how long that took."""
        began = time.monotonic()
        self.process.send_signal(with_signal)
        rest = self.process.stderr.read()
        return self.process.wait(WAIT_S), rest, time.monotonic() - began


@contextmanager
def serving(library, *options, env=None):
    """Serve a library at a port of its own."""
    process = subprocess.Popen(
        [*COMMAND, "serve", "-L", str(library), *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **(env or {})},
        start_new_session=True,  # as in a terminal of its own
    )
    try:
        said = []
        while "the map is at" not in (line := process.stderr.readline()):
            assert line, "".join(said)
            said.append(line)
        said.append(line)
        yield Served(process, "".join(said), re.search(r"http://\S+", line)[0])
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        process.stderr.close()


@pytest.fixture(scope="module")
def served(sounds):
    """One server for what leaves it as it is."""
    with serving(sounds.library, "--port", "0") as running_server:
        yield running_server


def test_the_map_is_served_at_the_address_that_is_printed(served):
    assert served.said.strip() == f"the map is at {served.address}  (Ctrl-C stops)"
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/", served.address)
    with httpx.Client(base_url=served.address) as client:
        assert "<title>tonotopy</title>" in client.get("/").text
        assert client.get("/api/v1/library").json()["n_recordings"] == 10
        audio = client.get("/api/v1/windows/1/audio", headers={"Range": "bytes=0-99"})
        assert (audio.status_code, len(audio.content)) == (206, 100)
        found = client.post("/api/v1/search", json={"words": "kick"}, headers={"X-Tonotopy": "1"})
        assert found.json()["hits"][0]["name"] == "kick.aiff"
        assert "server" not in found.headers


def test_other_names_and_sites_are_refused_over_the_wire(served):
    with httpx.Client(base_url=served.address) as client:
        assert client.get("/", headers={"Host": "evil.example"}).status_code == 421
        assert client.get("/", headers={"Origin": "http://evil.example"}).status_code == 403
        assert client.post("/api/v1/search", json={"words": "a"}).status_code == 403


def raw(served, request):
    """Send bytes and read until the server closes."""
    with socket.create_connection(("127.0.0.1", served.port), 10) as connection:
        connection.sendall(request)
        answer = b""
        while chunk := connection.recv(65_536):
            answer += chunk
    return answer


def test_head_has_no_body_over_the_wire(served):
    host = f"Host: 127.0.0.1:{served.port}\r\nConnection: close\r\n\r\n".encode()
    for path in (
        b"/api/v1/library",
        b"/",
        b"/api/v1/recordings/1/audio",
        b"/api/v1/windows/1/audio",
    ):
        head, _, body = raw(served, b"HEAD " + path + b" HTTP/1.1\r\n" + host).partition(
            b"\r\n\r\n"
        )
        assert head.startswith(b"HTTP/1.1 200")
        assert int(re.search(rb"content-length: (\d+)", head)[1]) > 100
        assert body == b""


def test_an_upgrade_to_a_websocket_is_not_made(served):
    request = (
        f"GET /api/v1/library HTTP/1.1\r\nHost: 127.0.0.1:{served.port}\r\n"
        "Connection: Upgrade, close\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    assert raw(served, request.encode()).startswith(b"HTTP/1.1 200")


def chunked_form(n_bytes):
    yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n'
    block = bytes(1 << 20)
    for _ in range(n_bytes >> 20):
        yield block
    yield b"\r\n--x--\r\n"


FORM = {"X-Tonotopy": "1", "Content-Type": "multipart/form-data; boundary=x"}


def test_a_large_upload_is_refused_and_takes_no_memory(sounds):
    with (
        serving(sounds.library, "--port", "0", "--max-upload", "60") as served,
        httpx.Client(base_url=served.address, timeout=60) as client,
    ):
        process = psutil.Process(served.process.pid)
        url = "/api/v1/search/upload"
        client.post(url, content=chunked_form(1 << 20), headers=FORM)  # loads what decoding needs
        before = process.memory_info().rss
        for _ in range(2):
            answer = client.post(url, content=chunked_form(150 << 20), headers=FORM)
            assert answer.status_code == 413
            assert "60 MB" in answer.json()["error"]
        within = client.post(url, content=chunked_form(50 << 20), headers=FORM)
        assert within.status_code == 422  # it fits, and is no sound
        assert process.memory_info().rss - before < 30e6
        deleted = [file.path for file in process.open_files() if "deleted" in file.path]
        assert deleted == []
        announced = client.post(url, content=bytes(70_000_000), headers=FORM)
        assert announced.status_code == 413
        assert client.get("/api/v1/library").status_code == 200


def test_the_next_free_port_is_taken_and_said(sounds):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with serving(sounds.library, "--port", str(port)) as served:
            assert f"port {port} is taken" in served.said
            assert port < served.port <= port + 9
            assert httpx.get(served.address).status_code == 200


def test_another_address_makes_a_token_by_itself(sounds):
    with serving(sounds.library, "--port", "0", "--host", "0.0.0.0") as served:
        address = httpx.URL(served.address)
        assert address.host == socket.gethostname()
        token = address.params["token"]
        assert len(token) >= 32
        with httpx.Client(base_url=f"http://127.0.0.1:{served.port}") as client:
            assert client.get("/").status_code == 401
            assert client.get("/api/v1/library").status_code == 401
            page = client.get("/", params={"token": token}, follow_redirects=True)
            assert "<title>tonotopy</title>" in page.text
            assert client.get("/api/v1/library").status_code == 200  # by the cookie


def test_the_token_may_come_from_the_environment(sounds):
    env = {"TONOTOPY_TOKEN": "our.own-token"}
    with serving(sounds.library, "--port", "0", env=env) as served:
        assert served.address.endswith("/?token=our.own-token")
        bearer = {"Authorization": "Bearer our.own-token"}
        address = f"http://127.0.0.1:{served.port}/api/v1/library"
        assert httpx.get(address).status_code == 401
        assert httpx.get(address, headers=bearer).status_code == 200


def test_the_loopback_of_ipv6_needs_no_token(sounds):
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        pytest.skip("this machine has no IPv6 loopback address")
    with serving(sounds.library, "--port", "0", "--host", "::1") as served:
        assert served.address == f"http://[::1]:{served.port}/"
        assert httpx.get(f"{served.address}api/v1/library").status_code == 200


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--token", ""], "the token will not do"),
        (["--token", "short"], "8 characters"),
        (["--token", "a b c d e f g"], "letters, digits"),
        (["--token", "12345678\r\nSet-Cookie: a=b"], "letters, digits"),
        (["--host", "203.0.113.7"], "cannot listen at 203.0.113.7"),
        (["--host", "no.such.host.invalid"], "cannot listen at no.such.host.invalid"),
    ],
)
def test_what_cannot_be_served_is_said_in_one_line(sounds, options, says):
    done = subprocess.run(
        [*COMMAND, "serve", "-L", str(sounds.library), "--port", "0", *options],
        capture_output=True,
        text=True,
        timeout=WAIT_S,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("tonotopy: ")
    assert says in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_library_that_is_not_there_is_refused_before_anything_listens(tmp_path):
    for library in (tmp_path / "no.db", tmp_path / "empty.db"):
        if library.name == "empty.db":
            library.touch()
        done = subprocess.run(
            [*COMMAND, "serve", "-L", str(library)], capture_output=True, text=True, timeout=WAIT_S
        )
        assert done.returncode == 1
        assert "add PATH..." in done.stderr
        assert "the map is at" not in done.stderr


def test_the_help_says_what_matters():
    done = subprocess.run(
        [*COMMAND, "serve", "--help"],
        capture_output=True,
        text=True,
        timeout=WAIT_S,
        env={**os.environ, "COLUMNS": "120", "NO_COLOR": "1"},
    )
    assert done.returncode == 0
    for words in ("--host", "--port", "--token", "TONOTOPY_TOKEN", "--max-upload", "127.0.0.1"):
        assert words in done.stdout


@pytest.mark.parametrize(
    ("sent", "status", "says"),
    [(signal.SIGINT, 0, "stopped\n"), (signal.SIGTERM, -signal.SIGTERM, "")],
)
def test_a_signal_stops_the_server_quietly(sounds, sent, status, says):
    with serving(sounds.library, "--port", "0") as served:
        httpx.get(served.address)
        assert served.stop(sent)[:2] == (status, says)


def many_recordings(make_library):
    vectors = np.random.default_rng(0).standard_normal((300, 1, 16))
    return make_library({f"{n}.wav": vector for n, vector in enumerate(vectors)})


def the_child_of(served):
    """Wait for the process that does a job."""
    server = psutil.Process(served.process.pid)
    end = time.monotonic() + WAIT_S
    while not (children := server.children()):
        assert time.monotonic() < end, "no job was started"
        time.sleep(0.02)
    return children[0]


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_the_server_in_the_middle_of_a_job(make_library, sent):
    library = many_recordings(make_library)
    with serving(library.path, "--port", "0") as served:
        asked = {"kind": "umap"}
        started = httpx.post(
            f"{served.address}api/v1/jobs", json=asked, headers={"X-Tonotopy": "1"}
        )
        assert started.status_code == 202
        worker = the_child_of(served)
        status, rest, seconds = served.stop(sent)
        assert seconds < 5
        assert rest in ("", "stopped\n")
        assert status in (0, -signal.SIGTERM)
        assert not worker.is_running() or worker.status() == psutil.STATUS_ZOMBIE


def test_a_server_that_is_killed_takes_its_job_along(make_library):
    library = many_recordings(make_library)
    with serving(library.path, "--port", "0") as served:
        httpx.post(
            f"{served.address}api/v1/jobs", json={"kind": "umap"}, headers={"X-Tonotopy": "1"}
        )
        worker = the_child_of(served)
        served.process.kill()
        gone, _ = psutil.wait_procs([worker], timeout=WAIT_S)
        assert gone == [worker]


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_the_server_while_sound_is_sent(make_library, tmp_path, sent):
    """A player that is paused keeps its connection open for hours."""
    library = make_library({"long.aiff": np.eye(1, 8)})
    samples = np.zeros(10 * 60 * 44_100, "int16")
    soundfile.write(tmp_path / "long.aiff", samples, 44_100)
    with library.write() as connection:
        connection.exec_driver_sql("UPDATE recordings SET duration_s = 600, format = 'aiff'")
    with serving(library.path, "--port", "0") as served, ExitStack() as stack:
        for _ in range(3):
            address = f"{served.address}api/v1/recordings/1/audio"
            answer = stack.enter_context(httpx.stream("GET", address))
            assert answer.headers["content-length"] == str(44 + 2 * len(samples))
            next(answer.iter_raw(1000))
        status, rest, seconds = served.stop(sent)
        assert status in (0, -signal.SIGTERM)
        assert seconds < 6
        assert rest in ("", "stopped\n")


def test_an_address_with_any_letters_in_its_name_is_no_loopback():
    for address in ("127.example.org", "localhost.example.org", "0.0.0.0", "::", "10.0.0.1", ""):
        assert not running.is_loopback(address)
    for address in ("127.0.0.1", "127.8.9.1", "::1"):
        assert running.is_loopback(address)


def test_a_port_that_may_not_be_used_is_no_reason_to_take_another(monkeypatch):
    def refused(host, port):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(running, "listening_at", refused)
    with pytest.raises(TonotopyError, match=r"port 80: Permission denied.*--port"):
        running.bound("127.0.0.1", 80)


def test_every_next_port_that_is_taken_is_passed_over(monkeypatch):
    tried = []

    def taken(host, port):
        tried.append(port)
        raise OSError(98, "Address already in use")

    monkeypatch.setattr(running, "listening_at", taken)
    monkeypatch.setattr(running.errno, "EADDRINUSE", 98)
    with pytest.raises(TonotopyError, match="no port is free"):
        running.bound("127.0.0.1", 65_533)
    assert tried == [65_533, 65_534, 65_535, 0]
