"""The verb ``serve``: binding an address and running until stopped."""

import secrets
import socket
from collections.abc import Callable

from tonotopy.catalog import Catalog
from tonotopy.errors import TonotopyError
from tonotopy.server.app import MAX_UPLOAD, create_app
from tonotopy.server.guard import LOOPBACK, is_loopback

__all__ = ["serve"]


def serve(
    library: Catalog,
    *,
    host: str = "127.0.0.1",
    port: int = 8765,
    token: str | None = None,
    max_upload: int = MAX_UPLOAD,
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
        Port; if it is taken, any free one. 0: any free one.
    token : str, optional
        The token; a random one by default where one is needed.
    max_upload : int
        Bytes that an upload may have.
    on_ready : callable, optional
        Is told the address to open, token included.

    Raises
    ------
    TonotopyError
        If the address cannot be bound.
    """
    import uvicorn

    if token is None and not is_loopback(host):
        token = secrets.token_urlsafe(24)
    listening = bound(host, port)
    number = listening.getsockname()[1]
    app = create_app(library, hosts={*LOOPBACK, host}, token=token, max_upload=max_upload)
    shown = f"[{host}]" if ":" in host else host
    address = f"http://{shown}:{number}/" + (f"?token={token}" if token else "")
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=2))
    if on_ready is not None:
        on_ready(address)
    try:
        server.run(sockets=[listening])
    finally:
        listening.close()


def bound(host: str, port: int) -> socket.socket:
    """Bind an address; any free port if the one asked for is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for candidate in dict.fromkeys((port, 0)):
        listening = socket.socket(family, socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((host, candidate))
        except OSError as error:
            listening.close()
            if candidate == 0:
                raise TonotopyError(
                    f"cannot listen at {host}: {error.strerror}; "
                    "name an address of this machine with --host"
                ) from error
            continue
        listening.listen(128)
        return listening
    raise TonotopyError(f"cannot listen at {host}: no port is free")
