"""What stands between the network and the routes.

A page from elsewhere can make a browser send requests to 127.0.0.1. So the server answers only to
its own names (a rebound DNS name is not one of them), takes requests that change something only
from its own page or from programs, counts every byte that is sent to it, and, on an address that
others can reach, asks for a token.
"""

import ipaddress
import json
import secrets
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from contextlib import suppress
from typing import Any, TypeAlias
from urllib.parse import parse_qs, urlsplit

from starlette.requests import cookie_parser

__all__ = ["LOOPBACK", "SECURITY_HEADERS", "Guard", "is_loopback"]

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
Application: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

LOOPBACK = ("127.0.0.1", "localhost", "::1")
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
OWN_SITES = ("same-origin", "none")  # of Sec-Fetch-Site; none: typed in, or a bookmark
OWN_HEADER = "x-tonotopy"
COOKIE = "tonotopy_token"
MAX_BODY = 1_000_000  # bytes, where nothing is uploaded
MOST_UNREAD = 200_000_000  # bytes beyond the limit that are let through before the server hangs up
CONTENT_POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; "
    "style-src 'self' 'unsafe-inline'; script-src 'self'; connect-src 'self'; "
    "worker-src 'self' blob:; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
PERMISSIONS = "microphone=(self), camera=(), display-capture=(), geolocation=(), usb=(), midi=()"
SECURITY_HEADERS = {
    "content-security-policy": CONTENT_POLICY,
    "permissions-policy": PERMISSIONS,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-cache",  # ids and names mean something else in another library
}


class TooLarge(Exception):
    """More bytes came than a request may have."""


def is_loopback(address: str) -> bool:
    """Tell whether only programs on this machine can reach an address.

    Examples
    --------
    >>> is_loopback("127.0.0.2"), is_loopback("::1"), is_loopback("127.example.org")
    (True, True, False)
    """
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


class Guard:
    """ASGI middleware that refuses what does not come from the page or a program of the user's.

    Parameters
    ----------
    app : ASGI application
        What is guarded.
    hosts : iterable of str
        Names and addresses that the server answers to, in lower case, without port.
    token : str, optional
        What a request must show, as ``Authorization: Bearer`` or as the cookie that opening
        ``/?token=...`` sets; with a token, any host name will do.
    max_bodies : mapping of str to int
        Bytes that the body of a request may have, for paths that take more than `MAX_BODY`.

    Raises
    ------
    ValueError
        If the token is empty, which every request would show.
    """

    def __init__(
        self,
        app: Application,
        *,
        hosts: Iterable[str] = LOOPBACK,
        token: str | None = None,
        max_bodies: Mapping[str, int],
    ) -> None:
        if token == "":
            raise ValueError("the token is empty; leave it out or give one")
        self.app = app
        self.hosts = frozenset(hosts)
        self.token = token
        self.max_bodies = dict(max_bodies)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it here."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":  # no route here speaks anything else
            await send({"type": "websocket.close", "code": 1008})
            return
        headers = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]
        }
        if self.token is not None and self._is_sign_in(scope):
            await self._sign_in(scope, send)
            return
        refusal = self._refusal(scope, headers)
        if refusal is not None:
            await answer(send, *refusal)
            return
        await self._pass_on(scope, receive, send)

    def _refusal(self, scope: Scope, headers: dict[str, str]) -> tuple[int, str] | None:
        """Say why a request is refused, or None."""
        host = headers.get("host", "")
        if self.token is None and host_of(host) not in self.hosts:
            return 421, f"this server does not answer to the name {host!r}; open it by its address"
        origin = headers.get("origin")
        if origin is not None and site_of(origin) != host:
            return 403, f"requests from the page of another site ({origin}) are refused"
        if scope["path"].startswith("/api") and headers.get("sec-fetch-site", "none") not in (
            OWN_SITES
        ):
            return 403, "requests from the page of another site are refused"
        if self.token is not None and not self._shows_token(scope, headers):
            return 401, "a token is needed: open the address that 'tonotopy serve' printed"
        if scope["method"] not in SAFE_METHODS and OWN_HEADER not in headers:
            return 403, "requests that change or upload something need the header X-Tonotopy: 1"
        limit = self._limit(scope)
        if announced(headers.get("content-length", "")) > limit:
            return 413, too_large(limit)
        return None

    def _limit(self, scope: Scope) -> int:
        return self.max_bodies.get(scope["path"], MAX_BODY)

    def _is_token(self, shown: str) -> bool:
        return secrets.compare_digest(shown.encode(), (self.token or "").encode())

    def _shows_token(self, scope: Scope, headers: dict[str, str]) -> bool:
        scheme, _, shown = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and self._is_token(shown.strip()):
            return True
        return self._is_token(cookie_parser(headers.get("cookie", "")).get(cookie_name(scope), ""))

    def _is_sign_in(self, scope: Scope) -> bool:
        given = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
        return scope["path"] == "/" and scope["method"] == "GET" and self._is_token(given)

    async def _sign_in(self, scope: Scope, send: Send) -> None:
        """Turn the token of an address into a cookie, and the address into one without it."""
        cookie = f"{cookie_name(scope)}={self.token}; Path=/; HttpOnly; SameSite=Strict"
        headers = dressed([(b"location", b"/"), (b"set-cookie", cookie.encode())])
        await send({"type": "http.response.start", "status": 303, "headers": headers})
        await send({"type": "http.response.body"})

    async def _pass_on(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the routes, counting what comes in and dressing what goes out."""
        limit = self._limit(scope)
        received = 0
        answered = ended = False

        async def counted() -> Message:
            nonlocal received, ended
            message = await receive()
            ended = not message.get("more_body", False)
            received += len(message.get("body", b""))
            if received > limit:
                raise TooLarge
            return message

        async def guarded(message: Message) -> None:
            nonlocal answered
            if received > limit:  # whatever the routes made of it
                return
            if message["type"] == "http.response.start":
                answered = True
                message["headers"] = dressed(message["headers"])
            await send(message)

        with suppress(TooLarge):  # some routes pass it on, others make their own error of it
            await self.app(scope, counted, guarded)
        if received > limit and not answered:
            ended = ended or await let_end(receive)
            await answer(send, 413, too_large(limit), hang_up=not ended)


def dressed(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Add the headers that every answer has, where it does not have its own."""
    own = list(headers)
    present = {name.lower() for name, _ in own}
    every = ((name.encode(), value.encode()) for name, value in SECURITY_HEADERS.items())
    return [*own, *(header for header in every if header[0] not in present)]


def announced(length: str) -> float:
    """Read a Content-Length header; what cannot be read is counted as it comes.

    Examples
    --------
    >>> announced("1000"), announced(""), announced("9" * 5000)
    (1000.0, 0.0, inf)
    """
    return float(length) if length.isascii() and length.isdecimal() else 0.0


def too_large(limit: int) -> str:
    """Say that a request has too many bytes."""
    return (
        f"a request to this address may have {limit / 1e6:g} MB at most; cut the sound shorter, "
        "or serve with a larger --max-upload"
    )


def cookie_name(scope: Scope) -> str:
    """Name the cookie; browsers give those of one port to the servers of all others."""
    return f"{COOKIE}_{(scope.get('server') or ('', 0))[1]}"


def site_of(origin: str) -> str | None:
    """Take host and port from an Origin header; None if there is no sense in it.

    Examples
    --------
    >>> site_of("http://localhost:8765"), site_of("null"), site_of("http://[")
    ('localhost:8765', '', None)
    """
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return None


def host_of(header: str) -> str:
    """Take the port off a Host header.

    Examples
    --------
    >>> host_of("localhost:8000"), host_of("[::1]:8000"), host_of("127.0.0.1")
    ('localhost', '::1', '127.0.0.1')
    """
    if header.startswith("["):
        address, closed, _ = header[1:].partition("]")
        return address.lower() if closed else ""
    return header.partition(":")[0].lower()


async def let_end(receive: Receive) -> bool:
    """Let a body end that is too large, so that the answer is read; tell whether it did in time."""
    n_bytes = 0
    while n_bytes < MOST_UNREAD:
        message = await receive()
        n_bytes += len(message.get("body", b""))
        if not message.get("more_body", False):
            return True
    return False


async def answer(send: Send, status: int, error: str, *, hang_up: bool = False) -> None:
    """Answer with an error as JSON."""
    body = json.dumps({"error": error}).encode()
    length = str(len(body)).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", length)]
    if hang_up:
        headers.append((b"connection", b"close"))
    start = {"type": "http.response.start", "status": status, "headers": dressed(headers)}
    await send(start)
    await send({"type": "http.response.body", "body": body})
