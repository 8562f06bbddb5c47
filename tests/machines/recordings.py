"""The recordings of the story: drawn clips, each with its number in its pixels, and their truth."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import av
import numpy as np
import numpy.typing as npt
from PIL import Image

WIDTH, HEIGHT, RATE = 128, 96, 6
BLOCK = 16

COLUMNS = (
    "file_name",
    "label",
    "probe",
    "licence",
    "source",
    "patient",
    "age",
    "sex",
    "b_lines",
    "note",
)


@dataclass(frozen=True)
class Sent:
    """One recording as its contributor sends it, and what is to become of it.

    Attributes:
        number: in its pixels.
        batch: its submission, which tells the contributor: the part before the dash.
        name: of the file; equal names in several batches are other recordings.
        label: in the contributor's words.
        patient: the pseudonym, or none.
        verdict: what the reviewer says: the label, `reject`, or `ask`, which is a request for
            changes, answered and then approved with the contributor's label.
    """

    number: int
    batch: str
    name: str
    label: str
    patient: str
    verdict: str

    @property
    def contributor(self) -> str:
        """Who sends it."""
        return self.batch.partition("-")[0]

    @property
    def is_approved(self) -> bool:
        """Whether it gets into the dataset."""
        return self.verdict != "reject"

    @property
    def final_label(self) -> str | None:
        """The reviewer's."""
        if not self.is_approved:
            return None
        return self.label if self.verdict == "ask" else self.verdict

    @property
    def person(self) -> tuple[str, str]:
        """Whose body it shows, as far as anybody can know: a pseudonym is its contributor's own."""
        plain = "".join(self.patient.split()).casefold()
        return self.contributor, plain or f"nobody of {self.number}"

    @property
    def row(self) -> dict[str, str]:
        """Its row of the manifest."""
        return {
            "file_name": self.name,
            "label": self.label,
            "probe": "convex",
            "licence": "CC BY 4.0",
            "source": f"ward {self.batch}, Krankenhaus Süd",
            "patient": self.patient,
            "age": str(30 + self.number),
            "sex": "female" if self.number % 2 else "male",
            "b_lines": str(self.number % 2),
            "note": f"recording {self.number}; 左肺, справа",
        }

    @property
    def content(self) -> bytes:
        """The file."""
        return picture(self.number) if self.name.endswith(".png") else clip(self.number)


STORY = (
    Sent(1, "ada-1", "clip01.mp4", "covid19", "P17", "covid19"),
    Sent(2, "ada-1", "clip02.mp4", "pneumonia", "P17", "covid19"),
    Sent(3, "ada-1", "clip03.mp4", "healthy", "P18", "healthy"),
    Sent(4, "ada-1", "clip04.mp4", "healthy", "P18", "healthy"),
    Sent(5, "ada-2", "clip01.mp4", "covid19", "p 17", "covid19"),
    Sent(6, "ada-2", "clip02.mp4", "healthy", "P18", "ask"),
    Sent(7, "ada-2", "clip03.png", "pneumonia", "P19", "pneumonia"),
    Sent(8, "ben-1", "clip01.mp4", "pneumonia", "P17", "pneumonia"),
    Sent(9, "ben-1", "clip02.mp4", "pneumonia", "P17", "pneumonia"),
    Sent(10, "ben-1", "clip03.mp4", "covid19", "P18", "covid19"),
    Sent(11, "ben-1", "clip04.mp4", "covid19", "P18", "covid19"),
    Sent(12, "ben-2", "clip01.mp4", "pneumonia", "P17", "pneumonia"),
    Sent(13, "ben-2", "clip02.mp4", "covid19", "P18", "covid19"),
    Sent(14, "ben-2", "clip03.mp4", "healthy", "P20", "healthy"),
    Sent(15, "ben-2", "clip04.mp4", "covid19", "", "covid19"),
    Sent(16, "ben-2", "clip05.mp4", "pneumonia", "P17", "reject"),
)
"""Four patients with three recordings each, and three with one: whichever order the four are taken
in, which the hashes of their pseudonyms decide, the same recordings share a fold."""

ARCHIVED = ("ada-1", "ben-1", "ben-2")
"""Batches that are sent as a ZIP with their table in it; the other's files go one by one."""

IN_HALVES = next(each for each in STORY if each.number == 7)
"""Large enough that an upload has a middle."""


def table(batch: str) -> bytes:
    """The manifest of a batch, which has the same name in each ZIP."""
    file = io.StringIO()
    writer = csv.DictWriter(file, COLUMNS)
    writer.writeheader()
    writer.writerows(each.row for each in of(batch))
    return file.getvalue().encode()


def of(batch: str) -> Sequence[Sent]:
    """The recordings of a batch."""
    return [each for each in STORY if each.batch == batch]


@cache
def clip(number: int) -> bytes:
    """A second of H.264: a texture of the clip's own, its number above, each frame's below."""
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=RATE)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.thread_count = 1
        for frame in range(RATE):
            pixels = np.repeat(_drawn(number, frame)[:, :, None], 3, axis=2)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode(None))
    return file.getvalue()


@cache
def picture(number: int, side: int = 1400) -> bytes:
    """A PNG of some megabytes: noise does not pack."""
    noise = np.random.default_rng(number).integers(0, 256, (side, side), dtype=np.uint8)
    noise[:BLOCK, : 8 * BLOCK] = _bits(number)
    file = io.BytesIO()
    Image.fromarray(noise).save(file, "PNG")
    return file.getvalue()


def _drawn(number: int, frame: int) -> npt.NDArray[np.uint8]:
    coarse = np.random.default_rng(number).integers(30, 200, (HEIGHT // BLOCK, WIDTH // BLOCK))
    pixels = coarse.astype(np.uint8).repeat(BLOCK, axis=0).repeat(BLOCK, axis=1)
    pixels[:BLOCK] = _bits(number)
    pixels[-BLOCK:] = _bits(frame)
    return pixels


def _bits(number: int) -> npt.NDArray[np.uint8]:
    """Eight blocks, bright for 1 and dark for 0, the least significant first."""
    bits = [240 if number >> n & 1 else 10 for n in range(8)]
    return np.array(bits, dtype=np.uint8).repeat(BLOCK)[None, :].repeat(BLOCK, axis=0)


def to_screen() -> list[tuple[str, bytes]]:
    """What is screened: clips that nobody contributed."""
    return [(f"screen{number}.mp4", clip(number)) for number in (101, 102, 103)]
