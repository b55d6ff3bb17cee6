"""The API describes itself, with nothing from elsewhere."""

import inspect
import json
import re

import httpx
import pytest
from fastapi.routing import APIRoute

from tonotopy.server import (
    add_routes,
    export_routes,
    job_routes,
    library_routes,
    map_routes,
    search_routes,
    sound_routes,
)
from tonotopy.server.app import DOCS_PAGE, DOCS_START

BINARY = {
    "/api/v1/map",
    "/api/v1/map/colors",
    "/api/v1/map/values",
    "/api/v1/map/missing",
    "/api/v1/map/trajectory",
    "/api/v1/exports/{export_id}",
    "/api/v1/windows/{window_id}/audio",
    "/api/v1/recordings/{recording_id}/audio",
    "/api/v1/recordings/{recording_id}/stretch",
    "/api/v1/recordings/{recording_id}/peaks",
    "/api/v1/recordings/{recording_id}/tiles/{level}/{number}",
}
CONTRACT = {
    *BINARY,
    "/api/v1/adding",
    "/api/v1/adding/files",
    "/api/v1/adding/folders/{folder_id}",
    "/api/v1/adding/uploads",
    "/api/v1/adding/uploads/{upload_id}/discard",
    "/api/v1/annotations",
    "/api/v1/exports",
    "/api/v1/labels",
    "/api/v1/library",
    "/api/v1/map/projections",
    "/api/v1/map/legend",
    "/api/v1/map/between",
    "/api/v1/map/columns",
    "/api/v1/jobs",
    "/api/v1/jobs/{job_id}",
    "/api/v1/jobs/{job_id}/stop",
    "/api/v1/recordings",
    "/api/v1/recordings/{recording_id}",
    "/api/v1/windows/{window_id}",
    "/api/v1/search",
    "/api/v1/search/upload",
}
RECEIVES = add_routes.FILE_PATH  # reads the body as it comes, and writes it in a thread


@pytest.fixture
def described(client):
    return client.get("/api/openapi.json").json()


def operations(described):
    return [
        (path, method, operation)
        for path, methods in described["paths"].items()
        for method, operation in methods.items()
    ]


def test_every_route_is_described(described):
    assert described["openapi"].startswith("3.")
    assert set(described["paths"]) == CONTRACT
    names = [operation["operationId"] for _, _, operation in operations(described)]
    assert len(names) == len(set(names))
    for _, method, operation in operations(described):
        assert method in ("get", "post")
        assert len(operation["description"]) > 20


def test_every_json_route_is_typed(described):
    for path, _, operation in operations(described):
        success = next(
            operation["responses"][status]
            for status in ("200", "201", "202")
            if status in operation["responses"]
        )
        kinds = success["content"]
        if path in BINARY:
            assert "application/json" not in kinds
            assert all(kind["schema"]["format"] == "binary" for kind in kinds.values())
            continue
        schema = kinds["application/json"]["schema"]
        schema = schema.get("items", schema)
        if schema.get("type") == "integer":  # a list of ids
            continue
        fields = described["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        assert fields["properties"]


def test_errors_are_described_as_they_are(described):
    assert list(described["components"]["schemas"]["Problem"]["properties"]) == ["error"]
    for _, _, operation in operations(described):
        for status in ("400", "404", "422", "503"):
            schema = operation["responses"][status]["content"]["application/json"]["schema"]
            assert schema["$ref"].endswith("/Problem")
    assert "HTTPValidationError" not in described["components"]["schemas"]


def test_every_reference_of_the_description_leads_somewhere(described):
    for name in re.findall(r'"#/components/schemas/(\w+)"', json.dumps(described)):
        assert name in described["components"]["schemas"]


def test_no_route_takes_a_path(described):
    for path, _, operation in operations(described):
        for parameter in operation.get("parameters", []):
            assert parameter["name"] not in ("path", "file", "folder", "library", "url")
            if parameter["in"] == "path":
                assert parameter["schema"]["type"] == "integer"
        assert "{path" not in path
    search = described["components"]["schemas"]["SearchIn"]["properties"]
    assert set(search) == {
        "words",
        "window_id",
        "recording_id",
        "like",
        "unlike",
        "k",
        "by",
        "per_recording",
        "where",
        "space",
        "text_from",
        "like_recordings",
        "unlike_recordings",
        "start_s",
        "end_s",
        "within",
        "aspects",
        "rerank",
    }


def test_routes_are_synchronous():
    """A verb that takes a second in an async route would stop every other request."""
    for module in (
        add_routes,
        export_routes,
        job_routes,
        library_routes,
        map_routes,
        search_routes,
        sound_routes,
    ):
        for route in module.router.routes:
            if isinstance(route, APIRoute) and not route.path.endswith(RECEIVES):
                assert not inspect.iscoroutinefunction(route.endpoint)


def test_the_documentation_loads_nothing_from_elsewhere(client):
    page = client.get("/api/docs")
    assert page.headers["content-type"].startswith("text/html")
    assert "http" not in page.text
    assert "<script>" not in page.text  # the policy lets no inline script run
    loaded = re.findall(r'(?:src|href)="([^"]+)"', DOCS_PAGE) + re.findall(
        r'url: "([^"]+)"', DOCS_START
    )
    assert len(loaded) == 5
    for address in loaded:
        assert address.startswith("/")
        assert client.get(address).status_code == 200
    script = client.get("/api/docs/swagger-ui-bundle.js")
    assert script.headers["content-type"].startswith("text/javascript")
    assert len(script.content) > 500_000
    assert "validatorUrl: null" in DOCS_START  # else it asks validator.swagger.io
    style = client.get("/api/docs/swagger-ui.css").text
    assert not re.findall(r"url\(\s*[\"']?(?:https?:)?//", style)
    assert "@import" not in style


def test_the_page_loads_nothing_from_elsewhere(client):
    page = client.get("/")
    assert page.headers["content-type"].startswith("text/html")
    loaded = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert "./app.js" in loaded
    for address in loaded:
        assert address.startswith("./")
        answer = client.get(address.removeprefix("."))
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "no-cache"  # names hold no version
    assert client.get("/app.js").headers["content-type"].startswith("text/javascript")
    style = client.get("/app.css").text
    assert not re.findall(r"url\(\s*[\"']?(?:https?:)?//", style)


@pytest.mark.parametrize(
    "path",
    [
        "/../app.py",
        "/..%2fapp.py",
        "/%2e%2e/app.py",
        "/%2e%2e%2fapp.py",
        "/..%5capp.py",
        "/....//app.py",
        "//etc/passwd",
        "/%2fetc%2fpasswd",
        "/%00",
        "/app.js%00.txt",
        "/./../guard.py",
        "/static/../../guard.py",
        "/static/app.js",
        "/__init__.py",
        "/" + "a" * 5000,
        "/index.html/../../app.py",
    ],
)
def test_only_the_files_of_the_page_are_served(client, path):
    url = httpx.URL("http://127.0.0.1", raw_path=path.encode())
    answer = client.send(client.build_request("GET", url))
    assert answer.status_code == 404
    assert set(answer.json()) == {"error"}
    assert "root:" not in answer.text
