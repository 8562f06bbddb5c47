"""The sub-command `pocovid submit`: send a folder of recordings over REST.

Everything needed to resume after an interruption is on the server: the draft by its title, and
every file with the number of bytes received.
"""

import json
import os
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO
from urllib.parse import urljoin

import typer

from backend.cli import terminal
from models.data import file_names

if TYPE_CHECKING:
    import httpx
    from rich.progress import Progress, TaskID
    from tusclient.uploader.uploader import Uploader

app = typer.Typer()

CONCURRENT_UPLOADS = 3
PIECE_BYTES = 8 * 1024 * 1024
MAX_TRIES = 8
MAX_PAUSE_S = 20.0
_POLL_S = 1.0
_IMPORTING = ("queued", "running")
_MAX_NAMED = 5
_TRY_AGAIN = (408, 409, 423, 429)


class SendError(Exception):
    """The server refuses or cannot be reached; the message is a sentence for people."""


@dataclass
class Outcome:
    """The outcome of a run: the draft's id, failed files, and problems in the table."""

    submission: str
    failed: dict[str, str] = field(default_factory=dict)
    table_problems: int = 0


@app.command()
def submit(
    folder: Annotated[Path, typer.Argument(exists=True, file_okay=False, help="The recordings.")],
    url: Annotated[str, typer.Option(envvar="POCOVID_URL", help="Address of the service.")],
    token: Annotated[
        str, typer.Option(envvar="POCOVID_TOKEN", help="API token with the scope submit.")
    ],
    manifest: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="CSV with a row for each file.")
    ] = None,
    title: Annotated[str, typer.Option(help="Of the submission. [default: the folder's]")] = "",
    label: Annotated[str, typer.Option(help="For files without a label in the manifest.")] = "",
    probe: Annotated[str, typer.Option(help="As --label.")] = "",
    licence: Annotated[str, typer.Option(help="As --label, such as 'CC BY 4.0'.")] = "",
    source: Annotated[str, typer.Option(help="As --label, such as the hospital.")] = "",
    consent: Annotated[
        bool,
        typer.Option(
            "--consent",
            help="You may share these recordings, and they identify nobody: submit them to the "
            "reviewers. Without it they stay a draft.",
        ),
    ] = False,
    mask_text: Annotated[
        bool,
        typer.Option(
            "--mask-text",
            help="Mask all text in the pictures that may name a person and was not decided on.",
        ),
    ] = False,
    skip_problems: Annotated[
        bool,
        typer.Option(
            "--skip-problems",
            help="Submit even if rows of the manifest have no file or cannot be used.",
        ),
    ] = False,
) -> None:
    """Send a folder of recordings for the dataset. Run it again to resume.

    The exit status is 0 if every file arrived and, with --consent, everything was submitted to the
    reviewers; 1 if something needs attention, which is listed; 2 if nothing could be sent. Rows of
    the manifest without a file, or with unusable cells, keep everything from being submitted.
    """
    import httpx

    fields = {"label": label, "probe": probe, "licence": licence, "source": source}
    if manifest is not None and file_names.is_spreadsheet(manifest.name):
        from backend.submissions.manifest import SPREADSHEET

        terminal.stop(f"{terminal.printable(manifest.name)}: {SPREADSHEET}")
    files = _files(folder, manifest)
    if not files:
        terminal.stop(f"There are no files in {folder}.")
    base = url.rstrip("/") + "/api/v1/"
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=base, headers=headers, timeout=60) as client:
        try:
            defaults = {name: value for name, value in fields.items() if value}
            outcome = Outcome(_draft(client, title or folder.resolve().name, defaults))
            _send_manifest(client, outcome, manifest)
            _send_files(client, outcome, files)
            _wait(client, outcome)
            _report_rows(client, outcome)
            if mask_text:
                _mask_text(client, outcome)
            if skip_problems:
                outcome.table_problems = 0
            left = _conclude(client, outcome, consent=consent)
        except SendError as error:
            terminal.stop(str(error))
    for name, why in sorted(outcome.failed.items()):
        _say(f"{name}: {why}")
    if outcome.failed or outcome.table_problems or left:
        raise typer.Exit(1)


def _files(folder: Path, manifest: Path | None) -> dict[str, Path]:
    """Paths by the names that are sent: relative to the folder, and made valid text.

    System files are skipped and counted, tables are skipped and listed.
    """
    paths: list[Path] = []
    junk = 0
    for path in sorted(folder.rglob("*"), key=os.fsencode):
        name = path.relative_to(folder).as_posix()
        if not path.is_file() or (manifest and path.samefile(manifest)):
            continue
        if file_names.is_junk(name):
            junk += 1
        elif path.suffix.lower() in (".csv", ".tsv"):
            _say(f"{name}: skipped; pass a manifest with --manifest")
        elif file_names.is_spreadsheet(name):
            from backend.submissions.manifest import SPREADSHEET

            _say(f"{name}: skipped; {SPREADSHEET}")
        else:
            paths.append(path)
    if junk:
        what = "system file" if junk == 1 else "system files"
        _say(f"{junk} {what}, such as .DS_Store and Thumbs.db, skipped")
    on_disk = [path.relative_to(folder).as_posix() for path in paths]
    readable = file_names.to_valid_text(on_disk)
    for name, sent in zip(on_disk, readable, strict=True):
        if name != sent:
            _say(f"{name}: the name is not valid text; it is sent as {sent}")
    return dict(zip(readable, paths, strict=True))


def _say(text: str) -> None:
    """Print a line on standard error, with any control characters escaped."""
    typer.echo(terminal.printable(text), err=True)


def _draft(client: "httpx.Client", title: str, defaults: Mapping[str, str]) -> str:
    """The newest draft with this title, or a new one."""
    for submission in _items(client, "submissions"):
        if submission["state"] == "draft" and submission["title"] == title:
            if defaults:
                _call(
                    client, "PATCH", f"submissions/{submission['id']}", json={"defaults": defaults}
                )
            typer.echo(f"Resuming the submission {submission['id']}", err=True)
            return str(submission["id"])
    made = _call(client, "POST", "submissions", json={"title": title, "defaults": defaults})
    typer.echo(f"Submission {made['id']}", err=True)
    return str(made["id"])


def _send_manifest(client: "httpx.Client", outcome: Outcome, manifest: Path | None) -> None:
    """Send the manifest before the files, and list what is wrong in it."""
    if manifest is None:
        return
    (table,) = file_names.to_valid_text([manifest.name])
    path = f"submissions/{outcome.submission}/manifest"
    answer = _call(client, "POST", path, params={"table": table}, content=manifest.read_bytes())
    for row in answer["rows"]:
        if row["note"] and row["line"] == 1:
            _say(f"{table}: {row['note']}")
        if row["status"] in ("partly", "refused"):
            _say(f"{table}, line {row['line']}: {row['file_name']}: {row['problem']}")
            outcome.table_problems += row["line"] > 1


def _mask_text(client: "httpx.Client", outcome: Outcome) -> None:
    changed = _call(client, "POST", f"submissions/{outcome.submission}/mask-text")["changed"]
    _say(f"Text that may name a person is masked in {changed} of the recordings.")


def _report_rows(client: "httpx.Client", outcome: Outcome) -> None:
    """List the rows without a file or with several, and those whose file has a similar name."""
    check = _check(client, outcome)
    for row in check["loose"]:
        _say(f"{_place(row)}: {row['file_name']}: {row['note']}")
    doubts = [row for row in check["manifest"] if row["status"] == "doubt"]
    for row in doubts:
        _say(f"{_place(row)}: {row['file_name']}: {row['problem']}")
    if missing := [row for row in check["manifest"] if row["status"] == "waiting"]:
        shown = ", ".join(row["file_name"] for row in missing[:_MAX_NAMED])
        more = ", …" if len(missing) > _MAX_NAMED else ""
        rows = "row has" if len(missing) == 1 else "rows have"
        _say(f"{len(missing)} {rows} no file: {shown}{more}")
    outcome.table_problems += len(doubts) + len(missing)


def _place(row: Mapping[str, Any]) -> str:
    return f"{row['table'] or 'the table'}, line {row['line']}"


def _send_files(client: "httpx.Client", outcome: Outcome, files: Mapping[str, Path]) -> None:
    """Upload missing files, three at a time; a file that fails does not stop the others."""
    known_files = {}
    for file in list(_items(client, f"submissions/{outcome.submission}/files")):
        if file["state"] == "failed" and file["file_name"] in files:
            # perhaps it was repaired since: delete its row so that it can be sent again
            client.delete(f"uploads/{file['id']}", headers={"Tus-Resumable": "1.0.0"})
        elif file["parent_id"] is None:
            known_files[file["file_name"]] = file
    sizes = {name: path.stat().st_size for name, path in files.items()}
    with terminal.progress() as progress, ThreadPoolExecutor(CONCURRENT_UPLOADS) as pool:
        total = progress.add_task(f"{len(files)} files", total=sum(sizes.values()))
        jobs = {}
        for name, path in files.items():
            known = known_files.get(name)
            if known is not None and known["bytes"] != sizes[name]:
                known = None
            if known is not None and known["state"] != "receiving":
                progress.advance(total, sizes[name])
                continue
            upload = None if known is None else str(known["id"])
            job = pool.submit(
                _send, client, outcome.submission, name, path, upload, progress, total
            )
            jobs[job] = name
        for job in as_completed(jobs):
            if (why := job.result()) is not None:
                outcome.failed[jobs[job]] = why


def _send(
    client: "httpx.Client",
    submission: str,
    name: str,
    path: Path,
    upload: str | None,
    progress: "Progress",
    total: "TaskID",
) -> str | None:
    """Upload a file, or the rest of it; returns why that failed, or None."""
    metadata = {"filename": name, "submission": submission}
    try:
        if path.stat().st_size == 0:
            return "The file is empty: copy or export it again."
        with path.open("rb") as stream:
            return _send_stream(client, stream, metadata, upload, progress, total)
    except OSError as error:
        return f"It cannot be read: {error.strerror}."


def _send_stream(
    client: "httpx.Client",
    stream: BinaryIO,
    metadata: dict[str, str],
    upload: str | None,
    progress: "Progress",
    total: "TaskID",
) -> str | None:
    from tusclient.client import TusClient
    from tusclient.exceptions import TusCommunicationError

    endpoint = urljoin(str(client.base_url), "uploads")
    tus = TusClient(endpoint, {"Authorization": client.headers["authorization"]})
    uploader: Uploader | None = None
    sent = tries = 0
    while True:
        try:
            if uploader is None:
                uploader = tus.uploader(
                    file_stream=stream,
                    url=f"{endpoint}/{upload}" if upload else None,
                    chunk_size=PIECE_BYTES,
                    metadata=metadata,
                )
            while uploader.offset < uploader.stop_at:
                uploader.upload_chunk()  # type: ignore[no-untyped-call]
                progress.advance(total, uploader.offset - sent)
                sent, tries = uploader.offset, 0
        except TusCommunicationError as error:
            tries += 1
            status = error.status_code
            if upload is not None and status in (404, 410):
                upload = uploader = None  # the upload no longer exists: start over
                continue
            upload = _begun(uploader) or upload
            # 409 means a different offset for an existing upload, and a refusal for a new one
            refused = status == 409 and upload is None
            again = status is None or status in _TRY_AGAIN or status >= 500
            if refused or not again or tries > MAX_TRIES:
                return _why(error.response_content, status)
            time.sleep(min(MAX_PAUSE_S, 0.5 * 2**tries))
            uploader = None
        else:
            return None


def _begun(uploader: "Uploader | None") -> str | None:
    """The id that the server gave the upload, if it got that far."""
    address: str | None = getattr(uploader, "url", None)
    return None if address is None else address.rpartition("/")[2]


def _wait(client: "httpx.Client", outcome: Outcome) -> None:
    """Wait until the service has imported all files; then list those it refused."""
    path = f"submissions/{outcome.submission}"
    with terminal.progress() as progress:
        bar = progress.add_task("Imported by the service")
        while True:
            files = _call(client, "GET", path)["files"]
            waiting = sum(files[state] for state in _IMPORTING)
            through = files["done"] + files["failed"]
            progress.update(bar, completed=through, total=through + waiting)
            if not waiting:
                break
            time.sleep(_POLL_S)
    for file in _items(client, f"{path}/files?state=failed"):
        outcome.failed[file["file_name"]] = file["error"]["message"]


def _conclude(client: "httpx.Client", outcome: Outcome, *, consent: bool) -> int:
    """Report problems and duplicates, and submit if possible; returns the number of problems."""
    path = f"submissions/{outcome.submission}"
    check = _check(client, outcome)
    missing = Counter(problem["message"] for problem in check["problems"])
    for message, count in missing.items():
        _say(f"{count} × {message}")
    duplicates = {duplicate["contribution_id"] for duplicate in check["duplicates"]}
    if duplicates:
        typer.echo(
            f"{len(duplicates)} recordings equal or resemble others (see the page)", err=True
        )
    total = _call(client, "GET", path)["contributions"]
    if not check["ready"]:
        typer.echo(
            f"{total} recordings in the draft {outcome.submission}: not ready to be submitted"
        )
        return len(missing) or 1
    if consent and outcome.table_problems:
        typer.echo(
            f"{total} recordings in the draft {outcome.submission}: not submitted, because "
            f"of {outcome.table_problems} rows of the table. Correct them and run this again, or "
            "submit the recordings as they are with --skip-problems."
        )
        return 0
    if not consent or outcome.failed:
        typer.echo(
            f"{total} recordings in the draft {outcome.submission}. View it on the page, or "
            "run this again with --consent to submit it."
        )
        return 0
    _call(client, "POST", f"{path}/submit", json={"consent": True})
    typer.echo(f"{total} recordings submitted to the reviewers: submission {outcome.submission}")
    return 0


def _check(client: "httpx.Client", outcome: Outcome) -> dict[str, Any]:
    return _call(client, "GET", f"submissions/{outcome.submission}/check")


def _items(client: "httpx.Client", path: str) -> Iterator[dict[str, Any]]:
    """Every item of a list, page by page."""
    cursor: str | None = ""
    while cursor is not None:
        joint = "&" if "?" in path else "?"
        page = _call(
            client, "GET", f"{path}{joint}limit=200" + (f"&cursor={cursor}" if cursor else "")
        )
        yield from page["items"]
        cursor = page["next"]


def _call(client: "httpx.Client", method: str, path: str, **body: Any) -> dict[str, Any]:
    """One call, repeated while the service is briefly unavailable.

    Raises:
        SendError: the service refuses, or cannot be reached.
    """
    import httpx

    for tries in range(1, MAX_TRIES + 1):
        try:
            answer = client.request(method, path, **body)
        except httpx.TransportError as error:
            if tries == MAX_TRIES or (tries > 2 and isinstance(error, httpx.ConnectError)):
                raise SendError(f"{client.base_url.host} cannot be reached: {error}") from error
        else:
            if answer.is_success:
                found: dict[str, Any] = answer.json()
                return found
            if answer.status_code not in (429, 502, 503) or tries == MAX_TRIES:
                raise SendError(_why(answer.content, answer.status_code))
        time.sleep(min(MAX_PAUSE_S, 0.25 * 2**tries))
    raise AssertionError("the last try returns or raises")


def _why(content: bytes | None, status: int | None) -> str:
    """The detail of a problem document, or another sentence."""
    try:
        return str(json.loads(content or b"")["detail"])
    except (ValueError, KeyError, TypeError):
        return "The connection broke." if status is None else f"The service answered {status}."
