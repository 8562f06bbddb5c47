"""What the permission matrix is made of: who calls, which doors there are, and one call."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
from sqlalchemy.orm import Session

from backend.accounts.identity import CSRF_HEADER, SESSION_COOKIE, csrf_token
from backend.core.db import utc_now
from backend.tables import User
from backend.tables.vocabulary import Scope
from tests.conftest import ANSWER_S, Api
from tests.factories import create_sign_in, create_token, create_user

OK = "ok"
"""The row's own status: the call does what it is for."""

CALLERS = ("nobody", "contributor", "other", "reviewer", "admin", "revoked")
"""`contributor` owns what the scene makes, `other` has the same role; `revoked` is a token."""

Door = dict[str, int | str]


def _door(*answers: int | str) -> Door:
    return dict(zip(CALLERS, answers, strict=True))


OPEN = _door(OK, OK, OK, OK, OK, OK)
"""Everybody, and nobody looks at who asks."""

OPEN_TO_MORE = _door(OK, OK, OK, OK, OK, 401)
"""Everybody; some are shown more, so a token that is not valid is refused."""

ACCOUNT = _door(401, OK, OK, OK, OK, 401)
OWNER = _door(401, OK, 404, 404, 404, 401)
"""The owner; others are told that there is no such thing."""

REVIEWER = _door(401, 403, 403, OK, OK, 401)
ADMIN = _door(401, 403, 403, 403, OK, 401)

ALL_SCOPES = frozenset(Scope)
NO_SCOPE: frozenset[Scope] = frozenset()
"""Not with a token: only who has signed in with a password."""


@dataclass
class World:
    """Where a scene is set: the application, the people by what they call, and who calls now."""

    api: Api
    session: Session
    people: dict[str, User]
    caller: str

    @property
    def owner(self) -> User:
        return self.people["contributor"]

    @property
    def reviewer(self) -> User:
        """Who calls, where that is somebody who may review; else the reviewer."""
        return self.people[self.caller if self.caller == "admin" else "reviewer"]

    @contextmanager
    def as_owner(self) -> Iterator[httpx.Client]:
        """A client of the owner, for what is only made over HTTP; the scene is committed."""
        secret = create_sign_in(self.session, self.owner)
        self.session.commit()
        headers = signed_in(secret)
        with httpx.Client(
            base_url=self.api.client.base_url, headers=headers, timeout=ANSWER_S
        ) as client:
            yield client


Scene = Callable[[World], dict[str, Any]]
"""Makes what the call is about; answers with what the path's parameters are called."""


def nothing(_: World) -> dict[str, Any]:
    """A call about nothing in particular."""
    return {}


@dataclass(frozen=True)
class Row:
    """One call: who may, the status of success, and what it needs.

    `json` and `headers` may hold `{name}` of what the scene answers with. `scopes`: a token
    needs one of these; left out, it is what the door says.
    """

    door: Door
    ok: int
    scene: Scene = nothing
    json: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    more: dict[str, Any] = field(default_factory=dict)
    scopes: frozenset[Scope] | None = None

    def expected(self, caller: str) -> int:
        """The status for this caller."""
        answer = self.door[caller]
        return self.ok if isinstance(answer, str) else answer

    def opened_by(self) -> frozenset[Scope]:
        """The scopes of which a token needs one."""
        if self.scopes is not None:
            return self.scopes
        if self.door in (OPEN, OPEN_TO_MORE):
            return ALL_SCOPES
        scope = {403: Scope.REVIEW, OK: Scope.SUBMIT, 404: Scope.SUBMIT}[self.door["other"]]
        return frozenset({Scope.ADMIN if self.door["reviewer"] == 403 else scope})

    def whose_token(self) -> str:
        """Somebody who may, by the role."""
        return "contributor" if self.door["contributor"] == OK else "admin"


class Matrix:
    """The people of the matrix in one running application."""

    def __init__(self, api: Api) -> None:
        self._api = api
        roles = ("contributor", "contributor", "reviewer", "admin")
        with api.database.write() as session:
            self._people = {
                caller: create_user(session, role, name=caller)
                for caller, role in zip(CALLERS[1:5], roles, strict=True)
            }
            _, self._revoked = create_token(session, self._people["admin"], revoked_at=utc_now())
            session.commit()
        self._cells = 0

    def status(self, call: str, row: Row, caller: str, *, token: Scope | None = None) -> int:
        """What the call answers to this caller, in a scene of its own.

        By a session, or by a token with this scope.
        """
        with self._api.database.write() as session:
            world = World(self._api, session, self._people, caller)
            values = row.scene(world)
            session.commit()
            headers = self._headers(session, caller, token) | _filled(row.headers, values)
            session.commit()
        self._cells += 1
        method, _, path = call.partition(" ")
        response = self._api.client.request(
            method,
            path.format_map(values),
            json=_filled(row.json, values),
            # each cell is a client of its own, as the rate limit sees it
            headers=headers | {"X-Forwarded-For": f"2001:db8:0:{self._cells:x}::1"},
            **row.more,
        )
        self._api.client.cookies.clear()
        return response.status_code

    def _headers(self, session: Session, caller: str, token: Scope | None) -> dict[str, str]:
        if caller == "nobody":
            return {}
        if caller == "revoked":
            return {"Authorization": f"Bearer {self._revoked}"}
        if token is not None:
            _, secret = create_token(session, self._people[caller], token.value)
            return {"Authorization": f"Bearer {secret}"}
        return signed_in(create_sign_in(session, self._people[caller]))


def signed_in(secret: str) -> dict[str, str]:
    """The headers of a session."""
    return {"Cookie": f"{SESSION_COOKIE}={secret}", CSRF_HEADER: csrf_token(secret)}


def _filled(template: Any, values: dict[str, Any]) -> Any:
    if isinstance(template, str):
        return template.format_map(values) if "{" in template else template
    if isinstance(template, dict):
        return {key: _filled(value, values) for key, value in template.items()}
    if isinstance(template, list):
        return [_filled(each, values) for each in template]
    return template
