"""The verb ``serve``: binding an address and running until stopped."""

import errno
import os
import re
import secrets
import socket
from collections.abc import Callable, Sequence

from tonotopy.catalog import Catalog
from tonotopy.errors import TonotopyError
from tonotopy.server.add_routes import MAX_FILES
from tonotopy.server.app import MAX_UPLOAD, create_app
from tonotopy.server.guard import LOOPBACK, is_loopback

__all__ = ["serve"]

NEXT_PORTS = 10  # tried before any free one
TOKEN = re.compile(r"[A-Za-z0-9._~-]{8,}")  # what an address and a cookie hold as it is
GRACE_S = 2  # for answers that are under way when the server is stopped


def serve(
    library: Catalog,
    *,
    host: str = "127.0.0.1",
    port: int = 8765,
    token: str | None = None,
    max_upload: int = MAX_UPLOAD,
    allow_add: Sequence[str | os.PathLike[str]] = (),
    max_files: int = MAX_FILES,
    on_ready: Callable[[str], None] | None = None,
) -> None:
    """Serve the map and the API until interrupted.

    Parameters
    ----------
    library : Catalog
        An open library.
    host : str, default "127.0.0.1"
        Address to listen at. On any but a loopback address every request must show a token.
    port : int, default 8765
        Port; if it is taken, the next free one. 0: any free one.
    token : str, optional
        The token, 8 letters, digits or ``._~-`` at least; a random one by default where one is
        needed.
    max_upload : int
        Bytes that an upload may have.
    allow_add : sequence of path-like
        Folders from which the page may add sounds; those dropped on it are kept below the first.
    max_files : int
        Files that may be dropped at a time.
    on_ready : callable, optional
        Is told the address to open, token included.

    Raises
    ------
    TonotopyError
        If the address cannot be bound, the token will not do, or one of `allow_add` is no folder.
    """
    import uvicorn

    if token is not None and TOKEN.fullmatch(token) is None:
        raise TonotopyError(
            "the token will not do: it takes 8 characters at least, letters, digits and . _ ~ -"
        )
    listening = bound(host, port)
    try:
        reached, number = listening.getsockname()[:2]
        if token is None and not is_loopback(reached):
            token = secrets.token_urlsafe(24)
        hosts = {*LOOPBACK, host.lower(), reached}
        app = create_app(
            library,
            hosts=hosts,
            token=token,
            max_upload=max_upload,
            allow_add=allow_add,
            max_files=max_files,
        )
        config = uvicorn.Config(
            app,
            log_level="warning",
            ws="none",
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=GRACE_S,
        )
        if on_ready is not None:
            on_ready(address_of(host, number, token))
        uvicorn.Server(config).run(sockets=[listening])
    finally:
        listening.close()


def address_of(host: str, port: int, token: str | None) -> str:
    """Write the address to open.

    Examples
    --------
    >>> address_of("::1", 8765, None), address_of("127.0.0.1", 80, "secret-token")
    ('http://[::1]:8765/', 'http://127.0.0.1:80/?token=secret-token')
    """
    if host in ("0.0.0.0", "::"):  # every address of this machine
        host = socket.gethostname()
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{port}/" + (f"?token={token}" if token else "")


def bound(host: str, port: int) -> socket.socket:
    """Listen at an address, at the next free port if the one asked for is taken.

    Raises
    ------
    TonotopyError
        If this machine has no such address, or will not let us use it.
    """
    next_ports = range(port, min(port + NEXT_PORTS, 65_536)) if port else ()
    for candidate in (*next_ports, 0):
        try:
            return listening_at(host, candidate)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise TonotopyError(
                    f"cannot listen at {host}, port {candidate}: {error.strerror}; "
                    "choose an address of this machine with --host, or another --port"
                ) from error
    raise TonotopyError(f"cannot listen at {host}: no port is free")


def listening_at(host: str, port: int) -> socket.socket:
    """Listen at an address and port, or raise OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    # IPv4 first: scripts write 127.0.0.1 for localhost.
    family, *_, address = min(found, key=lambda each: each[0] != socket.AF_INET)
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(128)
    except OSError:
        listening.close()
        raise
    return listening
