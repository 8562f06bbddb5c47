"""A service of a few lines, to show the page what the real one seldom does, on a real server."""

import io
import json
import random
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from uuid import uuid4

from PIL import Image, ImageDraw

from models.contract import CLASSES, DISCLAIMER

PAGE = Path(__file__).parents[2] / "frontend" / "dist"
TYPES = {
    ".html": "text/html",
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
}
WIDTH, HEIGHT, SQUARE = 640, 480, {"x": 110, "y": 20, "size": 420}

Json = dict[str, Any]


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
class FakeService:
    """What the service knows and how it behaves; a test changes it while it runs."""

    agree: bool = True
    frame_s: float = 0.02
    queued_s: float = 0.1
    accept_s: float = 0.0
    streams: bool = True
    reachable: bool = True
    refusals: list[Refusal] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    recordings: dict[str, Json] = field(default_factory=dict)
    screenings: dict[str, Json] = field(default_factory=dict)
    uploads_now: int = 0
    uploads_most: int = 0
    bodies: list[Json] = field(default_factory=list)
    """The JSON bodies that came."""

    def refusal(self, request: str) -> Refusal | None:
        """The refusal meant for this request, which is then used up."""
        for each in self.refusals:
            if request.startswith(each.request):
                self.refusals.remove(each)
                return each
        return None

    def record(self, name: str, size: int) -> Json:
        """Take a file in. A name that ends like a video's is a video of 28 frames."""
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
            "bytes": size,
            "proposed_crop": SQUARE,
            "preview_url": f"/api/v1/recordings/{key}/preview.jpg",
            "created_at": "2026-01-05T10:00:00Z",
            "expires_at": "2026-01-06T10:00:00Z",
        }
        return self.recordings[key]

    def screen(self, recording_id: str, crop: Json | None) -> Json:
        """Queue a screening; time alone brings it on."""
        key = str(uuid4())
        self.screenings[key] = {
            "id": key,
            "recording_id": recording_id,
            "crop": crop or SQUARE,
            "asked": time.monotonic(),
        }
        return self.shown(key)

    def shown(self, key: str) -> Json:
        """The screening as it stands now."""
        kept = self.screenings[key]
        total = self.recordings[kept["recording_id"]]["sampled_frames"]
        passed = time.monotonic() - kept["asked"] - self.queued_s
        done = max(0, min(total, int(passed / self.frame_s)))
        status = "queued" if passed < 0 else "running" if done < total else "done"
        return {
            "id": key,
            "recording_id": kept["recording_id"],
            "status": status,
            "created_at": "2026-01-05T10:00:00Z",
            "started_at": None if status == "queued" else "2026-01-05T10:00:01Z",
            "finished_at": "2026-01-05T10:00:04Z" if status == "done" else None,
            "crop": kept["crop"],
            "progress": {
                "done": done,
                "total": total,
                "seconds_left": round((total - done) * self.frame_s, 1),
                "ahead": 2 if status == "queued" else None,
            },
            "frames_available": status == "done",
            "result": answer(total, kept["crop"], agree=self.agree) if status == "done" else None,
            "error": None,
        }


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
            {"index": n, "time_s": round(n / 3, 3), "probabilities": each}
            for n, each in enumerate(frames)
        ],
        "agreement": agreement,
        "crop": crop,
        "model_version": "pocovidnet-1",
        "disclaimer": DISCLAIMER,
    }


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


def frame_picture(n: int) -> bytes:
    """One square frame, as JPEG."""
    with Image.open(io.BytesIO(picture(n))) as whole:
        square = whole.crop((110, 20, 530, 440))
    out = io.BytesIO()
    square.save(out, "JPEG", quality=80)
    return out.getvalue()


class _Handler(BaseHTTPRequestHandler):
    service: ClassVar[FakeService]
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if not self._proceeds():
            return
        path = self.path.partition("?")[0].removeprefix("/api/v1")
        if path == self.path.partition("?")[0]:
            self._page(path)
            return
        match path.strip("/").split("/"):
            case ["limits"]:
                self._json(200, LIMITS)
            case ["recordings", key, "preview.jpg"] if key in self.service.recordings:
                self._bytes(200, picture(), "image/jpeg")
            case ["recordings", key] if key in self.service.recordings:
                self._json(200, self.service.recordings[key])
            case ["screenings", key, "events"] if key in self.service.screenings:
                self._events(key)
            case ["screenings", key, "frames", name] if key in self.service.screenings:
                self._bytes(200, frame_picture(int(name.removesuffix(".jpg"))), "image/jpeg")
            case ["screenings", key] if key in self.service.screenings:
                self._json(200, self.service.shown(key))
            case _:
                self._refuse(Refusal("", 404, "not_found", "There is nothing under this address."))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if not self._proceeds():
            return
        if self.path.endswith("/recordings"):
            with self._counted():
                time.sleep(self.service.accept_s)
                name = re.search(rb'filename="([^"]*)"', body[:500])
                assert name is not None
                self._json(201, self.service.record(name[1].decode(), len(body)))
        else:
            asked = json.loads(body)
            self.service.bodies.append(asked)
            self._json(202, self.service.screen(asked["recording_id"], asked.get("crop")))

    def do_DELETE(self) -> None:
        if not self._proceeds():
            return
        *_, what, key = self.path.split("/")
        getattr(self.service, what).pop(key, None)
        self._bytes(204, b"", "text/plain")

    def _proceeds(self) -> bool:
        request = f"{self.command} {self.path.removeprefix('/api/v1')}"
        self.service.requests.append(request)
        if not self.service.reachable:
            self.close_connection = True
            return False
        refusal = self.service.refusal(request)
        if refusal:
            self._refuse(refusal)
        return refusal is None

    @contextmanager
    def _counted(self) -> Iterator[None]:
        service = self.service
        service.uploads_now += 1
        service.uploads_most = max(service.uploads_most, service.uploads_now)
        yield
        service.uploads_now -= 1

    def _refuse(self, refusal: Refusal) -> None:
        problem = {"status": refusal.status, "code": refusal.code, "detail": refusal.detail}
        wait = refusal.retry_after_s
        headers = {} if wait is None else {"Retry-After": str(wait)}
        self._bytes(refusal.status, json.dumps(problem).encode(), PROBLEM, headers)

    def _page(self, path: str) -> None:
        file = PAGE / path.lstrip("/")
        if not file.is_file():
            file = PAGE / "index.html"
        self._bytes(200, file.read_bytes(), TYPES[file.suffix])

    def _json(self, status: int, value: Json) -> None:
        self._bytes(status, json.dumps(value).encode(), "application/json")

    def _bytes(
        self, status: int, body: bytes, kind: str, headers: dict[str, str] | None = None
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", "default-src 'self'")
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _events(self, key: str) -> None:
        if not self.service.streams:
            self._refuse(Refusal("", 500, "internal", "No stream today."))
            return
        self.close_connection = True
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        last: Json | None = None
        while key in self.service.screenings and self.service.reachable:
            now = self.service.shown(key)
            if now != last:
                self.wfile.write(f"event: screening\ndata: {json.dumps(now)}\n\n".encode())
                last = now
            if now["status"] == "done":
                return
            time.sleep(0.02)

    def log_message(self, *_: object) -> None:
        """Keep the tests' output to themselves."""


PROBLEM = "application/problem+json"
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


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that leaves in the middle of an answer is no error."""


@contextmanager
def serving(service: FakeService, port: int = 0) -> Iterator[str]:
    """The service on loopback; gives its address."""
    handler = type("Handler", (_Handler,), {"service": service})
    with _Server(("127.0.0.1", port), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
