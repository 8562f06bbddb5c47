"""`pocovid screen`: a line for each file, whatever is in it and whatever it is called."""

import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from backend.cli import main as cli
from backend.cli import terminal
from backend.cli.screening import REFUSED_STATUS
from models.contract import CONVEX, LUNG, SIGN_MAPS, SIGNS, Prediction, Probe, Square
from models.inference import predict, screen
from models.inference.answer import Method
from models.inference.evidence import Evidence, Signs
from tests import media_files
from tests.models.media.odd_files import Track, clip, flat, muxed, packed
from tests.plain_scorer import PlainScorer

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


class Undecided(PlainScorer):
    """Two models that find every class as likely."""

    version = "undecided"

    def scores(self, frames: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        return np.full((2, len(frames), 3), 1 / 3, dtype=np.float32)


class WithSigns(Undecided):
    """Sees B-lines, and a lung wherever a frame is bright."""

    version = "with-signs"
    names = (*SIGNS, LUNG, CONVEX)

    def __init__(self, *, convex: float = 0.9) -> None:
        self.convex = convex

    def evidence(self, frames: npt.NDArray[np.uint8]) -> Evidence:
        whole = np.zeros((len(frames), len(self.names)), dtype=np.float32)
        whole[:, SIGNS.index("b_lines")] = 0.75
        whole[:, self.names.index(LUNG)] = frames.mean(axis=(1, 2, 3)) > 40
        whole[:, self.names.index(CONVEX)] = self.convex
        maps = np.full((len(frames), 14, 14, len(SIGN_MAPS)), 0.9, dtype=np.float32)
        cams = np.ones((len(frames), 3, 14, 14), dtype=np.float32)
        return Evidence(self.scores(frames), Signs(maps, whole), cams)

    def conclude(
        self,
        evidences: Sequence[Evidence],
        times_s: Sequence[float],
        square: Square,
        probe: Probe = Probe.CONVEX,
    ) -> Prediction:
        usable = {"lung": 0.5, "convex": 0.5, "frames": 0.5}
        method = Method(self.version, says=True, signs=self.names, usable=usable)
        return method.conclude(evidences, times_s, square, probe)


@pytest.fixture(autouse=True)
def _no_models(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(predict.Predictor, "load", lambda **_: Undecided())


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


class TestRefused:
    """What does not look like lung ultrasound gets no class, unless somebody asks for one."""

    @pytest.fixture(autouse=True)
    def _files(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(predict.Predictor, "load", lambda **_: WithSigns())
        for name, level in (("lung.png", 90), ("black.png", 0)):
            picture = np.full((64, 64, 3), level, dtype=np.uint8)
            Path(name).write_bytes(packed(Image.fromarray(picture), "PNG"))

    def test_the_table_names_no_class_and_says_why(self) -> None:
        answer = run("black.png")
        assert answer.exit_code == REFUSED_STATUS == 3
        assert "black.png: This does not look like lung ultrasound." in answer.stdout
        assert "--answer-anyway" in answer.stdout
        assert "33.3%" not in answer.stdout

    def test_the_others_are_answered(self) -> None:
        answer = run("lung.png", "black.png")
        assert answer.exit_code == REFUSED_STATUS
        assert answer.stdout.count("33.3%") == 3
        assert "lung.png: B-lines; no A-lines" in answer.stdout
        assert answer.stdout.count("75%") == 1, "the table of signs has those of the answered one"
        assert run("lung.png").exit_code == 0

    def test_a_file_that_cannot_be_screened_matters_more(self) -> None:
        assert run("black.png", "missing.png").exit_code == 1

    def test_programs_get_nothing_that_names_a_class(self) -> None:
        answer = run("--json", "black.png")
        assert answer.exit_code == REFUSED_STATUS
        (line,) = lines(answer)
        result = line["result"]
        assert result["usable"] is False
        assert [each["code"] for each in result["reasons"]] == ["not_lung"]
        for name in ("label", "probability", "probabilities", "majority_vote", "agreement"):
            assert result[name] is None
        assert result["models"] == []
        assert [frame["probabilities"] for frame in result["frames"]] == [None]
        assert result["signs"]["b_lines"]["probability"] == 0.75
        assert result["answered_anyway"] is False

    def test_an_answer_all_the_same_is_marked(self) -> None:
        answer = run("--json", "--answer-anyway", "black.png", "lung.png")
        assert answer.exit_code == 0
        black, lung = (line["result"] for line in lines(answer))
        assert black["label"] is not None
        assert (black["usable"], black["answered_anyway"]) == (False, True)
        assert (lung["usable"], lung["answered_anyway"]) == (True, False)
        printed = run("--answer-anyway", "black.png").stdout
        assert "A class is named all the same" in printed
        assert printed.count("33.3%") == 3

    def test_a_linear_probe_is_asked_for(self) -> None:
        answer = run("--json", "--probe", "linear", "lung.png")
        (line,) = lines(answer)
        (reason,) = line["result"]["reasons"]
        assert reason["code"] == "linear_probe"
        assert reason["message"] == "with-signs answers for convex probes alone."
        assert run("--probe", "phased", "lung.png").exit_code == 2


class TestOverlay:
    def test_each_frame_is_written_with_its_maps(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(predict.Predictor, "load", lambda **_: WithSigns())
        Path("clip.mp4").write_bytes(clip(frames=6, rate=6))
        Path("scan.png").write_bytes(media_files.image())
        run("--overlay", "out", "clip.mp4", "scan.png")
        found = sorted(str(path) for path in Path("out").rglob("*.jpg"))
        assert found == [
            "out/1-clip/frame-000.jpg",
            "out/1-clip/frame-001.jpg",
            "out/1-clip/frame-002.jpg",
            "out/2-scan/frame-000.jpg",
        ]
        with Image.open(found[0]) as sheet:
            assert sheet.size == (4 * 320, 3 * 320)

    def test_without_it_nothing_is_written(self) -> None:
        Path("scan.png").write_bytes(media_files.image())
        run("scan.png")
        assert [path.name for path in Path().iterdir()] == ["scan.png"]


@pytest.mark.parametrize(("network", "alone"), [("all", False), ("pocovidnet", True)])
def test_the_network_is_chosen(network: str, alone: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []

    def load(**options: object) -> Undecided:
        asked.append(options)
        return Undecided()

    monkeypatch.setattr(predict.Predictor, "load", load)
    Path("a.png").write_bytes(media_files.image())
    assert run("--network", network, "a.png").exit_code == 0
    assert asked == [{"pocovidnet_alone": alone}]


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
