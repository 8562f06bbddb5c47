"""Rows for tests: whole and valid, each field open to change."""

import hashlib
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import numpy as np
from sqlalchemy.orm import Session

from backend.accounts.identity import TOKEN_PREFIX, digest, new_secret
from backend.core.db import utc_now
from backend.storage.base import Storage
from backend.storage.keys import frame_key, preview_key, recording_key, signs_key
from backend.tables import ApiToken, Recording, Screening, SignIn, User
from backend.tables.vocabulary import Scope
from models.contract import (
    CLASSES,
    SIGN_NAMES,
    SIGN_PLACES,
    SIGNS,
    Prediction,
    Reason,
    ReasonCode,
    Reliability,
    SignFinding,
    Square,
    summarise,
)
from models.media import overlay
from tests import planted


def create_recording(session: Session, **changes: Any) -> Recording:
    """A recording of a short video; its bytes are nowhere unless `store_pixels` puts them."""
    now = changes.pop("created_at", utc_now())
    recording_id = changes.pop("id", uuid4())
    sha256 = hashlib.sha256(recording_id.bytes).hexdigest()
    values: dict[str, Any] = {
        "id": recording_id,
        "sha256": sha256,
        "storage_key": recording_key(sha256, recording_id),
        "preview_key": preview_key(recording_id),
        "bytes": 1000,
        "kind": "video",
        "format": "mp4",
        "media_type": "video/mp4",
        "width": 96,
        "height": 64,
        "duration_s": 1.0,
        "frames": 10,
        "sampled_frames": 3,
        "square_x": 16,
        "square_y": 0,
        "square_size": 64,
        "created_at": now,
        "expires_at": now + timedelta(hours=24),
    }
    recording = Recording(**values | changes)
    session.add(recording)
    session.flush()
    return recording


def create_screening(
    session: Session, recording: Recording | None = None, **changes: Any
) -> Screening:
    """A queued screening of a recording, a new one where none is given."""
    recording = recording or create_recording(session)
    now = changes.pop("created_at", utc_now())
    values: dict[str, Any] = {
        "id": uuid4(),
        "recording_id": recording.id,
        "client": "somebody",
        "crop_x": recording.square_x,
        "crop_y": recording.square_y,
        "crop_size": recording.square_size,
        "status": "queued",
        "total": recording.sampled_frames,
        "created_at": now,
        "queued_at": now,
        "notified_at": now,
    }
    screening = Screening(**values | changes)
    session.add(screening)
    session.flush()
    return screening


def create_user(session: Session, role: str = "contributor", **changes: Any) -> User:
    """An account without a password, so that nobody signs in to it with one."""
    user_id = changes.pop("id", uuid4())
    values: dict[str, Any] = {
        "id": user_id,
        "email": f"{user_id.hex}@example.org",
        "name": f"Somebody {user_id.hex[:6]}",
        "role": role,
        "password_hash": "",
        "created_at": utc_now(),
    }
    user = User(**values | changes)
    planted.note(user.email)
    session.add(user)
    session.flush()
    return user


def create_sign_in(session: Session, user: User, **changes: Any) -> str:
    """A session of the account; answers with the secret of its cookie."""
    secret = new_secret()
    now = utc_now()
    values: dict[str, Any] = {
        "secret_sha256": digest(secret),
        "user_id": user.id,
        "created_at": now,
        "seen_at": now,
        "expires_at": now + timedelta(days=1),
    }
    session.add(SignIn(**values | changes))
    session.flush()
    return secret


def create_token(
    session: Session, user: User, *scopes: str, **changes: Any
) -> tuple[ApiToken, str]:
    """An API token of the account, of every scope where none is given, and its secret."""
    secret = TOKEN_PREFIX + new_secret()
    values: dict[str, Any] = {
        "user_id": user.id,
        "name": "a script",
        "hint": secret[:14],
        "secret_sha256": digest(secret),
        "scopes": list(scopes) or [scope.value for scope in Scope],
        "created_at": utc_now(),
    }
    token = ApiToken(**values | changes)
    session.add(token)
    session.flush()
    return token, secret


def store_pixels(storage: Storage, recording: Recording, screening: Screening | None) -> None:
    """Put bytes where a recording, its preview, a screening's frames and maps would lie."""
    storage.put_bytes(recording.storage_key, b"recording")
    storage.put_bytes(recording.preview_key, b"preview")
    if screening is not None:
        for index in range(screening.total):
            storage.put_bytes(frame_key(screening.id, index), b"frame %d" % index)
            storage.put_bytes(signs_key(screening.id, index), overlay.encode(maps(index)))


def maps(index: int) -> overlay.Grey:
    """Maps over a frame, of which no two are the same, none of them black."""
    flat = np.arange(len(overlay.MAPS), dtype=np.uint8)[:, None, None] + 10 * (index + 1)
    return np.broadcast_to(flat, (len(overlay.MAPS), SIGN_PLACES, SIGN_PLACES)).astype(np.uint8)


def prediction(frames: int = 3, label: str = "covid19") -> Prediction:
    """A prediction of five models that agree on the label."""
    scores = [0.8 if key == label else 0.1 for key in CLASSES]
    softmax = [[scores] * frames] * 5
    times_s = [n / 3 for n in range(frames)]
    return summarise(softmax, times_s, Square(16, 0, 64), "pocovidnet-test")


def with_signs(answer: Prediction | None = None, **probabilities: float) -> Prediction:
    """The prediction with these signs and no others in each frame, and what comes with them."""
    answer = answer or prediction()
    frame = {sign: probabilities.get(sign, 0.0) for sign in SIGNS}
    signs = {
        sign: SignFinding(value, value, len(answer.frames) if value >= 0.5 else 0)
        for sign, value in frame.items()
    }
    return replace(
        answer,
        frames=tuple(replace(each, signs=frame) for each in answer.frames),
        parts=("pocovidnet", "signs"),
        signs=signs,
        sentence="; ".join(SIGN_NAMES[sign] for sign in probabilities) or "Nothing is seen.",
        reliability=Reliability(right=31, answers=40, low=0.7, high=0.9),
    )


def unusable(
    answer: Prediction | None = None, code: ReasonCode = ReasonCode.NOT_LUNG
) -> Prediction:
    """The prediction of a recording that is not answered for, signs and all."""
    answer = answer or with_signs(b_lines=0.8)
    return replace(
        answer,
        usable=False,
        reasons=(Reason(code, "This does not look like lung ultrasound."),),
        frames=tuple(replace(each, usable=False) for each in answer.frames),
    )


def answer(frames: int = 3, label: str = "covid19") -> dict[str, Any]:
    """The prediction as the database stores it; as the API returns it, less `answered_anyway`."""
    return prediction(frames, label).to_dict()


_ADDED = ("usable", "reasons", "parts", "signs", "sentence", "reliability")


def answer_of_before(frames: int = 3, label: str = "covid19") -> dict[str, Any]:
    """The same as it was stored before recordings could be unusable."""
    stored = {key: value for key, value in answer(frames, label).items() if key not in _ADDED}
    stored["frames"] = [
        {key: frame[key] for key in ("index", "time_s", "probabilities")}
        for frame in stored["frames"]
    ]
    return stored
