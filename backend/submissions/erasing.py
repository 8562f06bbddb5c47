"""The end of a draft: its bytes first, its rows last, so that nothing is left that nobody knows."""

from uuid import UUID

from sqlalchemy.orm import Session

from backend.arrivals import repository as arrivals
from backend.storage import Storage, arrival_key, pieces_folder
from backend.submissions import repository
from backend.tables import Contribution


def erase(session: Session, storage: Storage, submission_id: UUID) -> None:
    """Delete a draft, which the caller holds, with everything that was sent for it."""
    for contribution in repository.contributions(session, submission_id):
        erase_bytes(storage, contribution)
    for arrival_id in arrivals.ids(session, submission_id):
        storage.delete_folder(pieces_folder(arrival_id))
        storage.delete(arrival_key(arrival_id))
    repository.remove(session, submission_id)


def erase_bytes(storage: Storage, contribution: Contribution) -> None:
    """Delete a draft recording's original and preview."""
    for key in (contribution.original_key, contribution.preview_key):
        if key is not None:
            storage.delete(key)
