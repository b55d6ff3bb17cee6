"""Who is answered: the page and programs of the user's, and nobody else."""

import asyncio
import json
import secrets

import psutil
import pytest
from fastapi.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from tonotopy.server import create_app
from tonotopy.server.guard import Guard

TOKEN = "a-token-of-ours"
API = "/api/v1/library"
SECURITY = {
    "content-security-policy": "script-src 'self'",
    "permissions-policy": "microphone=(self), camera=()",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
}


def bare(app, base_url="http://127.0.0.1", **options):
    """Speak to an application without the header of the page."""
    return TestClient(app, base_url=base_url, raise_server_exceptions=False, **options)


def check_dressed(answer):
    for name, value in SECURITY.items():
        assert value in answer.headers[name]
    assert "unsafe-eval" not in answer.headers["content-security-policy"]


@pytest.fixture
def app(library):
    return create_app(library)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.0.0.1:8765", "localhost", "LOCALHOST:80", "[::1]", "[::1]:8765"]
)
def test_the_server_answers_to_its_own_names(app, host):
    assert bare(app).get(API, headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",  # a name that was rebound to 127.0.0.1
        "127.0.0.1.evil.example",
        "evil.example:8765",
        "localhost.evil.example",
        "127.0.0.2",
        "",
        "[::1",
        "[",
        "user@127.0.0.1@evil.example",
        "evil.example\x80",
    ],
)
@pytest.mark.parametrize("path", [API, "/", "/app.js", "/api/openapi.json"])
def test_the_server_does_not_answer_to_other_names(app, host, path):
    answer = bare(app).get(path, headers={"Host": host.encode("latin-1")})
    assert answer.status_code == 421
    assert "does not answer to the name" in answer.json()["error"]
    check_dressed(answer)


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "http://127.0.0.1:9999",
        "http://localhost",
        "null",
        "",
        "http://[",
        "file://",
        "http://127.0.0.1.evil.example",
        "127.0.0.1",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_page_of_another_site_is_refused(client, origin, method):
    path = API if method == "GET" else "/api/v1/search"
    answer = client.request(method, path, headers={"Origin": origin}, json={"words": "bell"})
    assert answer.status_code == 403
    assert "another site" in answer.json()["error"]
    assert "access-control-allow-origin" not in answer.headers
    check_dressed(answer)


def test_the_page_of_the_server_itself_is_answered(client):
    own = {"Origin": "http://127.0.0.1", "Sec-Fetch-Site": "same-origin"}
    assert client.post("/api/v1/search", json={"words": "bell"}, headers=own).status_code == 200


@pytest.mark.parametrize("site", ["cross-site", "same-site", "something-new"])
def test_sound_that_another_site_embeds_is_refused(client, site):
    for path in ("/api/v1/windows/1/audio", API, "/api/docs", "/api/openapi.json"):
        answer = client.get(path, headers={"Sec-Fetch-Site": site})
        assert answer.status_code == 403
        check_dressed(answer)


def test_a_link_from_another_site_opens_the_page(client):
    answer = client.get("/", headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 200
    assert "<title>tonotopy</title>" in answer.text


def test_a_preflight_of_another_site_is_refused(client):
    asked = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    answer = client.options("/api/v1/search", headers=asked)
    assert answer.status_code == 403
    assert not any(name.startswith("access-control") for name in answer.headers)


@pytest.mark.parametrize("path", ["/api/v1/search", "/api/v1/jobs", "/api/v1/search/upload"])
@pytest.mark.parametrize(
    "kind", ["application/json", "text/plain", "multipart/form-data; boundary=x"]
)
def test_a_request_that_a_plain_form_could_make_is_refused(app, path, kind):
    body = json.dumps({"words": "bell", "kind": "umap"})
    answer = bare(app).post(path, content=body, headers={"Content-Type": kind})
    assert answer.status_code == 403
    assert "X-Tonotopy: 1" in answer.json()["error"]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "BREW"])
def test_every_method_that_could_change_something_needs_the_header(app, method):
    assert bare(app).request(method, API).status_code == 403


def test_a_websocket_is_refused(client):
    with pytest.raises(WebSocketDisconnect) as refused, client.websocket_connect(API):
        pass
    assert refused.value.code == 1008


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/app.js",
        "/app.css",
        "/favicon.svg",
        "/nothing",
        API,
        "/api/nothing",
        "/api/docs",
        "/api/docs/swagger-ui-bundle.js",
        "/api/openapi.json",
        "/api/v1/windows/1/audio",
        "/api/v1/windows/1",
        "/api/v1/windows/0",
        "/api/v1/windows/99999",
        "/api/v1/recordings?where=(",
        "/api/v1/map",
    ],
)
def test_every_answer_is_dressed(client, path):
    for method in ("GET", "HEAD", "OPTIONS"):
        answer = client.request(method, path)
        check_dressed(answer)
        assert answer.headers["cache-control"] == "no-cache"
    again = client.get(path, headers={"If-None-Match": client.get(path).headers.get("etag", "x")})
    check_dressed(again)


def test_a_bug_is_answered_as_json_and_dressed(client, monkeypatch):
    monkeypatch.setattr("tonotopy.server.library_routes.describe", lambda library: 1 / 0)
    answer = client.get(API)
    assert answer.status_code == 500
    assert answer.json() == {"error": "a bug in tonotopy, please report it: ZeroDivisionError"}
    check_dressed(answer)


@pytest.fixture
def locked(library):
    """Speaks to a server that asks for a token."""
    return bare(
        create_app(library, token=TOKEN), "http://192.168.1.20:8765", follow_redirects=False
    )


@pytest.mark.parametrize(
    "path", ["/", "/app.js", API, "/api/docs", "/api/openapi.json", "/nothing"]
)
def test_without_the_token_nothing_is_shown(locked, path):
    for method in ("GET", "HEAD", "POST", "OPTIONS"):
        answer = locked.request(method, path, headers={"X-Tonotopy": "1"})
        assert answer.status_code == 401
        check_dressed(answer)
        assert TOKEN not in answer.text


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "Bearer wrong"},
        {"Authorization": "Bearer "},
        {"Authorization": "Bearer"},
        {"Authorization": f"Basic {TOKEN}"},
        {"Authorization": TOKEN},
        {"Authorization": f"Bearer {TOKEN}x"},
        {"Authorization": b"Bearer \xff\xfe"},
        {"Cookie": "tonotopy_token_8765=wrong"},
        {"Cookie": "tonotopy_token_8765="},
        {"Cookie": f"tonotopy_token_80={TOKEN}"},
        {"Cookie": "tonotopy_token_8765"},
        {"Cookie": "\x01;;=;tonotopy_token_8765"},
    ],
)
def test_a_wrong_token_is_refused(locked, headers):
    assert locked.get(API, headers=headers).status_code == 401


def test_a_program_shows_the_token_as_bearer(locked):
    for scheme in ("Bearer", "bearer"):
        shown = {"Authorization": f"{scheme} {TOKEN}"}
        assert locked.get(API, headers=shown).status_code == 200


def test_a_browser_gets_a_cookie_for_the_token_in_the_address(locked):
    answer = locked.get(f"/?token={TOKEN}")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/"
    check_dressed(answer)
    cookie = answer.headers["set-cookie"]
    assert cookie == f"tonotopy_token_8765={TOKEN}; Path=/; HttpOnly; SameSite=Strict"
    # Other servers of this host leave their own cookies, of every shape.
    held = f'_xsrf=2|abc|; u="2|1:0|10:17"; bad name=\x7f; tonotopy_token_8765={TOKEN}; last'
    for path in ("/", API, "/app.js"):
        assert locked.get(path, headers={"Cookie": held}).status_code == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/?token=wrong"),
        ("GET", "/?token="),
        ("GET", "/?token"),
        ("GET", f"/app.js?token={TOKEN}"),
        ("GET", f"{API}?token={TOKEN}"),
        ("POST", f"/?token={TOKEN}"),
        ("GET", "/?token=%ff%fe"),
    ],
)
def test_the_token_in_any_other_address_is_no_sign_in(locked, method, path):
    answer = locked.request(method, path)
    assert answer.status_code == 401
    assert "set-cookie" not in answer.headers


def test_the_token_does_not_let_other_sites_in(locked):
    shown = {"Authorization": f"Bearer {TOKEN}"}
    foreign = locked.get(API, headers={**shown, "Origin": "https://evil.example"})
    embedded = locked.get(API, headers={**shown, "Sec-Fetch-Site": "cross-site"})
    assert (foreign.status_code, embedded.status_code) == (403, 403)


def test_tokens_are_compared_in_constant_time(locked, monkeypatch):
    compared = []
    original = secrets.compare_digest
    monkeypatch.setattr(
        secrets, "compare_digest", lambda a, b: compared.append(1) or original(a, b)
    )
    locked.get(API, headers={"Authorization": "Bearer wrong"})
    assert compared


def test_an_empty_token_is_refused(library):
    with pytest.raises(ValueError, match="the token is empty"):
        Guard(lambda *_: None, token="", max_bodies={})
    with (
        pytest.raises(ValueError, match="the token is empty"),
        TestClient(create_app(library, token="")),
    ):
        pass


def run_asgi(app, path, chunks, headers=()):
    """Send chunks as a client does that does not say how many come.

    Return how the answer starts, its body, and the sizes of the chunks that were taken.
    """
    taken, sent = [], []
    waiting = iter(chunks)

    async def receive():
        chunk = next(waiting, None)
        if chunk is None:
            return {"type": "http.request", "body": b"", "more_body": False}
        taken.append(len(chunk))
        return {"type": "http.request", "body": chunk, "more_body": True}

    async def send(message):
        sent.append(message)

    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "scheme": "http",
        "server": ("127.0.0.1", 80),
        "headers": [(b"host", b"127.0.0.1"), (b"x-tonotopy", b"1"), *headers],
    }
    asyncio.run(app(scope, receive, send))
    starts = [message for message in sent if message["type"] == "http.response.start"]
    assert len(starts) == 1
    body = b"".join(message.get("body", b"") for message in sent)
    return starts[0], body, taken


def form_chunks(n_bytes, chunk=10_000):
    yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n'
    for _ in range(n_bytes // chunk):
        yield bytes(chunk)
    yield b"\r\n--x--\r\n"


FORM = (b"content-type", b"multipart/form-data; boundary=x")
JSON = (b"content-type", b"application/json")


def test_an_upload_that_grows_too_large_is_cut_off(library, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr("tonotopy.server.guard.MOST_UNREAD", 0)
    app = create_app(library, max_upload=2_000_000)
    n_open = psutil.Process().num_fds()
    start, body, taken = run_asgi(app, "/api/v1/search/upload", form_chunks(50_000_000), [FORM])
    assert start["status"] == 413
    assert "2 MB" in json.loads(body)["error"]
    assert 2_000_000 < sum(taken) <= 2_000_000 + 10_000
    assert list(tmp_path.iterdir()) == []
    assert psutil.Process().num_fds() == n_open  # what was written down has no name, only these


def test_any_other_request_may_only_be_small(library, monkeypatch):
    monkeypatch.setattr("tonotopy.server.guard.MOST_UNREAD", 0)
    app = create_app(library)
    for path, limit in (("/api/v1/search", 2_000_000), ("/api/v1/jobs", 1_000_000)):
        start, body, taken = run_asgi(app, path, (b" " * 10_000 for _ in range(10_000)), [JSON])
        assert start["status"] == 413
        assert sum(taken) <= limit + 10_000
        assert f"{limit // 1_000_000} MB" in json.loads(body)["error"]


def test_what_is_a_little_too_large_is_let_through_unread_so_that_its_answer_is_read(library):
    app = create_app(library, max_upload=2_000_000)
    start, _, taken = run_asgi(app, "/api/v1/search/upload", form_chunks(50_000_000), [FORM])
    assert start["status"] == 413
    assert (b"connection", b"close") not in start["headers"]
    assert sum(taken) > 50_000_000


def test_whoever_goes_on_sending_is_hung_up_on(library):
    app = create_app(library, max_upload=2_000_000)
    start, _, taken = run_asgi(app, "/api/v1/search/upload", form_chunks(500_000_000), [FORM])
    assert (b"connection", b"close") in start["headers"]
    assert sum(taken) < 210_000_000


@pytest.mark.parametrize("length", ["2000001", "9" * 30, "9" * 5000])
def test_an_upload_that_says_it_is_too_large_is_not_read(library, length):
    app = create_app(library, max_upload=2_000_000)
    headers = [FORM, (b"content-length", length.encode())]
    start, _, taken = run_asgi(app, "/api/v1/search/upload", form_chunks(10_000), headers)
    assert (start["status"], taken) == (413, [])


@pytest.mark.parametrize("length", ["\xb2", "-5", "many", "1e9"])
def test_a_length_that_cannot_be_read_is_counted(library, length):
    app = create_app(library, max_upload=50_000)
    headers = [FORM, (b"content-length", length.encode("latin-1"))]
    start, _, _ = run_asgi(app, "/api/v1/search/upload", form_chunks(100_000), headers)
    assert start["status"] == 413
