"""The page and its service by Playwright's routes, to show what the real service seldom does."""

import io
import json
import random
import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit
from uuid import uuid4

from PIL import Image, ImageDraw
from playwright.sync_api import BrowserContext, Route

from models.contract import CLASSES, DISCLAIMER, SIGN_MAPS, ReasonCode

ADDRESS = "https://pocovid.test"
"""Where the page seems to be: every request to it is answered by a route, none leaves."""

PAGE = Path(__file__).parents[2] / "frontend" / "dist"
API = "/api/v1"
WIDTH, HEIGHT, SQUARE = 640, 480, {"x": 110, "y": 20, "size": 420}

Json = dict[str, Any]
Stage = Literal["queued", "running", "done"]
STAGES: tuple[Stage, ...] = ("queued", "running", "done")


@dataclass
class Refusal:
    """An answer other than the usual one, for the next request that fits."""

    request: str
    """What the request line begins with, as in `POST /recordings`."""
    status: int
    code: str
    detail: str
    retry_after_s: int | None = None


@dataclass
class ScreeningRoutes:
    """What the service knows and how it behaves; a test changes it while the page is open."""

    agree: bool = True
    refuses: ReasonCode | None = None
    """Why recordings are not answered for, if they are not."""
    left_out: tuple[int, ...] = ()
    """Frames that do not count."""
    signs: bool = True
    """Whether the model knows signs."""
    signed_in: bool = False
    stage: Stage = "done"
    """How far every screening is."""
    streams: bool = True
    reachable: bool = True
    holds_uploads: bool = False
    held: list[Route] = field(default_factory=list)
    """Uploads that wait for their answer."""
    refusals: list[Refusal] = field(default_factory=list)
    deletions: list[str] = field(default_factory=list)
    recordings: dict[str, Json] = field(default_factory=dict)
    screenings: dict[str, Json] = field(default_factory=dict)
    bodies: list[Json] = field(default_factory=list)
    """The JSON bodies that came."""

    def sign_in(self, context: BrowserContext) -> None:
        """Pages of this context that open from now on have somebody signed in."""
        self.signed_in = True
        context.add_cookies([{"name": "pocovid_csrf", "value": "token", "url": ADDRESS}])

    def serve(self, context: BrowserContext) -> None:
        """Answer the requests of every page of this context."""
        context.route(f"{ADDRESS}/**", self._answer)

    def release_uploads(self) -> None:
        """Answer the uploads that wait, and hold no more."""
        self.holds_uploads = False
        while self.held:
            self._accept(self.held.pop(0))

    def _answer(self, route: Route) -> None:
        method, path = route.request.method, urlsplit(route.request.url).path
        if not path.startswith(API):
            file = PAGE / path.lstrip("/")
            route.fulfill(path=file if file.is_file() else PAGE / "index.html", headers=POLICY)
            return
        path = path.removeprefix(API)
        if method == "DELETE":
            self.deletions.append(path)
        refusal = self._refusal(f"{method} {path}")
        if not self.reachable:
            route.abort("connectionfailed")
        elif refusal:
            refuse(route, refusal)
        elif method == "GET":
            self._show(route, path.strip("/").split("/"))
        else:
            self._change(route, [method, *path.strip("/").split("/")])

    def _refusal(self, request: str) -> Refusal | None:
        """The refusal meant for this request, which is then used up."""
        for each in self.refusals:
            if request.startswith(each.request):
                self.refusals.remove(each)
                return each
        return None

    def _show(self, route: Route, path: list[str]) -> None:
        match path:
            case ["limits"]:
                route.fulfill(json=LIMITS)
            case ["me"] if self.signed_in:
                route.fulfill(json=USER)
            case ["screenings", key, "frames", n, "signs.png"] if key in self.screenings:
                route.fulfill(body=maps_picture(int(n)), content_type="image/png")
            case ["recordings", key, "preview.jpg"] if key in self.recordings:
                route.fulfill(body=picture(), content_type="image/jpeg")
            case ["recordings", key] if key in self.recordings:
                route.fulfill(json=self.recordings[key])
            case ["screenings", key, "events"] if key in self.screenings:
                self._send_events(route, key)
            case ["screenings", key, "frames", name] if key in self.screenings:
                number = int(name.removesuffix(".jpg"))
                route.fulfill(body=frame_picture(number), content_type="image/jpeg")
            case ["screenings", key] if key in self.screenings:
                route.fulfill(json=self._shown(key, self.stage))
            case _:
                refuse(route, Refusal("", 404, "not_found", "There is nothing at this address."))

    def _change(self, route: Route, request: list[str]) -> None:
        match request:
            case ["POST", "recordings"] if self.holds_uploads:
                self.held.append(route)
            case ["POST", "recordings"]:
                self._accept(route)
            case ["POST", "screenings"]:
                self.bodies.append(json.loads(route.request.post_data or ""))
                route.fulfill(status=202, json=self._screen(self.bodies[-1]))
            case ["POST", "screenings", key, "answer-anyway"]:
                self.screenings[key]["answered_anyway"] = True
                route.fulfill(json=self._shown(key, "done"))
            case ["DELETE", kind, key]:
                kept = self.recordings if kind == "recordings" else self.screenings
                kept.pop(key, None)
                route.fulfill(status=204)
            case _:
                refuse(route, Refusal("", 405, "method_not_allowed", f"Not for {request}."))

    def _accept(self, route: Route) -> None:
        """Take a file in. A name that ends like a video's is a video of 28 frames."""
        body = route.request.post_data_buffer or b""
        match = re.search(rb'filename="([^"]*)"', body[:500])
        assert match is not None
        name = match[1].decode()
        video = name.lower().endswith((".mp4", ".avi", ".mov", ".gif"))
        key = str(uuid4())
        self.recordings[key] = {
            "id": key,
            "kind": "video" if video else "image",
            "format": name.rpartition(".")[2] if video else "jpeg",
            "width": WIDTH,
            "height": HEIGHT,
            "duration_s": 9.3 if video else None,
            "frames": 279 if video else 1,
            "sampled_frames": 28 if video else 1,
            "bytes": len(body),
            "proposed_crop": SQUARE,
            "depth_mm": None,
            "mm_per_pixel": None,
            "notes": [],
            "preview_url": f"/api/v1/recordings/{key}/preview.jpg",
            "created_at": "2026-01-05T10:00:00Z",
            "expires_at": "2026-01-06T10:00:00Z",
        }
        route.fulfill(status=201, json=self.recordings[key])

    def _screen(self, body: Json) -> Json:
        key = str(uuid4())
        self.screenings[key] = {
            "id": key,
            "recording_id": body["recording_id"],
            "crop": body.get("crop") or SQUARE,
            "probe": body.get("probe", "convex"),
        }
        return self._shown(key, "queued")

    def _send_events(self, route: Route, key: str) -> None:
        """Every stage until now. A stream that ends before the answer was cut: the page asks."""
        if not self.streams:
            refuse(route, Refusal("", 500, "internal", "No stream today."))
            return
        until_now = STAGES[: STAGES.index(self.stage) + 1]
        events = [json.dumps(self._shown(key, stage)) for stage in until_now]
        body = "".join(f"event: screening\ndata: {each}\n\n" for each in events)
        route.fulfill(body=body, content_type="text/event-stream")

    def _shown(self, key: str, stage: Stage) -> Json:
        kept = dict(self.screenings[key])
        anyway = kept.pop("answered_anyway", False)
        total = self.recordings[kept["recording_id"]]["sampled_frames"]
        done = {"queued": 0, "running": total // 2, "done": total}[stage]
        finished = stage == "done"
        return {
            **kept,
            "status": stage,
            "created_at": "2026-01-05T10:00:00Z",
            "started_at": None if stage == "queued" else "2026-01-05T10:00:01Z",
            "finished_at": "2026-01-05T10:00:04Z" if finished else None,
            "progress": {
                "done": done,
                "total": total,
                "seconds_left": (total - done) * 0.5,
                "ahead": 2 if stage == "queued" else None,
            },
            "frames_available": finished,
            "result": self._result(total, kept, anyway=anyway) if finished else None,
            "error": None,
        }

    def _result(self, total: int, screening: Json, *, anyway: bool) -> Json:
        result = answer(total, screening["crop"], agree=self.agree)
        if self.signs:
            result |= SIGNED
            for frame in result["frames"]:
                frame["signs"] = FRAME_SIGNS
        if self.left_out:
            for n in self.left_out:
                result["frames"][n]["usable"] = False
            message = f"{len(self.left_out)} of {total} frames show no lung and were left out."
            result["reasons"] = [{"code": "frames_left_out", "message": message}]
        linear = self.refuses is ReasonCode.LINEAR_PROBE and screening["probe"] == "linear"
        if linear:
            result |= {"parts": ["signs"], "reliability": None}
        elif self.refuses:
            reason = {"code": self.refuses.value, "message": MESSAGES[self.refuses]}
            result |= {"usable": False, "reasons": [reason], "reliability": None}
            result["answered_anyway"] = {"at": "2026-01-05T10:05:00Z"} if anyway else None
            for frame in result["frames"]:
                frame["usable"] = False
            if not anyway:
                result |= NO_CLASS
                for frame in result["frames"]:
                    frame["probabilities"] = None
        return result


def refuse(route: Route, refusal: Refusal) -> None:
    """Answer with a problem."""
    problem = {"status": refusal.status, "code": refusal.code, "detail": refusal.detail}
    wait = refusal.retry_after_s
    route.fulfill(
        status=refusal.status,
        body=json.dumps(problem),
        content_type="application/problem+json",
        headers={} if wait is None else {"Retry-After": str(wait)},
    )


def answer(count: int, crop: Json, *, agree: bool) -> Json:
    """A result; where the models do not agree, the frames' majority differs from the mean too."""
    rng = random.Random(7)  # the same every time, so that pictures of the page can be compared

    def shares(first: float, second: float) -> dict[str, float]:
        return dict(zip(CLASSES, (first, second, round(1 - first - second, 4)), strict=True))

    if agree:
        models = [shares(p, 0.09) for p in (0.87, 0.82, 0.9, 0.79, 0.86)]
        frames = [shares(0.78 + 0.14 * rng.random(), 0.04 * rng.random()) for _ in range(count)]
        overall, vote, agreement = shares(0.848, 0.09), "covid19", 5
    else:
        models = [shares(p, 0.9 - p) for p in (0.62, 0.3, 0.55, 0.34, 0.49)]
        frames = [shares(*((0.41, 0.5), (0.9, 0.05))[n % 3 == 0]) for n in range(count)]
        vote = "pneumonia" if count > 1 else "covid19"
        overall, agreement = shares(0.46, 0.44), 3
    return {
        "label": "covid19",
        "probability": overall["covid19"],
        "probabilities": overall,
        "models": [{"probabilities": each} for each in models],
        "majority_vote": vote,
        "frames": [
            {
                "index": n,
                "time_s": round(n / 3, 3),
                "probabilities": each,
                "usable": True,
                "signs": None,
            }
            for n, each in enumerate(frames)
        ],
        "usable": True,
        "reasons": [],
        "parts": ["pocovidnet"],
        "signs": None,
        "sentence": None,
        "reliability": None,
        "answered_anyway": None,
        "agreement": agreement,
        "crop": crop,
        "model_version": "pocovidnet-1",
        "disclaimer": DISCLAIMER,
    }


@cache
def picture(phase: int = 0) -> bytes:
    """Something like an ultrasound picture, as JPEG."""
    image = Image.new("RGB", (WIDTH, HEIGHT), (6, 8, 10))
    draw = ImageDraw.Draw(image)
    rng = random.Random(phase)
    draw.pieslice((-60, -330, 700, 430), 52, 128, fill=(38, 42, 44))
    for depth, brightness in ((130, 220), (190, 110), (250, 90), (310, 70)):
        wave = rng.randint(-4, 4)
        box = (320 - depth, depth - 60 + wave - depth, 320 + depth, depth + 20 + wave)
        draw.arc(box, 52, 128, fill=(brightness,) * 3, width=5)
    for _ in range(900):
        x, y = rng.randint(150, 490), rng.randint(60, 410)
        if image.getpixel((x, y)) != (6, 8, 10):
            draw.ellipse((x, y, x + 4, y + 2), fill=(rng.randint(50, 120),) * 3)
    draw.text((8, 8), "LUNG  C5-1  MI 0.8", fill=(180, 180, 180))
    draw.rectangle((612, 60, 618, 400), outline=(120, 120, 120))
    out = io.BytesIO()
    image.save(out, "JPEG", quality=80)
    return out.getvalue()


@cache
def frame_picture(n: int) -> bytes:
    """One square frame, as JPEG."""
    with Image.open(io.BytesIO(picture(n))) as whole:
        square = whole.crop((110, 20, 530, 440))
    out = io.BytesIO()
    square.save(out, "JPEG", quality=80)
    return out.getvalue()


@cache
def maps_picture(n: int) -> bytes:
    """The maps of a frame: the pleura, two B-lines below it, little else; then Grad-CAM."""
    maps = [Image.new("L", (MAP_SIDE, MAP_SIDE)) for _ in (*SIGN_MAPS, *CLASSES)]
    drawn = dict(zip((*SIGN_MAPS, *CLASSES), map(ImageDraw.Draw, maps), strict=True))
    shift = n % 3
    drawn["pleura"].arc((1, -4, 12, 4), 20, 160, fill=235)
    for x in (4 + shift, 9):
        drawn["b_lines"].line((x, 4, x, 13), fill=210)
        drawn["covid19"].line((x, 5, x, 10), fill=255)
        drawn["covid19"].line((x - 1, 6, x - 1, 9), fill=140)
    drawn["tissue"].rectangle((4, 0, 9, 1), fill=200)
    drawn["shadow"].rectangle((1, 7, 2, 12), fill=180)
    drawn["consolidation"].ellipse((6, 8, 8, 10), fill=150)
    whole = Image.new("L", (MAP_SIDE, MAP_SIDE * len(maps)))
    for row, each in enumerate(maps):
        whole.paste(each, (0, row * MAP_SIDE))
    out = io.BytesIO()
    whole.save(out, "PNG")
    return out.getvalue()


MAP_SIDE = 14
FRAME_SIGNS = {
    "a_lines": 0.06,
    "b_lines": 0.91,
    "consolidation": 0.31,
    "effusion": 0.03,
    "pleural_irregularity": 0.74,
    "air_bronchogram": 0.05,
}
SIGNED: Json = {
    "parts": ["pocovidnet", "signs"],
    "signs": {
        key: {
            "probability": value,
            "highest": min(0.99, round(value + 0.09, 2)),
            "frames": 24 if value > 0.5 else 0,
        }
        for key, value in FRAME_SIGNS.items()
    },
    "sentence": "B-lines and an irregular pleura; no A-lines; no consolidation; no effusion.",
    "reliability": {"right": 39, "answers": 50, "low": 0.8, "high": 0.9, "group": "source"},
}
NO_CLASS: Json = {
    **dict.fromkeys(("label", "probability", "probabilities", "majority_vote", "agreement")),
    "models": [],
}
MESSAGES = {
    ReasonCode.NOT_LUNG: "This does not look like lung ultrasound.",
    ReasonCode.LINEAR_PROBE: (
        "This looks like lung ultrasound with a linear probe. Answers are made for convex probes; "
        "for a linear probe, ask for one by signs alone."
    ),
}
USER: Json = {
    "id": "0b0e7c66-6f0a-4f4c-8a53-5a0f0f9f6f0d",
    "email": "ada@example.org",
    "name": "Ada Lund",
    "affiliation": "Ward 3",
    "role": "contributor",
    "created_at": "2026-01-05T10:00:00Z",
    "disabled_at": None,
}
POLICY = {"Content-Security-Policy": "default-src 'self'"}
LIMITS = {
    "max_bytes": 200_000_000,
    "max_seconds": 600,
    "max_pixels": 50_000_000,
    "max_video_pixels": 9_000_000,
    "max_frames": 40_000,
    "min_side": 32,
    "types": [
        *("image/png", "image/jpeg", "image/webp", "image/bmp", "image/tiff", "image/gif"),
        *("video/mp4", "video/quicktime", "video/x-msvideo", "video/mpeg", "video/webm"),
    ],
    "retention_hours": 24,
    "uploads_per_minute": 30,
}
