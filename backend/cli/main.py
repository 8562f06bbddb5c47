"""The command line: `pocovid up`, and every part of the service by itself.

A sub-command imports what it needs when it runs, so that `pocovid --help` is fast and only commands
that need TensorFlow load it.
"""

import socket
import sys
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Annotated

import typer

from backend.cli import (
    artifacts,
    checking,
    dataset,
    deidentifying,
    dicom,
    evaluation,
    phantom,
    submitting,
    users,
)
from backend.cli import screening as cli_models
from backend.cli import training as cli_training
from backend.cli.start import check_key, make_folders, migrate_first, read_settings, refuse

if TYPE_CHECKING:
    from datetime import datetime

    from backend.core.db import Database
    from backend.core.settings import Settings

app = typer.Typer(
    help="Lung ultrasound screening after POCOVID-Net. Research use only, not a diagnosis.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(cli_models.app)  # screen
app.add_typer(cli_training.app)  # train and compare
app.add_typer(evaluation.app)  # evaluate
app.add_typer(phantom.app)  # phantom
app.add_typer(dataset.app, name="dataset")
app.add_typer(artifacts.app, name="artifact")
app.add_typer(deidentifying.app, name="dicom")
app.add_typer(users.app, name="user")
app.add_typer(submitting.app)  # submit
app.add_typer(checking.app)  # check
app.add_typer(dicom.app)  # dicom-node and dicom-echo

Host = Annotated[str | None, typer.Option(help="Address to listen on. [default: 127.0.0.1]")]
Port = Annotated[int | None, typer.Option(help="Port to listen on, 0 for any. [default: 8000]")]


@app.command()
def up(host: Host = None, port: Port = None) -> None:
    """Migrate the database; run API, worker, trainer and scheduler until Ctrl-C."""
    from backend.cli.supervisor import Child, GaveUpError, Supervisor
    from backend.core.db import Database, utc_now

    settings = read_settings(host, port)
    listen_on = _free_port(settings.host, settings.port)
    migrate_first(settings)
    check_key(settings, make=True)
    address = f"http://{_browsable_host(settings.host)}:{listen_on}"
    database = Database.connect(settings)
    started_at = utc_now()
    us = (sys.executable, "-m", "backend.cli.main")
    node = (Child("dicom-node", (*us, "dicom-node")),) if settings.dicom_node else ()
    try:
        Supervisor(
            children=(
                Child("api", (*us, "serve", "--host", settings.host, "--port", str(listen_on))),
                Child("worker", (*us, "worker")),
                Child("trainer", (*us, "trainer")),
                Child("scheduler", (*us, "scheduler")),
                *node,
            ),
            ready=lambda: _answers(address) and _worker_started(database, started_at),
            on_ready=lambda: typer.echo(f"POCOVIDScreen is ready at {address} (Ctrl-C stops it)"),
        ).run()
    except GaveUpError as error:
        refuse(str(error))
    finally:
        database.close()
    typer.echo("POCOVIDScreen has stopped.")


@app.command()
def serve(host: Host = None, port: Port = None) -> None:
    """Run the API and the web page."""
    settings = read_settings(host, port)
    make_folders(settings)
    check_key(settings, make=True)

    from backend.app import create_app
    from backend.http import server

    server.serve(create_app(settings), settings)


@app.command()
def worker(
    concurrency: Annotated[
        int, typer.Option(min=1, help="Screenings at the same time; each loads the models.")
    ] = 1,
) -> None:
    """Run a worker, which screens what is queued."""
    from worker.app import consume, make_worker_app

    raise typer.Exit(consume(make_worker_app(_worker_settings(), concurrency)))


@app.command()
def trainer(
    concurrency: Annotated[int, typer.Option(min=1, help="Folds at the same time.")] = 1,
) -> None:
    """Run a worker that only trains on releases."""
    from worker.app import consume, make_trainer_app

    raise typer.Exit(consume(make_trainer_app(_worker_settings(), concurrency)))


def _worker_settings() -> "Settings":
    settings = read_settings()
    make_folders(settings)
    check_key(settings, make=False)
    return settings


@app.command()
def scheduler() -> None:
    """Run the scheduler, one per deployment, which starts maintenance tasks."""
    from worker.app import make_worker_app

    make_worker_app(_worker_settings()).start(["beat"])


@app.command()
def migrate() -> None:
    """Migrate the database to this version."""
    settings = read_settings()
    migrate_first(settings)
    typer.echo("The database is up to date.")


def _free_port(host: str, port: int) -> int:
    """The port, if nobody listens there; a free one for 0."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            refuse(
                f"Cannot listen on {host}:{port}: {error.strerror}. Choose another PORT or HOST."
            )
        return int(probe.getsockname()[1])


def _browsable_host(host: str) -> str:
    """An address that a browser on this machine can open."""
    if host in {"0.0.0.0", "::", ""}:  # noqa: S104  # compared, not listened on
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host


def _answers(address: str) -> bool:
    """Whether the API is reachable and healthy."""
    try:
        with urllib.request.urlopen(f"{address}/api/v1/health", timeout=2) as answer:  # noqa: S310
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _worker_started(database: "Database", since: "datetime") -> bool:
    """Whether a worker with loaded models was seen since then."""
    from backend.core.db import utc_now
    from backend.jobs.workers import workers_alive

    now = utc_now()
    with database.read() as session:
        return workers_alive(session, now, now - since) > 0


def main() -> None:
    """Run the command line."""
    app()


if __name__ == "__main__":
    main()
