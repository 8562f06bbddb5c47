"""What the calls ask for of an installation."""

from dataclasses import dataclass, field
from uuid import UUID

from backend.accounts.identity import new_secret

SMALL_RELEASES = 5
BIG_RELEASE = SMALL_RELEASES + 1
RARE_ACTION = "users.role_changed"
OLD_EVENTS = 60

_NOTHING = UUID(int=0)
_MIDDLE = UUID(int=2**127, version=4)


@dataclass
class Installation:
    """What the calls ask for: ids of rows, and secrets of three accounts' sessions."""

    size: int
    draft: UUID = _NOTHING
    drafted: UUID = _NOTHING
    """A contribution of the draft."""
    submission: UUID = _NOTHING
    contribution: UUID = _NOTHING
    pending: UUID = _NOTHING
    done_screening: UUID = _NOTHING
    waiting_screening: UUID = _NOTHING
    recording: UUID = _NOTHING
    middle: UUID = _MIDDLE
    """Between the ids of half of all rows and those of the others."""
    training: UUID = _NOTHING
    check: UUID = _NOTHING
    reviewer: UUID = _NOTHING
    release: int = BIG_RELEASE
    rare_action: str = RARE_ACTION
    old_events: str = ""
    """The cursor in front of the `OLD_EVENTS` oldest events of the audit log."""
    contributor_secret: str = field(default_factory=new_secret)
    reviewer_secret: str = field(default_factory=new_secret)
    admin_secret: str = field(default_factory=new_secret)
    stored: list[str] = field(default_factory=list)
    """Keys of objects that rows answer for: the hourly sweeps look each of them up."""
