"""What the service would say to the pages of the dataset and of administration."""

from typing import Any

from playwright.sync_api import Page, Route

from models.contract import CLASSES
from tests.e2e.review_routes import ReviewRoutes
from tests.e2e.screening_routes import frame_picture

Json = dict[str, Any]

NONE = {"videos": 0, "images": 0, "frames": 0}
SUMMARY: Json = {
    "recordings": 133,
    "frames": 2412,
    "patients": 62,
    "classes": [
        {
            "label": label,
            "convex": {"videos": 21, "images": 3, "frames": 450},
            "linear": {"videos": 2, "images": 1, "frames": 40},
        }
        for label in CLASSES
    ]
    + [{"label": "viral", "convex": {"videos": 2, "images": 0, "frames": 60}, "linear": NONE}],
    "licences": {"CC BY 4.0": 40, "CC BY-NC 4.0": 93},
}
DIFF: Json = {
    "since": 1,
    "added": ["a"] * 14,
    "withdrawn": ["b"],
    "relabelled": [{"id": "ab12cd34ef", "before": "covid19", "after": "healthy"}],
    "corrected": ["c"],
}
RELEASE: Json = {
    "number": 2,
    "state": "done",
    "created_at": "2026-03-01T10:00:00Z",
    "finished_at": "2026-03-01T10:05:00Z",
    "note": "Fourteen more recordings, one label corrected.",
    "error": None,
    "progress": {"done": 133, "total": 133},
    "summary": SUMMARY,
    "archive_bytes": 412_000_000,
    "diff": DIFF,
    "files": [{"name": "dataset_metadata.csv", "bytes": 42_000, "sha256": "0"}],
    "withdrawn": ["b"],
    "archive_url": "/api/v1/releases/2/archive.zip",
    "csv_url": "/api/v1/releases/2/dataset_metadata.csv",
    "croissant_url": "/api/v1/releases/2/croissant.json",
}
NEXT: Json = {
    "ready": True,
    "reason": None,
    "waiting_for_ingest": 2,
    "summary": SUMMARY,
    "diff": DIFF,
}
ITEMS: list[Json] = [
    {
        "id": f"item-{n}",
        "label": CLASSES[n % 3],
        "probe": "convex",
        "kind": "video",
        "licence": "CC BY 4.0",
        "licence_url": "https://creativecommons.org/licenses/by/4.0/",
        "attribution": "Northumbria",
        "patient": n + 1,
        "fold": n % 5,
        "frames": 9,
        "comment": "Bilateral B-lines.",
        "findings": {"b_lines": True},
        "withdrawn": n == 5,
        "frame_url": f"/api/v1/releases/2/items/item-{n}/frames/{{n}}.jpg",
    }
    for n in range(6)
]


def figures(accuracy: float) -> Json:
    """One cross-validation's figures."""
    return {
        "frames": 1622,
        "videos": 95,
        "frame_accuracy": accuracy,
        "frame_balanced_accuracy": accuracy,
        "video_accuracy": accuracy,
        "video_classes": {
            key: {"sensitivity": accuracy, "specificity": accuracy} for key in CLASSES
        },
    }


ARTIFACTS: list[Json] = [
    {
        "version": version,
        "created_at": f"2026-0{month}-01T10:00:00Z",
        "active": month == 1,
        "metrics": {"patient": figures(accuracy)},
    }
    for version, month, accuracy in (("pocovidnet-2", 3, 0.85), ("pocovidnet-1", 1, 0.82))
]
TRAINING: Json = {
    "id": "training-1",
    "release": 2,
    "state": "running",
    "stage": "Training",
    "settings": {"epochs": 12, "batch": 16},
    "created_at": "2026-03-02T10:00:00Z",
    "started_at": None,
    "finished_at": None,
    "error": None,
    "artifact_version": None,
    "left_out": [],
    "comparison": None,
    "folds": [
        {"fold": n, "state": state, "stage": "epoch", "done": done, "total": 12, "error": None}
        for n, (state, done) in enumerate((("done", 12), ("running", 7), ("queued", 0)))
    ],
}
PEOPLE: list[Json] = [
    {
        "id": f"user-{n}",
        "email": f"{name.split()[0].lower()}@example.org",
        "name": name,
        "affiliation": "Harbour Hospital",
        "role": role,
        "created_at": "2026-01-05T10:00:00Z",
        "disabled_at": disabled,
    }
    for n, (name, role, disabled) in enumerate(
        (
            ("Ada Lund", "admin", None),
            ("Ben Okoro", "reviewer", None),
            ("Dan Petit", "contributor", "2026-02-01T10:00:00Z"),
        )
    )
]
EVENTS: list[Json] = [
    {
        "id": n,
        "at": "2026-03-01T10:00:00Z",
        "actor_id": "0b6f2f0c-8a3c-4b63-9d6e-0e4d0d8f8b51",
        "actor_name": "Ben Okoro",
        "actor_role": "reviewer",
        "action": action,
        "subject_kind": "contribution",
        "subject_id": "5f0e9d5a-58a0-4c3b-9d0f-3f6f1c1e2a77",
        "detail": {"round": 1},
    }
    for n, action in enumerate(("reviews.submitted", "reviews.approved"))
]


def serve(page: Page) -> None:
    """Answer this page's requests as an administrator's."""
    ReviewRoutes([], role="admin").serve(page)
    for name in ("releases", "trainings", "artifacts", "users", "audit"):
        page.route(f"**/api/v1/{name}**", _answer)
        page.route(f"**/api/v1/{name}/**", _answer)


def _answer(route: Route) -> None:
    path = route.request.url.partition("/api/v1/")[2].partition("?")[0].split("/")
    lists: dict[str, list[Json]] = {
        "releases": [RELEASE],
        "trainings": [TRAINING],
        "artifacts": ARTIFACTS,
        "users": PEOPLE,
        "audit": EVENTS,
        "items": ITEMS,
    }
    if path[-1].endswith(".jpg"):
        route.fulfill(body=frame_picture(0), content_type="image/jpeg")
    elif path[-1] in lists:
        route.fulfill(json={"items": lists[path[-1]], "next": None})
    else:
        route.fulfill(json=NEXT if path[-1] == "next" else RELEASE)
