"""Print the schemas of the API as an OpenAPI document: what the frontend's types are made from.

Paths are left out, since the frontend names them itself; so are examples and the titles that
Pydantic makes from names, which add nothing to a type.
"""

import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from backend.app import create_app
from backend.core.settings import Settings


def main() -> None:
    """Make the application without starting it, and print."""
    with TemporaryDirectory() as folder:
        document = create_app(Settings(data_dir=Path(folder))).openapi()
    schemas = document["components"]["schemas"]
    json.dump(
        {
            "openapi": document["openapi"],
            "info": {"title": document["info"]["title"], "version": ""},
            "paths": {},
            "components": {"schemas": {name: _bare(schemas[name]) for name in sorted(schemas)}},
        },
        sys.stdout,
    )


def _bare(part: Any) -> Any:
    """The same part of a schema without titles and examples; a property called "title" stays."""
    if isinstance(part, list):
        return [_bare(each) for each in part]
    if isinstance(part, dict):
        return {
            key: _bare(value)
            for key, value in part.items()
            if key != "examples" and not (key == "title" and isinstance(value, str))
        }
    return part


if __name__ == "__main__":
    main()
