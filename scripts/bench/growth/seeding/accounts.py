"""Accounts: contributors, reviewers and an administrator."""

from datetime import timedelta

from backend.accounts.identity import digest
from backend.tables.vocabulary import Role
from scripts.bench.growth.seeding.context import DAYS, SOURCES, Context
from scripts.bench.growth.seeding.installation import RARE_ACTION


def seed(context: Context) -> None:
    """Insert users of every role, their sessions, and the oldest events of the audit log."""
    roles = (
        *((contributor, Role.CONTRIBUTOR) for contributor in context.contributors),
        *((reviewer, Role.REVIEWER) for reviewer in context.reviewers),
        (context.admin, Role.ADMIN),
    )
    context.insert(
        "users",
        [
            {
                "id": user,
                "email": f"{user.hex}@example.org",
                "name": f"Doctor {user.hex[:6]}",
                "affiliation": context.random.choice(SOURCES),
                "role": role,
            }
            for user, role in roles
        ],
        password_hash="",
        created_at=context.ago(days=DAYS),
    )
    secrets = {
        context.made.contributor_secret: context.contributors[0],
        context.made.reviewer_secret: context.reviewers[0],
        context.made.admin_secret: context.admin,
    }
    context.insert(
        "sign_ins",
        [
            *({"secret_sha256": digest(key), "user_id": who} for key, who in secrets.items()),
            *(
                {"secret_sha256": f"{context.random.getrandbits(256):064x}", "user_id": who}
                for who in context.contributors
            ),
        ],
        created_at=context.now,
        seen_at=context.now,
        expires_at=context.now + timedelta(days=1),
    )
    context.insert(  # the oldest events, so that a list by this action looks for them longest
        "audit_events",
        [{"subject_id": str(contributor)} for contributor in context.contributors[:3]],
        at=context.ago(days=DAYS),
        actor_id=context.admin,
        actor_role="admin",
        action=RARE_ACTION,
        feature=RARE_ACTION.partition(".")[0],
        subject_kind="user",
        detail={},
    )
