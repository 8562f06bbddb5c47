"""pynetdicom, set up once for a process: it logs nothing of a message, and streams data sets."""

import logging

from pynetdicom import _config


def set_up() -> None:
    """Have pynetdicom write data sets that arrive to files, and keep what it says of elements.

    Its lines quote names of patients and AE titles of others; ours say what happened.
    """
    _config.STORE_RECV_CHUNKED_DATASET = True
    _config.LOG_HANDLER_LEVEL = "none"
    logging.getLogger("pynetdicom").setLevel(logging.CRITICAL + 1)  # noqa: TID251  # the library's
