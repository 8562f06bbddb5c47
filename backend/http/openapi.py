"""What the OpenAPI document says about bodies and responses that FastAPI cannot infer."""

from http import HTTPStatus
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from models.media.formats import ACCEPTED


class Problem(BaseModel):
    """An error as in RFC 9457. Some codes come with further members."""

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={
            "examples": [
                {
                    "type": "urn:pocovid:problem:file-too-large",
                    "title": "The file is too large",
                    "status": 413,
                    "detail": (
                        "The file is larger than 200 MB. Trim the video or export it smaller."
                    ),
                    "code": "file_too_large",
                    "limit": 200000000,
                    "received": 314572800,
                }
            ]
        },
    )

    type: str = Field(description="urn:pocovid:problem: and the code.")
    title: str
    status: int
    detail: str = Field(description="One sentence for people.")
    code: str = Field(description="For programs; it does not change.")


PROBLEM_TYPE = "application/problem+json"

JPEG: dict[str, Any] = {
    "description": "A JPEG picture.",
    "content": {"image/jpeg": {"schema": {"type": "string", "format": "binary"}}},
}

PNG: dict[str, Any] = {
    "description": "A PNG picture.",
    "content": {"image/png": {"schema": {"type": "string", "format": "binary"}}},
}

EVENT_STREAM: dict[str, Any] = {
    "text/event-stream": {
        "schema": {"type": "string"},
        "example": 'event: screening\ndata: {"id": "0b0e7c66-…", "status": "running", …}\n\n',
    }
}

UPLOAD_BODY: dict[str, Any] = {
    "multipart/form-data": {
        "schema": {
            "type": "object",
            "required": ["file"],
            "properties": {
                "file": {
                    "type": "string",
                    "format": "binary",
                    "description": f"{ACCEPTED}.",
                }
            },
        }
    }
}

WHERE_CLOSED: dict[str, Any] = {"security": [{}, {"session": []}, {"token": []}]}
"""`openapi_extra` of a call that needs an account only where the service is closed."""

_DESCRIPTIONS = {
    401: "Nobody is signed in, or the API token is invalid.",
    403: "The account's role, the token's scopes or the missing CSRF token do not allow this.",
    404: "It does not exist.",
    408: "The sender stopped in the middle of the upload.",
    410: "The pixels were deleted after the retention time.",
    413: "The file or body is over the limit; it is refused as it arrives.",
    415: "The content is of an unsupported type.",
    422: "The input, the recording or the square on it cannot be used; the code says why.",
    429: "Too many requests in the last minute; Retry-After says when to go on.",
    503: "The queue is full, or the service is not available; try again after Retry-After.",
    507: "The storage is full.",
}


def add_common_problems(document: dict[str, Any]) -> None:
    """Document 401 and 403 for every call that authenticates, 413 for every call with a body."""
    for calls in document["paths"].values():
        for call in calls.values():
            if "requestBody" in call:
                call["responses"].setdefault("413", problems(413)[413])
            if "security" in call:
                for status, answer in problems(401, 403).items():
                    call["responses"].setdefault(str(status), answer)


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The `responses` of an endpoint that may answer with these problems."""
    return {
        status: {
            "description": _DESCRIPTIONS.get(status, HTTPStatus(status).phrase),
            "content": {PROBLEM_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status in statuses
    }
