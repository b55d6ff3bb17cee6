"""What stands between the network and the routes.

A page from elsewhere can make a browser send requests to 127.0.0.1. So the server answers only to
its own names (a rebound DNS name is not one of them), takes requests that change something only
from its own page or from programs, counts every byte of an upload, and, on an address that others
can reach, asks for a token.
"""

import json
import secrets
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from http.cookies import SimpleCookie
from typing import Any, TypeAlias
from urllib.parse import parse_qs, urlsplit

__all__ = ["CONTENT_POLICY", "Guard", "is_loopback"]

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
Application: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

LOOPBACK = ("127.0.0.1", "localhost", "::1")
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
OWN_HEADER = "x-tonotopy"
COOKIE = "tonotopy_token"
CONTENT_POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; "
    "style-src 'self' 'unsafe-inline'; script-src 'self'; connect-src 'self'; "
    "worker-src 'self' blob:; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)


class TooLarge(Exception):
    """More bytes came than an upload may have."""


def is_loopback(host: str) -> bool:
    """Tell whether only programs on this machine can reach an address."""
    return host in LOOPBACK or host.startswith("127.")


class Guard:
    """ASGI middleware that refuses what does not come from the page or a program of the user's.

    Parameters
    ----------
    app : ASGI application
        What is guarded.
    hosts : iterable of str
        Names and addresses that the server answers to, without port.
    token : str, optional
        What a request must show, as ``Authorization: Bearer`` or as the cookie that opening
        ``/?token=...`` sets; with a token, any host name will do.
    max_upload : int
        Bytes that the body of a request may have.
    """

    def __init__(
        self,
        app: Application,
        *,
        hosts: Iterable[str] = LOOPBACK,
        token: str | None = None,
        max_upload: int,
    ) -> None:
        self.app = app
        self.hosts = frozenset(hosts)
        self.token = token
        self.max_upload = max_upload

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it here."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        headers = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]
        }
        if scope["type"] != "http":
            return  # no route here speaks anything else
        if self.token and self._is_sign_in(scope):
            await self._sign_in(send)
            return
        refusal = self._refusal(scope, headers)
        if refusal is not None:
            await answer(send, *refusal)
            return
        await self._pass_on(scope, receive, send)

    def _refusal(self, scope: Scope, headers: dict[str, str]) -> tuple[int, str] | None:
        """Say why a request is refused, or None."""
        host = host_of(headers.get("host", ""))
        if self.token is None and host not in self.hosts:
            return 421, f"this server does not answer to the name {host!r}; open it by its address"
        origin = headers.get("origin")
        if origin is not None and urlsplit(origin).netloc != headers.get("host"):
            return 403, f"requests from the page of another site ({origin}) are refused"
        if headers.get("sec-fetch-site") == "cross-site" and scope["path"].startswith("/api"):
            return 403, "requests from the page of another site are refused"
        if self.token is not None and not self._shows_token(headers):
            return 401, "a token is needed: open the address that 'tonotopy serve' printed"
        if scope["method"] not in SAFE_METHODS and OWN_HEADER not in headers:
            return 403, "requests that change or upload something need the header X-Tonotopy: 1"
        length = headers.get("content-length", "0")
        if length.isdigit() and int(length) > self.max_upload:
            return 413, self._too_large()
        return None

    def _too_large(self) -> str:
        return f"an upload may have {self.max_upload / 1e6:.0f} MB at most; cut the sound shorter"

    def _shows_token(self, headers: dict[str, str]) -> bool:
        shown = headers.get("authorization", "").removeprefix("Bearer ")
        cookie = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
        candidates = [shown, cookie.value if cookie else ""]
        expected = (self.token or "").encode()
        return any(secrets.compare_digest(each.encode(), expected) for each in candidates)

    def _is_sign_in(self, scope: Scope) -> bool:
        given = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
        return scope["path"] == "/" and secrets.compare_digest(
            given.encode(), (self.token or "").encode()
        )

    async def _sign_in(self, send: Send) -> None:
        """Turn the token of an address into a cookie, and the address into one without it."""
        cookie = f"{COOKIE}={self.token}; Path=/; HttpOnly; SameSite=Strict"
        await send(
            {
                "type": "http.response.start",
                "status": 303,
                "headers": [(b"location", b"/"), (b"set-cookie", cookie.encode())],
            }
        )
        await send({"type": "http.response.body"})

    async def _pass_on(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the routes, counting what comes in and dressing what goes out."""
        received = 0
        answered = False

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self.max_upload:
                raise TooLarge
            return message

        async def dressed(message: Message) -> None:
            nonlocal answered
            if received > self.max_upload:  # whatever the routes made of it
                if not answered:
                    answered = True
                    await answer(send, 413, self._too_large())
                return
            if message["type"] == "http.response.start":
                answered = True
                present = {name.lower() for name, _ in message["headers"]}
                message["headers"] = [
                    *message["headers"],
                    *(header for header in SECURITY_HEADERS if header[0] not in present),
                ]
            await send(message)

        try:
            await self.app(scope, counted, dressed)
        except TooLarge:
            if not answered:
                await answer(send, 413, self._too_large())


SECURITY_HEADERS = [
    (b"content-security-policy", CONTENT_POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
]


def host_of(header: str) -> str:
    """Take the port off a Host header.

    Examples
    --------
    >>> host_of("localhost:8000"), host_of("[::1]:8000"), host_of("127.0.0.1")
    ('localhost', '::1', '127.0.0.1')
    """
    if header.startswith("["):
        return header[1:].partition("]")[0]
    return header.partition(":")[0].lower()


async def answer(send: Send, status: int, error: str) -> None:
    """Answer with an error as JSON."""
    body = json.dumps({"error": error}).encode()
    headers = [(b"content-type", b"application/json"), *SECURITY_HEADERS]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
