"""HTTP ranges: one part of a file, or all of it, and nothing of another file."""

import pytest

from backend.http.ranges import ByteRange, UnsatisfiableError, requested_range

TAG = '"tag"'


@pytest.mark.parametrize(
    ("wanted", "start", "stop"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=10-19", 10, 20),
        ("bytes=90-", 90, 100),
        ("bytes=-10", 90, 100),
        ("bytes=-1000", 0, 100),
        ("bytes=50-1000", 50, 100),
    ],
)
def test_a_range_is_a_part(wanted: str, start: int, stop: int) -> None:
    assert requested_range(wanted, None, TAG, 100) == ByteRange(start, stop, is_complete=False)


@pytest.mark.parametrize(
    "wanted", [None, "", "bytes=", "bytes=-", "bytes=5-2", "bytes=0-1,5-6", "lines=1-2", "bytes=x-"]
)
def test_what_cannot_be_read_means_all(wanted: str | None) -> None:
    assert requested_range(wanted, None, TAG, 100) == ByteRange(0, 100, is_complete=True)


@pytest.mark.parametrize("wanted", ["bytes=100-", "bytes=200-300", "bytes=-0"])
def test_behind_the_end_there_is_nothing(wanted: str) -> None:
    with pytest.raises(UnsatisfiableError):
        requested_range(wanted, None, TAG, 100)


def test_parts_of_two_states_are_never_joined() -> None:
    assert requested_range("bytes=10-", TAG, TAG, 100).start == 10
    assert requested_range("bytes=10-", '"other"', TAG, 100).is_complete
    assert requested_range("bytes=10-", "Wed, 03 Feb 2021 04:05:06 GMT", TAG, 100).is_complete
