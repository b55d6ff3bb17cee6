"""The application: routes, error answers, the page and the API's documentation."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from importlib.resources import files
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, Response
from fastapi.staticfiles import StaticFiles

from tonotopy import __version__
from tonotopy.catalog import Catalog
from tonotopy.errors import DecodeError, LibraryError, NotInLibrary, TonotopyError
from tonotopy.server import library_routes, map_routes, search_routes, sound_routes
from tonotopy.server.guard import LOOPBACK, Guard
from tonotopy.server.jobs import Jobs

__all__ = ["MAX_UPLOAD", "create_app"]

MAX_UPLOAD = 200_000_000  # bytes
STATIC = Path(__file__).parent / "static"

DOCS_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>tonotopy API</title>
<link rel="stylesheet" href="/api/docs/swagger-ui.css"></head>
<body><div id="swagger-ui"></div>
<script src="/api/docs/swagger-ui-bundle.js"></script>
<script src="/api/docs/start.js"></script></body></html>
"""
DOCS_START = """SwaggerUIBundle({
  url: "/api/openapi.json", dom_id: "#swagger-ui", deepLinking: true,
  requestInterceptor: (request) => { request.headers["X-Tonotopy"] = "1"; return request; },
});
"""


def create_app(
    library: Catalog,
    *,
    hosts: Iterable[str] = LOOPBACK,
    token: str | None = None,
    max_upload: int = MAX_UPLOAD,
) -> FastAPI:
    """Make the application that serves a library.

    Parameters
    ----------
    library : Catalog
        An open library; the caller closes it.
    hosts : iterable of str
        Names that the server answers to.
    token : str, optional
        What every request must show; needed on an address that others can reach.
    max_upload : int
        Bytes that an upload may have.
    """

    @asynccontextmanager
    async def running(app: FastAPI) -> AsyncIterator[None]:
        yield
        app.state.jobs.close()

    app = FastAPI(
        title="tonotopy",
        version=__version__,
        description="Find your way in large collections of sound.",
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=running,
    )
    app.state.library = library
    app.state.jobs = Jobs()
    for routes in (library_routes, search_routes, sound_routes, map_routes):
        app.include_router(routes.router, prefix="/api/v1")
    add_errors(app)
    add_docs(app)
    add_page(app)
    app.add_middleware(Guard, hosts=hosts, token=token, max_upload=max_upload)
    return app


def add_errors(app: FastAPI) -> None:
    """Answer every error with JSON that says what to do."""

    @app.exception_handler(TonotopyError)
    def problem(_: Request, error: TonotopyError) -> JSONResponse:
        status = 400
        if isinstance(error, NotInLibrary):
            status = 404
        elif isinstance(error, DecodeError):
            status = 422
        elif isinstance(error, LibraryError):
            status = 503
        return JSONResponse({"error": str(error)}, status_code=status)

    @app.exception_handler(RequestValidationError)
    def misread(_: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        where = " ".join(str(part) for part in first["loc"] if part != "body")
        return JSONResponse({"error": f"{where}: {first['msg']}".lstrip(": ")}, status_code=422)

    @app.exception_handler(Exception)
    def bug(_: Request, error: Exception) -> JSONResponse:
        text = f"a bug in tonotopy, please report it: {type(error).__name__}"
        return JSONResponse({"error": text}, status_code=500)


def add_docs(app: FastAPI) -> None:
    """Serve the documentation of the API, all of it from here."""
    resources = files("fastapi_swagger") / "resources"

    @app.get("/api/docs", include_in_schema=False)
    def docs() -> HTMLResponse:
        return HTMLResponse(DOCS_PAGE)

    @app.get("/api/docs/start.js", include_in_schema=False)
    def start() -> Response:
        return Response(DOCS_START, media_type="text/javascript")

    @app.get("/api/docs/swagger-ui-bundle.js", include_in_schema=False)
    def script() -> FileResponse:
        return FileResponse(str(resources / "swagger-ui-bundle.js"), media_type="text/javascript")

    @app.get("/api/docs/swagger-ui.css", include_in_schema=False)
    def style() -> FileResponse:
        return FileResponse(str(resources / "swagger-ui.css"), media_type="text/css")


def add_page(app: FastAPI) -> None:
    """Serve the page and what it is made of."""

    @app.get("/api/{rest:path}", include_in_schema=False)
    def unknown(rest: str) -> JSONResponse:
        return JSONResponse({"error": f"there is no /api/{rest}; see /api/docs"}, status_code=404)

    app.mount("/", StaticFiles(directory=STATIC, html=True), name="page")
