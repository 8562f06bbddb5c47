"""The OpenAPI document held against what the server really answers."""

import re
from typing import Any

import httpx
from jsonschema import Draft202012Validator, FormatChecker

PREFIX = "/api/v1"


class Contract:
    """One OpenAPI document; `check` is a response hook for httpx."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._components = document["components"]
        self._calls: list[tuple[re.Pattern[str], str, dict[str, Any]]] = [
            (
                re.compile(re.sub(r"\{[^}]+\}", "[^/]+", path)),
                method.upper(),
                call["responses"],
            )
            for path, methods in document["paths"].items()
            for method, call in methods.items()
        ]

    def check(self, response: httpx.Response) -> None:
        """Fail where the status, the content type or the body is not as documented."""
        answers = self._answers(response.request)
        if answers is None or (
            response.status_code >= 500 and str(response.status_code) not in answers
        ):
            return
        status = str(response.status_code)
        assert status in answers, f"{status} is not documented for {response.request.url.path}"
        documented = answers[status].get("content", {})
        kind = response.headers.get("content-type", "").partition(";")[0]
        if not documented:
            return
        assert kind in documented, f"{kind} is not documented for {status}"
        if kind.endswith("json") and response.request.method != "HEAD":
            response.read()
            schema = documented[kind].get("schema", {}) | {"components": self._components}
            Draft202012Validator(schema, format_checker=FormatChecker()).validate(response.json())

    def _answers(self, request: httpx.Request) -> dict[str, Any] | None:
        for pattern, method, answers in self._calls:
            if request.method == method and pattern.fullmatch(request.url.path):
                return answers
        return None
