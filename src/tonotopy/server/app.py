"""The application: routes, error answers, the page and the API's documentation."""

import mimetypes
import os
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from importlib.resources import files
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

from tonotopy import __version__
from tonotopy.catalog import Catalog
from tonotopy.errors import DecodeError, LibraryError, NotInLibrary, TonotopyError
from tonotopy.server import (
    add_routes,
    export_routes,
    job_routes,
    label_routes,
    library_routes,
    look_routes,
    map_routes,
    search_routes,
    sound_routes,
)
from tonotopy.server.describing import PROBLEMS
from tonotopy.server.guard import LOOPBACK, SECURITY_HEADERS, Guard
from tonotopy.server.jobs import Jobs
from tonotopy.server.served import Served
from tonotopy.server.uploads import NoRoom

__all__ = ["MAX_UPLOAD", "create_app"]

MAX_UPLOAD = 200_000_000  # bytes
STATIC = Path(__file__).parent / "static"
API = "/api/v1"
STATUSES: dict[type[TonotopyError], int] = {
    NotInLibrary: 404,
    DecodeError: 422,
    LibraryError: 503,
    add_routes.NotAllowed: 403,
    NoRoom: 507,
}
ROUTERS = (
    library_routes.router,
    search_routes.router,
    search_routes.uploads,
    sound_routes.router,
    map_routes.router,
    job_routes.router,
    label_routes.router,
    look_routes.router,
    export_routes.router,
    add_routes.router,
)

DOCS_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>tonotopy API</title>
<link rel="icon" href="/favicon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/api/docs/swagger-ui.css"></head>
<body><div id="swagger-ui"></div>
<script src="/api/docs/swagger-ui-bundle.js"></script>
<script src="/api/docs/start.js"></script></body></html>
"""
DOCS_START = """SwaggerUIBundle({
  url: "/api/openapi.json", dom_id: "#swagger-ui", deepLinking: true, validatorUrl: null,
  requestInterceptor: (request) => { request.headers["X-Tonotopy"] = "1"; return request; },
});
"""


def create_app(
    library: Catalog,
    *,
    hosts: Iterable[str] = LOOPBACK,
    token: str | None = None,
    max_upload: int = MAX_UPLOAD,
    allow_add: Sequence[str | os.PathLike[str]] = (),
    max_files: int = add_routes.MAX_FILES,
) -> FastAPI:
    """Make the application that serves a library.

    Parameters
    ----------
    library : Catalog
        An open library; it is closed when the server stops.
    hosts : iterable of str
        Names that the server answers to, in lower case.
    token : str, optional
        What every request must show; needed on an address that others can reach.
    max_upload : int
        Bytes that an upload may have.
    allow_add : sequence of path-like
        Folders from which sounds may be added; what is dropped on the page is kept below the
        first one. Nothing may be added by default.
    max_files : int
        Files that may be dropped at a time.

    Raises
    ------
    LibraryError
        If the library has no file yet.
    TonotopyError
        If one of `allow_add` is no folder.
    ValueError
        If the token is empty.
    """
    served, jobs, exports = Served(library), Jobs(), export_routes.Exports()
    intake = add_routes.Intake(allow_add, max_bytes=max_upload, max_files=max_files)

    @asynccontextmanager
    async def running(_: FastAPI) -> AsyncIterator[None]:
        yield
        jobs.close()
        exports.close()
        intake.uploads.close()
        served.close()

    app = FastAPI(
        title="tonotopy",
        version=__version__,
        description="Find your way in large collections of sound.",
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=running,
    )
    app.state.served = served
    app.state.jobs = jobs
    app.state.exports = exports
    app.state.intake = intake
    app.state.tiles = look_routes.Tiles()
    for router in ROUTERS:
        app.include_router(router, prefix=API, responses=PROBLEMS)
    add_errors(app)
    add_docs(app)
    add_page(app)
    app.add_middleware(Guard, hosts=hosts, token=token, max_bodies=limits(max_upload))
    return app


def limits(max_upload: int) -> dict[str, int]:
    """Say how many bytes may be sent where more than usual may be."""
    return {
        API + search_routes.UPLOAD_PATH: max_upload,
        API + search_routes.SEARCH_PATH: search_routes.MAX_SEARCH,
        API + add_routes.FILE_PATH: max_upload,
        API + label_routes.CHANGE_PATH: label_routes.MAX_CHANGE,
        API + export_routes.EXPORT_PATH: label_routes.MAX_CHANGE,
        API + label_routes.LABEL_PATH: label_routes.MAX_CHANGE,
    }


def add_errors(app: FastAPI) -> None:
    """Answer every error with JSON that says what to do."""

    @app.exception_handler(TonotopyError)
    def problem(_: Request, error: TonotopyError) -> JSONResponse:
        status = next((STATUSES[kind] for kind in STATUSES if isinstance(error, kind)), 400)
        return failed(status, str(error))

    app.add_exception_handler(label_routes.ReadOnly, label_routes.read_only)

    @app.exception_handler(RequestValidationError)
    def misread(_: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        where = " ".join(str(part) for part in first["loc"][1:])  # after query, path or body
        return failed(422, f"{where or 'the request'}: {first['msg']}")

    @app.exception_handler(HTTPException)
    def refused(request: Request, error: HTTPException) -> JSONResponse:
        if isinstance(error.__cause__, OSError):  # while the server wrote an upload down
            reason = error.__cause__.strerror
            return failed(507, f"the upload could not be kept ({reason}); free some space")
        return failed(
            error.status_code,
            f"{error.detail}: {request.method} {request.url.path}; see /api/docs",
            error.headers,
        )

    @app.exception_handler(Exception)
    def bug(_: Request, error: Exception) -> JSONResponse:
        text = f"a bug in tonotopy, please report it: {type(error).__name__}"
        return failed(500, text, SECURITY_HEADERS)  # this answer does not pass the guard


def failed(status: int, error: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """Answer that something went wrong."""
    return JSONResponse({"error": error}, status_code=status, headers=headers)


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
    mimetypes.add_type("text/javascript", ".js")  # some systems say otherwise, browsers refuse

    @app.api_route("/api/{rest:path}", methods=["GET", "HEAD"], include_in_schema=False)
    def unknown(rest: str) -> JSONResponse:
        return failed(404, f"there is no /api/{rest}; see /api/docs")

    app.mount("/", StaticFiles(directory=STATIC, html=True), name="page")
