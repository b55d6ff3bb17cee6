"""What the API's own description says of routes, and what they have in common."""

from typing import Any, TypedDict

from fastapi import APIRouter
from fastapi.responses import Response
from fastapi.routing import APIRoute

from tonotopy.server.models import Problem

__all__ = ["PROBLEMS", "answers_head", "binary"]

PROBLEMS: dict[int | str, dict[str, Any]] = {
    400: {"model": Problem, "description": "It cannot be answered as asked"},
    404: {"model": Problem, "description": "The library does not hold it"},
    422: {"model": Problem, "description": "A parameter is wrong, or a file is not sound"},
    503: {"model": Problem, "description": "The library cannot be read"},
}


class Binary(TypedDict):
    """Arguments of a route that answers with bytes."""

    response_class: type[Response]
    responses: dict[int | str, dict[str, Any]]


def binary(*media_types: str) -> Binary:
    """Describe a route that answers with bytes of one of some types."""
    schema = {"schema": {"type": "string", "format": "binary"}}
    return {
        "response_class": Response,
        "responses": {200: {"content": dict.fromkeys(media_types, schema)}},
    }


def answers_head(router: APIRouter) -> None:
    """Answer HEAD wherever GET is answered."""
    for route in list(router.routes):
        if isinstance(route, APIRoute) and "GET" in (route.methods or ()):
            router.add_api_route(
                route.path,
                route.endpoint,
                methods=["HEAD"],
                response_class=route.response_class,
                include_in_schema=False,
            )
