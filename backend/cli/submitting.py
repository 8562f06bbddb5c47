"""The sub-command `pocovid submit`: a folder of recordings, sent from anywhere over REST.

Everything that is needed to go on after an interruption is on the server: the draft by its title,
and each file with how much of it is there.
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

AT_ONCE = 3
PIECE_BYTES = 8 * 1024 * 1024
TRIES = 8
LONGEST_PAUSE_S = 20.0
_POLL_S = 1.0
_ON_ITS_WAY = ("queued", "running")
_NAMED_AT_MOST = 5
_TRY_AGAIN = (408, 409, 423, 429)


class SendError(Exception):
    """What the server, or the way to it, says no with: a sentence for people."""


@dataclass
class Outcome:
    """What a run found: the draft's id, what is wrong with which file, and in the table."""

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
    label: Annotated[str, typer.Option(help="For every file that the manifest says none of.")] = "",
    probe: Annotated[str, typer.Option(help="As --label.")] = "",
    licence: Annotated[str, typer.Option(help="As --label, such as 'CC BY 4.0'.")] = "",
    source: Annotated[str, typer.Option(help="As --label, such as the hospital.")] = "",
    consent: Annotated[
        bool,
        typer.Option(
            "--consent",
            help="You may share these recordings, and they name nobody: send them to the "
            "reviewers. Without it they stay a draft.",
        ),
    ] = False,
    skip_problems: Annotated[
        bool,
        typer.Option(
            "--skip-problems",
            help="Send also where rows of the manifest found no file, or cannot be used.",
        ),
    ] = False,
) -> None:
    """Send a folder of recordings for the dataset. Run again, it goes on where it was.

    The exit status is 0 when every file arrived and, with --consent, all was sent to the
    reviewers; 1 when something is to be looked at, which is named; 2 when nothing could be sent.
    A row of the manifest that found no file, or cannot be used, keeps all from being sent.
    """
    import httpx

    said = {"label": label, "probe": probe, "licence": licence, "source": source}
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
            defaults = {name: value for name, value in said.items() if value}
            outcome = Outcome(_draft(client, title or folder.resolve().name, defaults))
            _send_manifest(client, outcome, manifest)
            _send_files(client, outcome, files)
            _wait(client, outcome)
            _look_at_rows(client, outcome)
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
    """Paths by the names that are sent: within the folder, readable also where the disk's are not.

    What computers keep for themselves, and tables, are left out, and named or counted.
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
            _say(f"{name}: left out; a manifest is named by --manifest")
        elif file_names.is_spreadsheet(name):
            from backend.submissions.manifest import SPREADSHEET

            _say(f"{name}: left out; {SPREADSHEET}")
        else:
            paths.append(path)
    if junk:
        what = "file that computers keep" if junk == 1 else "files that computers keep"
        _say(f"{junk} {what} for themselves, such as .DS_Store and Thumbs.db, skipped")
    on_disk = [path.relative_to(folder).as_posix() for path in paths]
    readable = file_names.to_valid_text(on_disk)
    for name, sent in zip(on_disk, readable, strict=True):
        if name != sent:
            _say(f"{name}: its name is no text; it is sent as {sent}")
    return dict(zip(readable, paths, strict=True))


def _say(text: str) -> None:
    """A line on standard error, whatever is in the names that it holds."""
    typer.echo(terminal.printable(text), err=True)


def _draft(client: "httpx.Client", title: str, defaults: Mapping[str, str]) -> str:
    """The draft with this title, the newest one, or a new one."""
    for each in _items(client, "submissions"):
        if each["state"] == "draft" and each["title"] == title:
            if defaults:
                _call(client, "PATCH", f"submissions/{each['id']}", json={"defaults": defaults})
            typer.echo(f"Going on with the submission {each['id']}", err=True)
            return str(each["id"])
    made = _call(client, "POST", "submissions", json={"title": title, "defaults": defaults})
    typer.echo(f"Submission {made['id']}", err=True)
    return str(made["id"])


def _send_manifest(client: "httpx.Client", outcome: Outcome, manifest: Path | None) -> None:
    """Send the manifest before the files, which then find their rows; name what is wrong in it."""
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


def _look_at_rows(client: "httpx.Client", outcome: Outcome) -> None:
    """Name the rows that found no file or several, and those whose file has a similar name."""
    found = _check(client, outcome)
    for row in found["loose"]:
        _say(f"{_place(row)}: {row['file_name']}: {row['note']}")
    doubts = [row for row in found["manifest"] if row["status"] == "doubt"]
    for row in doubts:
        _say(f"{_place(row)}: {row['file_name']}: {row['problem']}")
    if missing := [row for row in found["manifest"] if row["status"] == "waiting"]:
        shown = ", ".join(row["file_name"] for row in missing[:_NAMED_AT_MOST])
        more = ", …" if len(missing) > _NAMED_AT_MOST else ""
        rows = "row names a file that is" if len(missing) == 1 else "rows name files that are"
        _say(f"{len(missing)} {rows} not here: {shown}{more}")
    outcome.table_problems += len(doubts) + len(missing)


def _place(row: Mapping[str, Any]) -> str:
    return f"{row['table'] or 'the table'}, line {row['line']}"


def _send_files(client: "httpx.Client", outcome: Outcome, files: Mapping[str, Path]) -> None:
    """Send what is not there, three at a time; a file that fails does not stop the others."""
    there = {}
    for each in list(_items(client, f"submissions/{outcome.submission}/files")):
        if each["state"] == "failed" and each["file_name"] in files:
            # perhaps it was mended since: its row makes room for what comes of it now
            client.delete(f"uploads/{each['id']}", headers={"Tus-Resumable": "1.0.0"})
        elif each["parent_id"] is None:
            there[each["file_name"]] = each
    sizes = {name: path.stat().st_size for name, path in files.items()}
    with terminal.progress() as shown, ThreadPoolExecutor(AT_ONCE) as pool:
        total = shown.add_task(f"{len(files)} files", total=sum(sizes.values()))
        jobs = {}
        for name, path in files.items():
            known = there.get(name)
            if known is not None and known["bytes"] != sizes[name]:
                known = None
            if known is not None and known["state"] != "receiving":
                shown.advance(total, sizes[name])
                continue
            upload = None if known is None else str(known["id"])
            job = pool.submit(_send, client, outcome.submission, name, path, upload, shown, total)
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
    shown: "Progress",
    total: "TaskID",
) -> str | None:
    """Send one file, or the rest of it; why that could not be done, or None."""
    said = {"filename": name, "submission": submission}
    try:
        if path.stat().st_size == 0:
            return "The file is empty: copy or export it again."
        with path.open("rb") as stream:
            return _send_stream(client, stream, said, upload, shown, total)
    except OSError as error:
        return f"It cannot be read: {error.strerror}."


def _send_stream(
    client: "httpx.Client",
    stream: BinaryIO,
    said: dict[str, str],
    upload: str | None,
    shown: "Progress",
    total: "TaskID",
) -> str | None:
    from tusclient.client import TusClient
    from tusclient.exceptions import TusCommunicationError

    endpoint = urljoin(str(client.base_url), "uploads")
    tus = TusClient(endpoint, {"Authorization": client.headers["authorization"]})
    uploader: Uploader | None = None
    told = tries = 0
    while True:
        try:
            if uploader is None:
                uploader = tus.uploader(
                    file_stream=stream,
                    url=f"{endpoint}/{upload}" if upload else None,
                    chunk_size=PIECE_BYTES,
                    metadata=said,
                )
            while uploader.offset < uploader.stop_at:
                uploader.upload_chunk()  # type: ignore[no-untyped-call]
                shown.advance(total, uploader.offset - told)
                told, tries = uploader.offset, 0
        except TusCommunicationError as error:
            tries += 1
            status = error.status_code
            if upload is not None and status in (404, 410):
                upload = uploader = None  # what was begun is not there any more: from the start
                continue
            upload = _begun(uploader) or upload
            # 409 means another offset for what was begun, and a refusal for what was not
            refused = status == 409 and upload is None
            again = status is None or status in _TRY_AGAIN or status >= 500
            if refused or not again or tries > TRIES:
                return _why(error.response_content, status)
            time.sleep(min(LONGEST_PAUSE_S, 0.5 * 2**tries))
            uploader = None
        else:
            return None


def _begun(uploader: "Uploader | None") -> str | None:
    """The id of the upload that the server gave, if it came so far."""
    address: str | None = getattr(uploader, "url", None)
    return None if address is None else address.rpartition("/")[2]


def _wait(client: "httpx.Client", outcome: Outcome) -> None:
    """Wait until the service has taken in what arrived; then name what it refused."""
    path = f"submissions/{outcome.submission}"
    with terminal.progress() as shown:
        bar = shown.add_task("Taken in by the service")
        while True:
            files = _call(client, "GET", path)["files"]
            waiting = sum(files[state] for state in _ON_ITS_WAY)
            through = files["done"] + files["failed"]
            shown.update(bar, completed=through, total=through + waiting)
            if not waiting:
                break
            time.sleep(_POLL_S)
    for each in _items(client, f"{path}/files?state=failed"):
        outcome.failed[each["file_name"]] = each["error"]["message"]


def _conclude(client: "httpx.Client", outcome: Outcome, *, consent: bool) -> int:
    """Say what is missing or there twice, and send it where it may be sent; things left to do."""
    path = f"submissions/{outcome.submission}"
    found = _check(client, outcome)
    missing = Counter(each["message"] for each in found["problems"])
    for message, count in missing.items():
        _say(f"{count} × {message}")
    twice = {each["contribution_id"] for each in found["duplicates"]}
    if twice:
        typer.echo(f"{len(twice)} recordings are, or look like, others (see the page)", err=True)
    held = _call(client, "GET", path)["contributions"]
    if not found["ready"]:
        typer.echo(f"{held} recordings in the draft {outcome.submission}: not ready to be sent")
        return len(missing) or 1
    if consent and outcome.table_problems:
        typer.echo(
            f"{held} recordings in the draft {outcome.submission}: not sent, because of "
            f"{outcome.table_problems} rows of the table. Mend them and run this again, or send "
            "the recordings as they are with --skip-problems."
        )
        return 0
    if not consent or outcome.failed:
        typer.echo(
            f"{held} recordings in the draft {outcome.submission}. Look at it on the page, or "
            "run this again with --consent to send it."
        )
        return 0
    _call(client, "POST", f"{path}/submit", json={"consent": True})
    typer.echo(f"{held} recordings sent to the reviewers: submission {outcome.submission}")
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
    """One call, tried again while the service is away for a moment.

    Raises:
        SendError: it says no, or cannot be reached.
    """
    import httpx

    for tries in range(1, TRIES + 1):
        try:
            answer = client.request(method, path, **body)
        except httpx.TransportError as error:
            if tries == TRIES or (tries > 2 and isinstance(error, httpx.ConnectError)):
                raise SendError(f"{client.base_url.host} cannot be reached: {error}") from error
        else:
            if answer.is_success:
                found: dict[str, Any] = answer.json()
                return found
            if answer.status_code not in (429, 502, 503) or tries == TRIES:
                raise SendError(_why(answer.content, answer.status_code))
        time.sleep(min(LONGEST_PAUSE_S, 0.25 * 2**tries))
    raise AssertionError("the last try returns or raises")


def _why(content: bytes | None, status: int | None) -> str:
    """The sentence of a problem body, or what else can be said."""
    try:
        return str(json.loads(content or b"")["detail"])
    except (ValueError, KeyError, TypeError):
        return "The line broke." if status is None else f"The service answered {status}."
