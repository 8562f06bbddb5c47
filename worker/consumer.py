"""Celery's consumer of messages, which reconnects soon after the broker is back."""

from functools import partial

from celery.worker.consumer import Consumer as CeleryConsumer
from kombu import Connection

LONGEST_WAIT_S = 4
"""Between two attempts to reach the broker."""


class Consumer(CeleryConsumer):
    """Tries every few seconds until it succeeds.

    Celery has no setting for that: it waits 2 s longer each time, up to 30 s, and so sleeps through
    the moments in which a broker that comes and goes is there.
    """

    def ensure_connected(self, conn: Connection) -> Connection:
        """The connection, once it is there."""
        conn.ensure_connection = partial(  # type: ignore[method-assign]  # Celery takes no argument
            conn.ensure_connection, interval_max=LONGEST_WAIT_S
        )
        return super().ensure_connected(conn)
