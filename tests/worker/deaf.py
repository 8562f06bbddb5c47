"""`pocovid` with a stand-in for the models, whose parent takes no message while a file says so.

As where a slot for messages is never freed: the process is there, its pulse beats, and it waits.
"""

import os
from pathlib import Path

from kombu.transport import virtual

from backend.cli import main as cli
from tests.worker.stand_in import StandIn
from worker import predictor

DEAF = "deaf"
can_consume = virtual.QoS.can_consume

if __name__ == "__main__":
    note = Path(os.environ["POCOVID_DATA_DIR"]) / DEAF
    virtual.QoS.can_consume = (  # type: ignore[method-assign]  # a fault on purpose
        lambda self: not note.exists() and can_consume(self)
    )
    predictor.load = StandIn
    cli.main()
