"""Names of files: system files are skipped, and names stored as bytes become text."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.data import file_names
from models.data.file_names import decode_names, is_junk

FOLDERS_JS = Path(__file__).parents[3] / "frontend/src/contribute/systemFiles.js"


class TestJunk:
    @pytest.mark.parametrize(
        "path",
        ["__MACOSX/scans/._a.png", "a/.DS_Store", "Thumbs.db", "THUMBS.DB", "ward\\desktop.ini",
         "ehthumbs.db", ".Spotlight-V100/x/y.mp4", "~$labels.xlsx", ".directory", "._a.mp4",
         "@eaDir/a.mp4/x.jpg", "$RECYCLE.BIN/a.mp4", "Icon\r", ".hidden.mp4"],
    )  # fmt: skip
    def test_is_known(self, path: str) -> None:
        assert is_junk(path)

    @pytest.mark.parametrize("path", ["a.mp4", "thumbs.db.mp4", "./a.mp4", "../a.mp4", "MACOSX/a"])
    def test_is_nothing_else(self, path: str) -> None:
        assert not is_junk(path)


class TestStoredAsBytes:
    @pytest.mark.parametrize(
        ("stored", "said"),
        [([b"Lunge-u\xcc\x88_1.png"], ["Lunge-u\u0308_1.png"]),
         ([b"Lunge-\x81.png"], ["Lunge-ü.png"]), ([b"gr\x94\xe1e"], ["größe"]),
         ([b"Lunge\xfc.mp4"], ["Lungeü.mp4"]), ([b"caf\xe9"], ["café"]),
         ([b"S\xc6o", b"\x9b"], ["São", "ø"]), ([b"plain"], ["plain"]),
         (["Лёгкие.png".encode(), b"\x81.png"], ["Лёгкие.png", "ü.png"])],
    )  # fmt: skip
    def test_names_are_read_as_utf8_or_in_the_code_page_that_fits(
        self, stored: list[bytes], said: list[str]
    ) -> None:
        assert decode_names(stored) == said

    @given(st.sets(st.binary(min_size=1, max_size=6), min_size=1, max_size=5))
    def test_no_two_become_one_in_a_code_page(self, stored: set[bytes]) -> None:
        others = [name for name in sorted(stored) if file_names._utf8(name) is None]
        assert len(set(decode_names(others))) == len(others)

    def test_names_on_the_disk_that_are_no_text_are_sent_as_text(self) -> None:
        on_disk = ["Lunge\udcfc.mp4", "Lungeü.mp4", "a.mp4"]
        assert file_names.to_valid_text(on_disk) == ["Lunge%FC.mp4", "Lungeü.mp4", "a.mp4"]
        assert file_names.to_valid_text(on_disk[:1]) == ["Lungeü.mp4"]


def test_the_page_leaves_out_the_same_files() -> None:
    text = FOLDERS_JS.read_text()
    listed = {
        name: re.findall(r"'([^']+)'", re.search(rf"{name} = \[(.*?)\]", text, re.DOTALL)[1])  # type: ignore[index]
        for name in ("NAMES", "STARTS")
    }
    assert {each.replace("\\r", "\r") for each in listed["NAMES"]} == file_names.JUNK_NAMES
    assert tuple(listed["STARTS"]) == file_names.JUNK_STARTS
