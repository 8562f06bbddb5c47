"""Queries on instances that came by DICOM, and on deliveries."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import case, func, or_, select, update
from sqlalchemy.orm import Session, joinedload

from backend.core.pagination import Keyset, Page
from backend.tables import Delivery, DicomInstance, Screening
from backend.tables.vocabulary import JobState

# Instances.


def add_instance(session: Session, instance: DicomInstance) -> None:
    """Add a row and flush it.

    Raises:
        IntegrityError: there is one with its SOP Instance UID.
    """
    session.add(instance)
    session.flush()


def instance_by_uid(session: Session, sop_instance_uid: str) -> DicomInstance | None:
    """The instance with this SOP Instance UID."""
    return session.scalars(
        select(DicomInstance).where(DicomInstance.sop_instance_uid == sop_instance_uid)
    ).one_or_none()


def instances(session: Session, cursor: str | None, limit: int) -> Page[DicomInstance]:
    """What came by DICOM, the newest first, each with its screening."""
    newest_first = Keyset(DicomInstance.received_at, DicomInstance.id, descending=True)
    query = select(DicomInstance).options(joinedload(DicomInstance.screening))
    return newest_first.page(session, query, cursor, limit)


def came_by_dicom(session: Session, recording_id: UUID) -> bool:
    """Whether a machine or a PACS has sent this recording, and its pixels are still there."""
    query = select(DicomInstance.id).where(DicomInstance.recording_id == recording_id)
    return session.scalars(query).first() is not None


# Deliveries.


def add_deliveries(
    session: Session, screening_id: UUID, peers: Collection[str], now: datetime
) -> None:
    """Queue a delivery to each of the peers that has none of this screening yet.

    No message is sent for them: maintenance does that, or whoever knows that they are committed.
    """
    known = set(session.scalars(select(Delivery.peer).where(Delivery.screening_id == screening_id)))
    session.add_all(
        Delivery(screening_id=screening_id, peer=peer, created_at=now, queued_at=now)
        for peer in peers
        if peer not in known
    )
    session.flush()


def lock_delivery(session: Session, screening_id: UUID, peer: str) -> Delivery | None:
    """The delivery of a screening to a peer, locked until the transaction ends."""
    return session.scalars(
        select(Delivery)
        .where(Delivery.screening_id == screening_id, Delivery.peer == peer)
        .with_for_update()
    ).one_or_none()


def deliveries_of(session: Session, screening_id: UUID) -> list[Delivery]:
    """The deliveries of a screening, the oldest first."""
    return list(
        session.scalars(
            select(Delivery)
            .where(Delivery.screening_id == screening_id)
            .order_by(Delivery.created_at, Delivery.peer)
        )
    )


def deliveries(
    session: Session, state: JobState | None, cursor: str | None, limit: int
) -> Page[Delivery]:
    """Deliveries, the newest first; those in one state, or all."""
    newest_first = Keyset(Delivery.created_at, Delivery.id, descending=True)
    query = select(Delivery)
    if state is not None:
        query = query.where(Delivery.state == state)
    return newest_first.page(session, query, cursor, limit)


def delivery_counts(session: Session) -> dict[str, dict[JobState, int]]:
    """How many deliveries each peer has in each state but `done`, which most of them have."""
    rows = session.execute(
        select(Delivery.peer, Delivery.state, func.count())
        .where(Delivery.state.in_((JobState.QUEUED, JobState.RUNNING, JobState.FAILED)))
        .group_by(Delivery.peer, Delivery.state)
    )
    counted: dict[str, dict[JobState, int]] = {}
    for peer, state, count in rows:
        counted.setdefault(peer, {})[state] = count
    return counted


def screening_of(session: Session, screening_id: UUID) -> Screening | None:
    """A screening with its recording."""
    return session.get(Screening, screening_id, options=[joinedload(Screening.recording)])


def postpone_peer(
    session: Session, peer: str, problem: str, due_at: datetime, now: datetime
) -> None:
    """Let what waits for a peer that does not answer wait until then.

    Otherwise every one of them would keep a worker waiting for the same peer.
    """
    session.execute(
        update(Delivery)
        .where(
            Delivery.peer == peer,
            Delivery.state == JobState.QUEUED,
            or_(Delivery.due_at.is_(None), Delivery.due_at < due_at),
        )
        .values(
            due_at=due_at,
            away_since=case((Delivery.away_since.is_(None), now), else_=Delivery.away_since),
            last_problem=problem,
        )
        .execution_options(synchronize_session=False)
    )
