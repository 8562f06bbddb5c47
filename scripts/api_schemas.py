"""Print the API as a short OpenAPI document: what the frontend's types are made from.

Of a path it has what a call needs: parameters in the path and the query, the JSON body, and the
JSON that a success answers. Examples, and the titles that Pydantic makes from names, are left out,
since they add nothing to a type.
"""

import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from backend.app import create_app
from backend.core.settings import Settings

PREFIX = "/api/v1"
JSON = "application/json"


def main() -> None:
    """Make the application without starting it, and print."""
    with TemporaryDirectory() as folder:
        document = create_app(Settings(data_dir=Path(folder))).openapi()
    schemas = document["components"]["schemas"]
    paths = {
        path.removeprefix(PREFIX): {method: _operation(call) for method, call in calls.items()}
        for path, calls in sorted(document["paths"].items())
    }
    json.dump(
        {
            "openapi": document["openapi"],
            "info": {"title": document["info"]["title"], "version": ""},
            "paths": paths,
            "components": {"schemas": {name: _bare(schemas[name]) for name in sorted(schemas)}},
        },
        sys.stdout,
    )


def _operation(call: dict[str, Any]) -> dict[str, Any]:
    """The parameters, the JSON body and the JSON answers of a call."""
    short: dict[str, Any] = {
        "parameters": [
            {name: _bare(parameter[name]) for name in ("name", "in", "required", "schema")}
            for parameter in call.get("parameters", ())
            if parameter["in"] in ("path", "query")
        ],
        "responses": {
            status: {"description": "", **_json(answer)}
            for status, answer in call["responses"].items()
            if status.startswith("2")
        },
    }
    body = call.get("requestBody", {})
    if content := _json(body):
        short["requestBody"] = {"required": body.get("required", False), **content}
    return short


def _json(part: dict[str, Any]) -> dict[str, Any]:
    schema = part.get("content", {}).get(JSON, {}).get("schema")
    return {"content": {JSON: {"schema": _bare(schema)}}} if schema else {}


def _bare(part: Any) -> Any:
    """The same part of a schema without titles and examples; a property called "title" stays."""
    if isinstance(part, list):
        return [_bare(item) for item in part]
    if isinstance(part, dict):
        return {
            key: _bare(value)
            for key, value in part.items()
            if key != "examples" and not (key == "title" and isinstance(value, str))
        }
    return part


if __name__ == "__main__":
    main()
