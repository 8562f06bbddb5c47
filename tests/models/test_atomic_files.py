"""A file is there whole or not at all, whoever else makes the same one."""

import os
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from models.atomic_files import atomic_replace


def test_two_that_make_the_same_file_at_once_do_not_mix(tmp_path: Path) -> None:
    target = tmp_path / "features.npy"
    with ExitStack() as stack:
        first = stack.enter_context(atomic_replace(target))
        with atomic_replace(target) as second:
            first.write_text("the first")
            second.write_text("the second one")
        assert target.read_text() == "the second one"
        assert first.read_text() == "the first"
    assert target.read_text() == "the first"
    assert list(tmp_path.iterdir()) == [target]


def test_an_error_leaves_what_was_there(tmp_path: Path) -> None:
    target = tmp_path / "checkpoint"
    target.write_text("whole")
    with pytest.raises(UnicodeEncodeError), atomic_replace(target) as scratch:
        scratch.write_text("half \ud800")
    assert target.read_text() == "whole"
    assert list(tmp_path.iterdir()) == [target]


def test_a_folder_can_be_made_the_same_way(tmp_path: Path) -> None:
    with atomic_replace(tmp_path / "artifact") as scratch:
        scratch.mkdir()
        (scratch / "manifest.json").write_text("{}")
    assert [path.name for path in (tmp_path / "artifact").iterdir()] == ["manifest.json"]


def test_what_a_killed_process_left_goes_after_a_day(tmp_path: Path) -> None:
    old, new = tmp_path / ".heads.old", tmp_path / ".heads.new"
    for left in (old, new):
        left.mkdir()
        (left / "heads").write_text("half")
    os.utime(old, (time.time() - 90_000, time.time() - 90_000))
    with atomic_replace(tmp_path / "heads") as scratch:
        scratch.write_text("whole")
    assert not old.exists()
    assert new.exists()
