"""Deletion of a draft: its rows and, after the commit, its bytes."""

from uuid import UUID

from sqlalchemy.orm import Session

from backend.storage.base import delete_after_commit
from backend.storage.keys import pieces_folder, upload_key
from backend.submissions import near_copies, repository
from backend.submissions.uploads import repository as uploads
from backend.tables import Contribution


def delete_draft(session: Session, submission_id: UUID) -> None:
    """Delete a draft, which the caller has locked, with everything uploaded for it."""
    near_copies.lock(session)
    for contribution in repository.contributions(session, submission_id):
        delete_bytes(session, contribution)
    for upload_id in uploads.ids(session, submission_id):
        delete_after_commit(session, upload_key(upload_id), folders=[pieces_folder(upload_id)])
    repository.remove(session, submission_id)


def delete_bytes(session: Session, contribution: Contribution) -> None:
    """Delete the original and the preview of a recording in a draft, after the commit."""
    delete_after_commit(session, contribution.original_key, contribution.preview_key)
