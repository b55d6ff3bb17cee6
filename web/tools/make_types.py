"""Write src/openapi.ts from what the server says of itself, or check that it is so (--check)."""

import sys
import tempfile
from pathlib import Path
from typing import Any

from tonotopy import catalog
from tonotopy.server import create_app

TYPES = Path(__file__).parents[1] / "src" / "openapi.ts"
HEAD = """\
/** The shapes of what the server is asked and answers: `npm run types` makes them from OpenAPI. */
"""
NAMES = {"integer": "number", "number": "number", "string": "string", "boolean": "boolean"}
# FastAPI's own: forms, which the page fills in by name, and errors, which the server rephrases.
FOREIGN = ("Body_", "HTTPValidationError", "ValidationError")


def generate() -> str:
    """Describe every model of the API as an interface."""
    with (
        tempfile.TemporaryDirectory() as folder,
        catalog.open_catalog(Path(folder) / "empty.db") as library,
    ):
        library.create()
        schemas = create_app(library).openapi()["components"]["schemas"]
    ours = {name: each for name, each in schemas.items() if not name.startswith(FOREIGN)}
    return "\n".join([HEAD, *(interface(name, ours[name]) for name in sorted(ours))])


def interface(name: str, schema: dict[str, Any]) -> str:
    """Write a model as an interface, with what is said of its fields."""
    lines = [comment(schema.get("description"), ""), f"export interface {name} {{"]
    required = schema.get("required", [])
    for field, each in schema["properties"].items():
        mark = "" if field in required else "?"
        lines += [comment(each.get("description"), "  "), f"  {field}{mark}: {type_of(each)};"]
    return "\n".join([line for line in lines if line] + ["}", ""])


def comment(text: str | None, indent: str) -> str:
    """Write what is said of something, on one line."""
    return f"{indent}/** {' '.join(text.split())} */" if text else ""


def type_of(schema: dict[str, Any]) -> str:
    """Write a schema as a type.

    Raises
    ------
    ValueError
        If the schema is of a kind that no model has had so far.
    """
    if "$ref" in schema:
        return str(schema["$ref"]).rsplit("/", 1)[-1]
    if "anyOf" in schema:
        return " | ".join(type_of(each) for each in schema["anyOf"])
    if "const" in schema:
        return f'"{schema["const"]}"'
    if "enum" in schema:
        return " | ".join(f'"{each}"' for each in schema["enum"])
    kind = schema.get("type")
    if kind is None:
        return "unknown"
    if kind == "null":
        return "null"
    if kind == "array":
        item = type_of(schema["items"])
        return f"({item})[]" if "|" in item else f"{item}[]"
    if kind == "object":
        return "Record<string, unknown>"
    if kind not in NAMES:
        raise ValueError(f"there is no type for {schema}; teach type_of")
    return NAMES[kind]


def main() -> None:
    """Write the types, or fail if they are not what would be written."""
    text = generate()
    if "--check" not in sys.argv:
        TYPES.write_text(text)
    elif not TYPES.exists() or TYPES.read_text() != text:
        sys.exit("web/src/openapi.ts is not what the server says; run: npm run types")


if __name__ == "__main__":
    main()
