"""`pocovid` with a stand-in for the models, whose parent takes no message while a file exists.

As where a slot for messages is never freed: the process is alive, sends its heartbeat, and waits.
"""

import os
from pathlib import Path

from kombu.transport import virtual

from backend.cli import main as cli
from tests.worker.stand_in import StandIn
from worker import predictor

STUCK = "stuck"
can_consume = virtual.QoS.can_consume

if __name__ == "__main__":
    note = Path(os.environ["POCOVID_DATA_DIR"]) / STUCK
    virtual.QoS.can_consume = (  # type: ignore[method-assign]  # a fault on purpose
        lambda self: not note.exists() and can_consume(self)
    )
    predictor.load = StandIn
    cli.main()
