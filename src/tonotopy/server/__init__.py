"""The REST API under ``/api/v1`` and the page: each route reads a request and calls one verb."""

from tonotopy.server.app import create_app
from tonotopy.server.running import serve

__all__ = ["create_app", "serve"]
