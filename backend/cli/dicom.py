"""`pocovid dicom-node`: what machines and PACS send to; and `pocovid dicom-echo`, which asks it."""

import signal
import threading
from functools import partial
from typing import Annotated

import typer

from backend.cli.start import check_key, make_folders, read_settings, refuse

app = typer.Typer()

ECHO_S = 5.0


@app.command("dicom-node")
def dicom_node() -> None:
    """Run the DICOM node, which screens what machines and PACS send to it by C-STORE."""
    from sqlalchemy.exc import SQLAlchemyError

    from backend.core.db import Database
    from backend.dicom.node import Node
    from backend.http.services import make_services
    from backend.installation import key
    from backend.storage.private_files import sweep_data_folder

    settings = read_settings()
    make_folders(settings)
    check_key(settings, make=True)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: stop.set())
    database = Database.connect(settings)
    node = Node(make_services(settings, database, partial(key.for_requests, database, settings)))
    sweep_data_folder(settings)
    try:
        node.start()
    except (OSError, SQLAlchemyError) as error:
        refuse(
            f"The DICOM node cannot listen on {settings.dicom_host}:{settings.dicom_port}: "
            f"{error}. See POCOVID_DICOM_HOST, POCOVID_DICOM_PORT and POCOVID_DICOM_TLS_*."
        )
    typer.echo(f"{settings.dicom_ae_title} listens on {settings.dicom_host}:{node.port}")
    stop.wait()
    node.stop()
    database.close()


@app.command("dicom-echo")
def dicom_echo(
    host: Annotated[str | None, typer.Argument(help="Left out: this node's own address.")] = None,
    port: Annotated[int | None, typer.Option(help="Left out: this node's own port.")] = None,
    title: Annotated[str | None, typer.Option(help="Left out: this node's own AE title.")] = None,
) -> None:
    """Ask a DICOM node whether it is there (C-ECHO); the exit status is 1 where it is not."""
    from pynetdicom import AE
    from pynetdicom.sop_class import Verification  # type: ignore[attr-defined]  # made at import

    from backend.dicom import library

    settings = read_settings()
    library.set_up()
    called = title or settings.dicom_ae_title
    ae = AE(settings.dicom_ae_title)
    ae.connection_timeout = ae.acse_timeout = ae.dimse_timeout = ae.network_timeout = ECHO_S
    ae.add_requested_context(Verification)
    where = host or settings.dicom_host, port or settings.dicom_port
    association = ae.associate(*where, ae_title=called)
    answers = association.is_established and association.send_c_echo().get("Status") == 0
    if association.is_established:
        association.release()
    if not answers:
        refuse(f"{called} at {where[0]}:{where[1]} does not answer.")
    typer.echo(f"{called} at {where[0]}:{where[1]} answers.")
