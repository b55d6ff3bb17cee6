"""The REST API under ``/api/v1`` and the page: each route reads a request and calls one verb.

What is named here is loaded when it is first used: the process that does a job, see
`tonotopy.server.worker`, needs none of it.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tonotopy.server.app import create_app as create_app
    from tonotopy.server.running import serve as serve

__all__ = ["create_app", "serve"]

HOMES = {"create_app": "tonotopy.server.app", "serve": "tonotopy.server.running"}


def __getattr__(name: str) -> Any:
    """Load a function when it is first asked for."""
    if name not in HOMES:
        raise AttributeError(f"module 'tonotopy.server' has no attribute {name!r}")
    return getattr(import_module(HOMES[name]), name)
