"""`pocovid screen`: a line for each file, whatever is in it and whatever it is called."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from typer.testing import CliRunner, Result

from backend.cli import main as cli
from backend.cli import terminal
from models.inference import predict, screen
from tests import media_files
from tests.models.media.odd_files import Track, clip, flat, muxed

LONGEST = 255
NAMES: dict[str, str] = {
    "a colon": "2024-01-01T12:30:05.mp4",
    "a protocol": "http:clip.mp4",
    "FFmpeg's own protocol": "file:clip.mp4",
    "another protocol": "pipe:0",
    "percent signs": "%03d %s 100%.mp4",
    "a line end": "two\nlines.mp4",
    "no valid UTF-8": os.fsdecode(b"Lunge\xfc.mp4"),
    "a right-to-left mark": "scan\u202e4pm.exe",
    "decomposed letters": "Lu\u0308tt.mp4",
    "255 bytes": "x" * (LONGEST - 4) + ".mp4",
    "markup": "[bold]x[red].mp4",
    "a leading dash": "-n.mp4",
    "two leading dashes": "--help-me.mp4",
    "stars": "*?[a-z]{1}.mp4",
    "quotes": "'\"`$(id)\\.mp4",
    "a trailing space": "clip.mp4 ",
    "no ending": "clip",
}


class Undecided:
    """Two models that find every class as likely."""

    version = "undecided"

    def scores(self, frames: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        return np.full((2, len(frames), 3), 1 / 3, dtype=np.float32)


@pytest.fixture(autouse=True)
def _no_models(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(predict.Predictor, "load", Undecided)


@pytest.fixture(autouse=True)
def _in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli.app, ["screen", *arguments])


def lines(answer: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in answer.stdout.splitlines()]


def changing_size() -> bytes:
    pictures = [flat(n) for n in range(6)] + [flat(n, 32, 32) for n in range(6)]
    return muxed("webm", [Track(pictures, "libvpx")])


@pytest.mark.parametrize("make", [clip, media_files.image], ids=["clip", "still"])
@pytest.mark.parametrize("name", NAMES.values(), ids=list(NAMES))
def test_a_name_is_data(name: str, make: Callable[[], bytes]) -> None:
    Path(name).write_bytes(make())
    answer = run("--json", name)
    assert answer.exit_code == 0, answer.output
    (line,) = lines(answer)
    assert "result" in line
    if name == os.fsencode(name).decode("utf-8", "replace"):
        assert line["file"] == name


def test_names_in_the_table_stay_on_their_line() -> None:
    for name in NAMES.values():
        Path(name).write_bytes(media_files.image())
    answer = run(*NAMES.values())
    assert answer.exit_code == 0
    assert "\u202e" not in answer.stdout
    assert "[bold]x[red].mp4" in answer.stdout
    assert "two\\nlines.mp4" in answer.stdout
    assert answer.stdout.count("2 of 2") + answer.stdout.count("1 of 2") == len(NAMES)


def test_no_file_ends_a_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    contents = {
        "size.webm": changing_size(),
        "bad.mp4": b"\0\0\0\x18ftypisom" + bytes(400),
        "empty.png": b"",
        "text.txt": b"nothing to see " * 9,
        "good.png": media_files.image(),
    }
    for name, content in contents.items():
        Path(name).write_bytes(content)
    Path("folder").mkdir()
    answer = run("--json", "missing.png", "folder", *contents)
    assert answer.exit_code == 1
    found = lines(answer)
    assert [line["file"] for line in found] == ["missing.png", "folder", *contents]
    answered = [line["file"] for line in found if "result" in line]
    assert answered == ["size.webm", "good.png"]
    assert all(line["error"]["message"] for line in found if "error" in line)


@pytest.mark.parametrize("error", [KeyError("x"), MemoryError(), AssertionError(), Exception("y")])
@pytest.mark.parametrize("as_json", [True, False])
def test_an_error_of_our_own_ends_no_batch_either(
    error: Exception, as_json: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = screen.screen

    def broken(path: Path, *arguments: object) -> object:
        if path.name == "a.png":
            raise error
        return real(path, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(screen, "screen", broken)
    for name in ("a.png", "b.png"):
        Path(name).write_bytes(media_files.image())
    answer = run(*(["--json"] if as_json else []), "a.png", "b.png")
    assert answer.exit_code == 1
    if as_json:
        first, second = lines(answer)
        assert first["error"]["code"] == "internal_error"
        assert "result" in second
    else:
        assert "b.png" in answer.stdout
        assert "Internal error" in answer.stdout


def test_all_answered_ends_with_status_0() -> None:
    Path("a.png").write_bytes(media_files.image())
    answer = run("a.png")
    assert answer.exit_code == 0
    assert "a.png" in answer.stdout


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Lütt 肺.mp4", "Lütt 肺.mp4"),
        ("a\nb\tc\x1b[31m", "a\\nb\\tc\\x1b[31m"),
        ("\u202eabc\u2069", "\\u202eabc\\u2069"),
        ("\udcfc", "\\udcfc"),
    ],
)
def test_a_printed_name_moves_no_cursor(text: str, shown: str) -> None:
    assert terminal.printable(text) == shown
