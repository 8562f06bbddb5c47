"""A reviewers' queue of a few lines, answered to the page before its requests leave the browser."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from playwright.sync_api import Page, Route

from models.contract import CLASSES
from tests.e2e.screening_routes import HEIGHT, SQUARE, WIDTH, picture

Json = dict[str, Any]

FRAMES = 24
STEP_S = 0.04
CLAIM = timedelta(minutes=15)


def contribution(number: int, **changes: Any) -> Json:
    """A recording that waits for its verdict."""
    key = str(uuid5(NAMESPACE_URL, str(number)))
    return {
        "id": key,
        "state": "pending",
        "kind": "video",
        "width": WIDTH,
        "height": HEIGHT,
        "duration_s": FRAMES * STEP_S,
        "frames": FRAMES,
        "proposed_crop": SQUARE,
        "depth_mm": None,
        "mm_per_pixel": None,
        "notes": [],
        "preview_url": f"/api/v1/contributions/{key}/preview.jpg",
        "label": CLASSES[number % 3],
        "probe": "convex",
        "licence": "CC BY 4.0",
        "source": "Northumbria",
        "has_patient": True,
        "age_band": "40-59",
        "sex": "female",
        "blue_point": "right_lower",
        "findings": {"b_lines": True},
        "symptoms": ["fever", "cough"],
        "note": "Day 3 on the ward.",
        "answer_to_reviewer": "",
        "submitted_at": (datetime.now(UTC) - timedelta(hours=5 + number)).isoformat(),
        "round": 1,
        "earlier_rounds": [],
        "reports": [],
        "standing_label": None,
        "trouble": None,
        "disputed": False,
        "prepared": True,
        "claimed_until": None,
        "claimed_by_me": False,
        **changes,
    }


@dataclass
class ReviewRoutes:
    """What waits, what was said, and who is signed in."""

    waiting: list[Json]
    frame: Callable[[str, int], bytes] = lambda _, n: picture(n)
    times_s: Callable[[str], list[float]] = lambda _: [n * STEP_S for n in range(FRAMES)]
    role: str = "reviewer"
    verdicts: list[Json] = field(default_factory=list)
    """The bodies of the verdicts that came, with `contribution` for what they are about."""
    undone: list[str] = field(default_factory=list)

    def serve(self, page: Page) -> None:
        """Answer this page's requests about accounts and reviews; others go to its server."""
        page.context.add_cookies([{"name": "pocovid_csrf", "value": "x", "url": page.url}])
        for pattern in ("me", "reviews/**", "contributions/**"):
            page.route(f"**/api/v1/{pattern}", self._answer)

    def _answer(self, route: Route) -> None:
        request = route.request
        path = request.url.partition("/api/v1/")[2].partition("?")[0].split("/")
        if request.method == "GET":
            self._show(route, path)
        else:
            self._change(route, [request.method, *path])

    def _show(self, route: Route, path: list[str]) -> None:
        match path:
            case ["me"]:
                route.fulfill(json=self._me())
            case ["reviews", "queue"]:
                items = self.waiting[:50]
                route.fulfill(json={"items": items, "next": None, "total": len(self.waiting)})
            case ["reviews", "stats"]:
                route.fulfill(json=STATS)
            case ["contributions", key, "cine"]:
                route.fulfill(json=self._cine(key))
            case ["contributions", key, "cine", name]:
                self._picture(route, key, int(name.removesuffix(".jpg")))
            case _:
                self._picture(route, path[1], 0)

    def _change(self, route: Route, asked: list[str]) -> None:
        match asked:
            case ["POST", "reviews", "next"] if self.waiting:
                route.fulfill(json=self._claimed(self.waiting[0]))
            case ["POST", "contributions", key, "claim"]:
                route.fulfill(json=self._claimed(self._find(key)))
            case ["POST", "contributions", key, "reviews"]:
                said = json.loads(route.request.post_data or "{}")
                route.fulfill(status=201, json=self._take(key, said))
            case ["DELETE", "reviews", key]:
                self._undo(key)
                route.fulfill(status=204)
            case _:
                route.fulfill(status=204)

    def _me(self) -> Json:
        return {
            "id": "6f1f0d3e-0000-4000-8000-000000000001",
            "email": "ada@example.org",
            "name": "Ada Lund",
            "affiliation": "Ward 3",
            "role": self.role,
            "created_at": "2026-01-05T10:00:00Z",
            "disabled_at": None,
        }

    def _find(self, key: str) -> Json:
        return next(each for each in self.waiting if each["id"] == key)

    def _claimed(self, item: Json) -> Json:
        until = (datetime.now(UTC) + CLAIM).isoformat()
        return {**item, "claimed_until": until, "claimed_by_me": True}

    def _take(self, key: str, said: Json) -> Json:
        item = self._find(key)
        self.waiting.remove(item)
        self.verdicts.append({"contribution": item, **said})
        ends = {
            "approve": "approved",
            "reject": "rejected",
            "request_changes": "changes_requested",
        }
        shares = dict(zip(CLASSES, (0.71, 0.2, 0.09), strict=True))
        answer = {
            "label": CLASSES[0],
            "probabilities": shares,
            "model_version": "pocovidnet-1",
            "usable": True,
            "reasons": [],
            "signs": None,
            "sentence": None,
        }
        outcome = ends[said["verdict"]]
        return {"id": f"review-{len(self.verdicts)}", "outcome": outcome, "model_answer": answer}

    def _undo(self, key: str) -> None:
        self.undone.append(key)
        self.waiting.insert(0, self.verdicts.pop()["contribution"])

    def _cine(self, key: str) -> Json:
        item = self._find(key)
        return {
            "state": "ready",
            "times_s": self.times_s(key),
            "duration_s": item["duration_s"],
            "width": item["width"],
            "height": item["height"],
            "proposed_crop": item["proposed_crop"],
            "frame_url": f"/api/v1/contributions/{key}/cine/{{n}}.jpg",
            "contact_sheet_url": f"/api/v1/contributions/{key}/contact-sheet.jpg",
        }

    def _picture(self, route: Route, key: str, n: int) -> None:
        route.fulfill(body=self.frame(key, n), content_type="image/jpeg")


STATS: Json = {
    "kappa": 0.71,
    "pairs": 24,
    "agreement": 0.875,
    "per_reviewer": [
        {"name": "Ada Lund", "reviews": 31, "per_hour": 22.4, "median_seconds": 64.0},
        {"name": "Ben Ode", "reviews": 17, "per_hour": 15.0, "median_seconds": 92.0},
    ],
    "per_day": [
        {"day": f"2026-03-0{n + 1}", "reviews": count, "reviewers": []}
        for n, count in enumerate((4, 11, 9, 2, 22))
    ],
}
