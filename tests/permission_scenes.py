"""What the calls of the permission matrix are about: each scene makes rows and bytes of its own."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import delete, func, select, update

from backend.accounts.resets import make_link
from backend.core import passwords
from backend.core.db import utc_now
from backend.dicom.objects import to_bytes
from backend.storage.keys import cine_key, contact_sheet_key, contribution_signs_key
from backend.system.checks.schemas import FINDING_EXAMPLE
from backend.tables import Check, Contribution, Release, ReleaseItem, Training
from backend.tables.trainings import TrainingSettings
from backend.trainings.artifacts import repository as artifacts
from models.contract import CLASSES
from models.media import overlay
from models.media.masking import TextBox
from tests import media_files, tus
from tests.dicom_instances import make_instance
from tests.factories import (
    answer,
    create_recording,
    create_screening,
    create_token,
    create_user,
    maps,
    store_pixels,
    unusable,
)
from tests.factories_artifacts import create_manifest
from tests.factories_contributions import (
    create_contribution,
    create_submission,
    store_contribution,
)
from tests.factories_releases import create_ingested, create_item, create_release
from tests.factories_reviews import create_prepared, create_review
from tests.permissions import World
from tests.planted import PASSWORD

_hashed = passwords.hash_password(PASSWORD)

Values = dict[str, Any]


# Screening.


def recording(world: World) -> Values:
    """A recording with its pixels."""
    row = create_recording(world.session)
    store_pixels(world.api.storage, row, None)
    return {"recording_id": row.id}


def screening(world: World) -> Values:
    """A screening that is done."""
    row = create_recording(world.session)
    screened = create_screening(
        world.session, row, status="done", attempt=1, done=3, result=answer(), finished_at=utc_now()
    )
    store_pixels(world.api.storage, row, screened)
    return {"screening_id": screened.id, "index": 0}


def unusable_screening(world: World) -> Values:
    """A screening of something that does not look like lung ultrasound."""
    row = create_screening(world.session, status="done", result=unusable(), finished_at=utc_now())
    return {"screening_id": row.id}


# DICOM.

INSTANCE = make_instance(1, 64)
"""One that every caller sends: it is stored once."""


def study(_: World) -> Values:
    """The study of that instance."""
    return {"study": INSTANCE.StudyInstanceUID}


def dicom_screening(world: World) -> Values:
    """A screening, which is done, of a recording that came as DICOM."""
    row = create_recording(world.session, format="dicom")
    world.api.storage.put_bytes(row.storage_key, to_bytes(make_instance(1, 64)))
    screened = create_screening(
        world.session, row, status="done", attempt=1, result=answer(), finished_at=utc_now()
    )
    return {"screening_id": screened.id}


# Accounts.


def newcomer(_: World) -> Values:
    """An address that nobody has."""
    return {"email": f"{uuid4().hex}@example.org"}


def with_password(world: World) -> Values:
    """Somebody else's account that has a password."""
    user = create_user(world.session, password_hash=_hashed)
    return {"email": user.email, "user_id": user.id}


def own_password(world: World) -> Values:
    """Who calls has a password."""
    if world.caller in world.people:
        user = world.session.merge(world.people[world.caller])
        user.password_hash = _hashed
    return {}


def reset_link(world: World) -> Values:
    """A link for somebody's new password."""
    link = make_link(world.session, world.api.settings, create_user(world.session))
    return {"secret": link.rpartition("/")[2]}


def token(world: World) -> Values:
    """The owner's API token."""
    return {"token_id": create_token(world.session, world.owner)[0].id}


# Submissions.


def draft(world: World) -> Values:
    """The owner's draft with one recording that lacks nothing."""
    submission = create_submission(world.session, world.owner)
    row = create_contribution(world.session, submission, state="draft")
    store_contribution(world.api.storage, row, media_files.image())
    return {"submission_id": submission.id, "contribution_id": row.id}


def draft_with_text(world: World) -> Values:
    """A draft with a recording on whose text its owner has to decide."""
    values = draft(world)
    row = world.session.get(Contribution, values["contribution_id"])
    assert row is not None
    row.text_boxes = [TextBox(0, 0, 20, 10, name_like=True)]
    return values


def asked_about(world: World) -> Values:
    """The owner's recording, about which a reviewer asked something."""
    row = _of_owner(world, state="changes_requested")
    create_review(
        world.session,
        row,
        world.people["reviewer"],
        verdict="request_changes",
        comment="Which probe?",
    )
    return {"contribution_id": row.id}


def upload(world: World) -> Values:
    """The owner's upload of which nothing is here yet."""
    submission = create_submission(world.session, world.owner)
    with world.as_owner() as client:
        place = tus.create(client, submission.id, "lung.mp4", 10)
    return {"uuid": tus.upload_id(place)}


def place_for_upload(world: World) -> Values:
    """The owner's draft, and what an upload for it is called."""
    submission = create_submission(world.session, world.owner)
    return {"metadata": tus.metadata(filename="lung.mp4", submission=submission.id)}


# Reviews.


def waiting(world: World) -> Values:
    """The owner's recording that waits for a verdict, ready to be looked at."""
    row = _of_owner(world)
    storage = world.api.storage
    storage.put_bytes(cine_key(row.id, 0), b"frame")
    storage.put_bytes(contact_sheet_key(row.id), b"sheet")
    store_contribution(storage, row)
    return {"contribution_id": row.id, "index": 0}


def claimed(world: World) -> Values:
    """The same, claimed by the reviewer who calls."""
    row = _of_owner(
        world,
        claimed_by=world.reviewer.id,
        claimed_at=utc_now(),
        claimed_until=utc_now() + timedelta(minutes=10),
    )
    return {"contribution_id": row.id}


def reviewed_with_signs(world: World) -> Values:
    """A recording with maps, on which the reviewer who calls has given a verdict."""
    row = _of_owner(world, state="approved", final_label="covid19", decided_at=utc_now())
    store_contribution(world.api.storage, row)
    create_review(world.session, row, world.reviewer)
    world.api.storage.put_bytes(contribution_signs_key(row.id, 0), overlay.encode(maps(0)))
    return {"contribution_id": row.id, "index": 0}


def reviewed(world: World) -> Values:
    """A verdict of the reviewer who calls: approved, and in no release yet."""
    row = _of_owner(world, state="approved", final_label="covid19", decided_at=utc_now())
    store_contribution(world.api.storage, row)
    return {"review_id": create_review(world.session, row, world.reviewer).id}


def _of_owner(world: World, **changes: Any) -> Contribution:
    now = utc_now()
    submission = create_submission(world.session, world.owner, submitted_at=now, consent_at=now)
    return create_prepared(world.session, submission=submission, **changes)


# Releases.


def released(world: World) -> Values:
    """The first release, which the matrix begins with, and the recording in it."""
    first = select(ReleaseItem.contribution_id).where(ReleaseItem.release_number == 1)
    item = world.session.scalars(first).one()
    return {"number": 1, "item_id": item, "index": 0}


def to_release(world: World) -> Values:
    """Something new for the next release."""
    create_ingested(world.session, world.api.storage)
    return {}


# Trainings and artifacts.


def trainable(world: World) -> Values:
    """A release that can be trained on, while nothing is trained."""
    world.session.execute(update(Training).values(state="cancelled"))
    count = world.session.scalars(select(func.count()).select_from(Release)).one()
    release = create_release(world.session, 1000 + count)
    for label in CLASSES:
        for fold in range(2):
            row = create_ingested(world.session, world.api.storage, label=label)
            create_item(world.session, release, row, fold=fold)
    return {"release": release.number}


def no_check(world: World) -> Values:
    """Nothing is looked through now."""
    world.session.execute(delete(Check))
    return {}


def check(world: World) -> Values:
    """A check that has found something."""
    row = Check(under_way=None, state="done", created_at=utc_now(), findings=[FINDING_EXAMPLE])
    world.session.add(row)
    world.session.flush()
    return {"check_id": row.id}


def training(world: World) -> Values:
    """A training that waits."""
    row = Training(
        id=uuid4(),
        release_number=1,
        settings=TrainingSettings().model_dump(),
        created_by=world.people["admin"].id,
        created_at=utc_now(),
        assembly_notified_at=utc_now(),
    )
    world.session.add(row)
    return {"training_id": row.id}


def artifact(world: World) -> Values:
    """An artifact that does not answer yet."""
    version = f"pocovidnet-{uuid4().hex}"
    folder = f"artifacts/{version}/1"
    manifest = create_manifest(files={"heads.safetensors": "0" * 64})
    artifacts.register(world.session, version, folder, manifest, utc_now())
    for name in ("manifest.json", "heads.safetensors"):
        world.api.storage.put_bytes(f"{folder}/{name}", b"content")
    return {"version": version}
