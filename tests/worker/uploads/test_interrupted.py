"""A worker killed with -9 in the middle of an archive: each file is taken in once in the end."""

import pytest
from sqlalchemy import func, select

from backend.jobs.celery import make_celery, send
from backend.jobs.names import IMPORT_UPLOAD
from backend.tables import Contribution, Upload
from tests import archives, media_files
from tests.factories_contributions import create_submission, create_upload, store_upload
from tests.waiting import wait_until
from tests.worker.deployment import Deployment, kill_tree

pytestmark = pytest.mark.timeout(400)

FILES = 15


def test_an_archive_goes_on_where_it_was(any_deployment: Deployment) -> None:
    clip = media_files.video(seconds=2)
    files = {f"{n:02}.mp4": clip + b"\0" * n for n in range(FILES)} | {"letter.doc": b"Dear all"}
    content = archives.packed(files)
    with any_deployment.database.write() as session:
        upload = create_upload(
            session, create_submission(session), file_name="ward.zip", bytes=len(content)
        )
        session.commit()
    store_upload(any_deployment.storage, upload, content)
    send(make_celery(any_deployment.settings), IMPORT_UPLOAD, str(upload.id))

    def row() -> Upload:
        with any_deployment.database.read() as session:
            return session.scalars(select(Upload).where(Upload.id == upload.id)).one()

    any_deployment.start_scheduler()
    worker = any_deployment.start_worker()
    wait_until(lambda: row().done >= 2, 150)
    kill_tree(worker)
    assert row().state == "running"
    before = row().done
    assert before < FILES
    any_deployment.start_worker()
    wait_until(lambda: row().state == "done", 200)

    with any_deployment.database.read() as session:
        names = session.scalars(select(Contribution.file_name)).all()
        entries = session.scalars(
            select(func.count()).select_from(Upload).where(Upload.parent_id == upload.id)
        ).one()
        keys = set(session.scalars(select(Contribution.original_key)))
    assert sorted(names) == [f"{n:02}.mp4" for n in range(FILES)]
    assert entries == FILES + 1
    assert row().attempt == 2
    # what the killed worker may have stored without a row is the sweep's to find
    stored = {each.key for each in any_deployment.storage.listing("contributions")}
    assert keys <= stored
    assert len(stored - keys) <= 1
