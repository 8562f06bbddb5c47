"""`pocovid submit` against a real server: everything arrives, what fails is named, it goes on."""

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from sqlalchemy import select
from typer.testing import CliRunner, Result

from backend.cli import main as cli
from backend.tables import Contribution, Submission, Upload
from models.phantom.lettering import FACES, write
from tests import archives, media_files, tus
from tests.conftest import Api, SignedIn
from tests.factories import create_token
from tests.importing import importing

SAID = ("--label", "healthy", "--probe", "convex", "--licence", "CC0 1.0", "--source", "Ward 3")


@pytest.fixture
def busy(api: Api, monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    """The server, with a worker that takes in what arrives."""
    with importing(api, monkeypatch) as busy_api:
        yield busy_api


@pytest.fixture
def me(busy: Api, sign_in: Callable[..., SignedIn]) -> SignedIn:
    return sign_in(busy)


@pytest.fixture
def submit(busy: Api, me: SignedIn, tmp_path: Path) -> Callable[..., Result]:
    with busy.database.write() as session:
        _, secret = create_token(session, me.user, "submit")
        session.commit()

    def run(*words: str, token: str = secret) -> Result:
        folder = tmp_path / "ward"
        options = ("--url", busy.url, "--token", token)
        return CliRunner().invoke(cli.app, ["submit", str(folder), *options, *words])

    return run


@pytest.fixture
def ward(tmp_path: Path) -> Path:
    folder = tmp_path / "ward"
    (folder / "bed 1").mkdir(parents=True)
    for name, content in {
        "a.mp4": media_files.video(seconds=1),
        "bed 1/b.png": media_files.image(seed=1),
        "more.zip": archives.packed(archives.pictures(2)),
        ".hidden.mp4": b"x",
    }.items():
        (folder / name).write_bytes(content)
    return folder


def all_of(api: Api, table: Any) -> list[Any]:
    with api.database.read() as session:
        return list(session.scalars(select(table).order_by(table.created_at)))


def test_a_folder_is_sent_and_submitted(
    busy: Api, ward: Path, submit: Callable[..., Result], tmp_path: Path
) -> None:
    manifest = tmp_path / "labels.csv"
    manifest.write_text("file_name,label\na.mp4,covid19\nelsewhere.mp4,covid19\n")
    result = submit(*SAID, "--consent", "--manifest", str(manifest))
    assert result.exit_code == 1, result.output
    assert "1 row has no file: elsewhere.mp4" in result.output
    assert {row.state for row in all_of(busy, Contribution)} == {"draft"}
    result = submit(*SAID, "--consent", "--manifest", str(manifest), "--skip-problems")
    assert result.exit_code == 0, result.output
    rows = {row.file_name: row for row in all_of(busy, Contribution)}
    assert set(rows) == {"a.mp4", "bed 1/b.png", "ward/000.png", "ward/001.png"}
    assert rows["a.mp4"].label == "covid19"
    assert rows["ward/000.png"].label == "healthy"
    assert {row.state for row in rows.values()} == {"pending"}


def test_what_fails_is_named_and_can_be_mended(
    busy: Api, ward: Path, submit: Callable[..., Result]
) -> None:
    (ward / "c.mp4").write_bytes(media_files.truncated(media_files.video(seconds=3)))
    (ward / "letter.doc").write_bytes(b"Dear all")
    (ward / "d.mp4").write_bytes(b"")
    result = submit(*SAID, "--consent")
    assert result.exit_code == 1
    assert "c.mp4: The file stops before its end" in result.output
    assert "letter.doc: " in result.output
    assert "d.mp4: The file is empty" in result.output
    assert {row.state for row in all_of(busy, Contribution)} == {"draft"}

    (ward / "c.mp4").write_bytes(media_files.video(seconds=3))
    for name in ("letter.doc", "d.mp4"):
        (ward / name).unlink()
    again = submit(*SAID, "--consent")
    assert again.exit_code == 1, again.output  # the letter's refusal still stands in the draft
    (only,) = {row.id for row in all_of(busy, Submission)}
    files = [row for row in all_of(busy, Upload) if row.parent_id is None]
    assert [row.file_name for row in files if row.state == "failed"] == ["letter.doc"]
    assert len(all_of(busy, Contribution)) == 5
    assert {row.submission_id for row in files} == {only}


def test_it_goes_on_where_it_was(
    busy: Api, me: SignedIn, ward: Path, submit: Callable[..., Result]
) -> None:
    draft = me.client.post("/submissions", json={"title": "ward"}).json()["id"]
    content = (ward / "a.mp4").read_bytes()
    begun = tus.upload_id(tus.create(me.client, draft, "a.mp4", len(content)))
    tus.patch(me.client, begun, 0, content[:500])
    result = submit()
    assert result.exit_code == 1  # nothing was said of the recordings
    assert "Say what the recording shows." in result.output
    files = [row for row in all_of(busy, Upload) if row.parent_id is None]
    assert sorted(row.file_name for row in files) == ["a.mp4", "bed 1/b.png", "more.zip"]
    assert next(row for row in files if row.file_name == "a.mp4").id == begun
    before = {row.id for row in all_of(busy, Upload)}
    submit()
    assert {row.id for row in all_of(busy, Upload)} == before


def test_a_bad_row_is_named_with_its_line(
    busy: Api, ward: Path, submit: Callable[..., Result], tmp_path: Path
) -> None:
    manifest = tmp_path / "labels.csv"
    manifest.write_text("file_name,label\na.mp4,flu\n")
    result = submit("--manifest", str(manifest))
    assert result.exit_code == 1
    assert "labels.csv, line 2: a.mp4: label: The label 'flu' is not one of" in result.output


def test_what_cannot_be_sent_at_all_ends_with_a_sentence(
    busy: Api, ward: Path, submit: Callable[..., Result], tmp_path: Path
) -> None:
    result = submit(token="pocovid_nonsense")
    assert (result.exit_code, "token" in result.output) == (2, True)
    (tmp_path / "empty").mkdir()
    words = ["submit", str(tmp_path / "empty"), "--url", busy.url, "--token", "x"]
    assert CliRunner().invoke(cli.app, words).exit_code == 2
    words = ["submit", str(ward), "--url", "http://127.0.0.1:9", "--token", "x"]
    nobody = CliRunner().invoke(cli.app, words)
    assert (nobody.exit_code, "cannot be reached" in nobody.output) == (2, True)


def test_a_mended_table_takes_the_place_of_the_one_before(
    busy: Api, ward: Path, submit: Callable[..., Result], tmp_path: Path
) -> None:
    manifest = tmp_path / "labels.csv"
    manifest.write_text("file_name,label\na.mp4,covid19\nelsewhere.mp4,covid19\nx,viral\nx,other\n")
    result = submit(*SAID, "--consent", "--manifest", str(manifest))
    assert result.exit_code == 1
    assert "Line 4 and line 5 name the same file and contradict each other." in result.output
    manifest.write_text("file_name,label\nA.mp4,covid19\n")
    result = submit(*SAID, "--consent", "--manifest", str(manifest))
    assert result.exit_code == 0, result.output
    assert "labels.csv, line 2: A.mp4: It was applied to the file 'a.mp4'." in result.output
    assert {row.label for row in all_of(busy, Contribution) if row.file_name == "a.mp4"} == {
        "covid19"
    }


def test_a_refused_licence_keeps_all_from_being_sent_until_it_is_set(
    busy: Api, me: SignedIn, ward: Path, submit: Callable[..., Result], tmp_path: Path
) -> None:
    manifest = tmp_path / "labels.csv"
    manifest.write_text("file_name,label,licence\na.mp4,covid19,private\n")
    said = (*SAID, "--consent", "--manifest", str(manifest))
    assert submit(*said).exit_code == 1
    result = submit(*said, "--skip-problems")  # the default is not what the table says
    assert result.exit_code == 1
    assert "The table's licence cannot be used" in result.output
    (row,) = (row for row in all_of(busy, Contribution) if row.file_name == "a.mp4")
    assert row.label == "covid19"
    me.client.patch(f"/contributions/{row.id}", json={"licence": "CC0 1.0"})
    assert submit(*said, "--skip-problems").exit_code == 0


def test_what_computers_keep_for_themselves_is_skipped_and_counted(
    busy: Api, ward: Path, submit: Callable[..., Result]
) -> None:
    for name in ("Thumbs.db", "desktop.ini", ".DS_Store", "bed 1/._b.png", "__MACOSX/x.png"):
        (ward / name).parent.mkdir(exist_ok=True)
        (ward / name).write_bytes(b"x")
    result = submit(*SAID, "--consent")
    assert result.exit_code == 0, result.output
    assert "6 system files" in result.output
    assert len(all_of(busy, Contribution)) == 4


def test_a_spreadsheet_is_refused_in_one_sentence(
    busy: Api, ward: Path, submit: Callable[..., Result], tmp_path: Path
) -> None:
    table = ward / "labels.xlsx"
    table.write_bytes(archives.office_open_xml("xl"))
    result = submit(*SAID, "--manifest", str(table))
    assert (result.exit_code, "save it as CSV" in result.output) == (2, True)
    table.rename(ward / "labels.csv")
    result = submit(*SAID, "--manifest", str(ward / "labels.csv"))
    assert (result.exit_code, "save it as CSV" in result.output) == (2, True)
    (ward / "labels.csv").rename(table)
    result = submit(*SAID, "--consent")
    assert result.exit_code == 0, result.output
    assert "labels.xlsx: skipped; This is a spreadsheet" in result.output


def test_names_that_are_no_text_or_very_long_are_sent(
    busy: Api, ward: Path, submit: Callable[..., Result], tmp_path: Path
) -> None:
    long = "d" * 200 + "/" + "e" * 200 + "/" + "ü" * 120 + ".png"
    odd = [
        "Lunge\udcfc.png",
        "a\nb.png",
        "\u202egnp.x.png",
        " a .png",
        "u\u0308.png",
        long,
        "a:b%s.png",
    ]
    for number, name in enumerate(odd):
        path = ward / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(media_files.image(seed=10 + number))
    manifest = tmp_path / "labels.csv"
    manifest.write_text("file_name,label\nLungeü.png,viral\nü.png,covid19\n", encoding="utf-8")
    result = submit(*SAID, "--consent", "--manifest", str(manifest))
    assert result.exit_code == 0, result.output
    assert "the name is not valid text; it is sent as Lungeü.png" in result.output
    found = {row.file_name: row.label for row in all_of(busy, Contribution)}
    assert set(found) >= {"Lungeü.png", *odd[1:]}
    assert (found["Lungeü.png"], found["u\u0308.png"]) == ("viral", "covid19")
    again = submit(*SAID, "--consent", "--title", "ward 2")
    assert again.exit_code == 0, again.output


def test_names_in_the_pictures_stop_it_until_they_are_masked(
    busy: Api, tmp_path: Path, submit: Callable[..., Result]
) -> None:
    field = (media_files.speckle(300, 240) // 3).astype(np.uint8)
    named, _ = write(field, "Erika Mustermann", FACES[4], 40, 100)
    content = io.BytesIO()
    Image.fromarray(named).save(content, "PNG")
    (tmp_path / "ward").mkdir()
    (tmp_path / "ward" / "named.png").write_bytes(content.getvalue())
    result = submit(*SAID, "--consent")
    assert result.exit_code == 1, result.output
    assert "Text in the picture may name a person" in result.output
    assert "Mustermann" not in result.output
    result = submit(*SAID, "--consent", "--mask-text")
    assert result.exit_code == 0, result.output
    assert "masked in 1 of the recordings" in result.output
    (row,) = all_of(busy, Contribution)
    assert (row.state, [box.decision for box in row.text_boxes]) == ("pending", ["mask"])
