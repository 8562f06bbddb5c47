"""An installation of a given size: its rows, of every state, in seconds.

These grow with the size: contributions, with their submissions, uploads, reviews and events of the
audit log; screenings with their recordings; one large release; the number of contributors. These
stay as they are, since limits bound them: screenings that wait, recordings with pixels, checks that
are kept. The calls are made for a contributor with a tenth of all submissions, two of which have
240 recordings, and for one of ten reviewers.
"""

from sqlalchemy import Connection

from scripts.bench.growth.seeding import accounts, releases, screenings, service, trainings
from scripts.bench.growth.seeding.context import Context
from scripts.bench.growth.seeding.contributions import Contributions
from scripts.bench.growth.seeding.installation import Installation

__all__ = ["Installation", "seed"]


def seed(connection: Connection, size: int) -> Installation:
    """Fill an empty, migrated database, in the connection's transaction.

    Args:
        connection: to either kind of database.
        size: contributions, and screenings; the large release has most of the contributions.
    """
    context = Context(connection, size)
    accounts.seed(context)
    releases.seed(context)
    Contributions(context).seed()
    screenings.seed(context)
    trainings.seed(context)
    service.seed(context)
    return context.made
