"""The page /api/docs: the OpenAPI document as plain HTML that loads no scripts."""

import html
import json
from typing import Any


def docs(openapi: dict[str, Any]) -> str:
    """One HTML page of an OpenAPI document: every call with its responses, and the schemas."""
    calls = "".join(
        _call(path, method, call)
        for path, methods in openapi["paths"].items()
        for method, call in methods.items()
    )
    schemas = "".join(
        f"<h3 id='{html.escape(name)}'>{html.escape(name)}</h3>"
        f"<p>{html.escape(schema.get('description', ''))}</p>{_json(schema)}"
        for name, schema in openapi["components"]["schemas"].items()
    )
    title = html.escape(f"{openapi['info']['title']} {openapi['info']['version']}")
    return (
        "<!doctype html><html lang='en'><head><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width, initial-scale=1'>"
        f"<meta name='color-scheme' content='light dark'><title>{title}</title></head>"
        f"<body><h1>{title}</h1><p>{html.escape(openapi['info'].get('description', ''))}</p>"
        "<p>For programs: <a href='/api/v1/openapi.json'>openapi.json</a></p>"
        f"<h2>Calls</h2>{calls}<h2>Schemas</h2>{schemas}</body></html>"
    )


def _call(path: str, method: str, call: dict[str, Any]) -> str:
    answers = "".join(
        f"<li><b>{html.escape(status)}</b> {html.escape(answer.get('description', ''))}</li>"
        for status, answer in call["responses"].items()
    )
    body = call.get("requestBody", {}).get("content")
    return (
        f"<h3><code>{method.upper()} {html.escape(path)}</code></h3>"
        f"<p>{html.escape(call.get('summary', ''))}: {html.escape(call.get('description', ''))}</p>"
        f"{'<p>Body</p>' + _json(body) if body else ''}<ul>{answers}</ul>"
    )


def _json(value: Any) -> str:
    text = html.escape(json.dumps(value, indent=2, ensure_ascii=False))
    return f"<details><summary>JSON</summary><pre>{text}</pre></details>"
