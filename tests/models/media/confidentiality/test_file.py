"""De-identified DICOM files: no planted name in any byte, a study together, the standard obeyed."""

import io
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom.datadict import dictionary_has_tag, dictionary_VR, tag_for_keyword
from pydicom.dataset import Dataset, FileDataset
from pydicom.encaps import encapsulate
from pydicom.uid import JPEGBaseline8Bit, generate_uid

from models.media.confidentiality.file import deidentify_file
from models.media.confidentiality.header import MOST_DEPTH, Deidentifier
from models.media.confidentiality.profile import rules
from models.media.sampling import MediaError, Recording
from models.media.text.reader import read_lines
from models.phantom.lettering import FACES, write
from tests.models.media.dicom import instances

SECRET = "Zw8Rossi"
KEY = b"k" * 32
BY = Deidentifier(KEY)
SHIFTING = Deidentifier(KEY, modified_dates=True)

TEXTS = {"AE", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UR", "UT"}
NAMED = {
    tag: dictionary_VR(tag)
    for tag in sorted(rules())
    if tag >> 16 > 2 and dictionary_has_tag(tag) and dictionary_VR(tag) in TEXTS
}


def planted(**elements: object) -> FileDataset:
    """A clip with the secret in every text that the table names, nested, private, and beyond."""
    made = instances.dataset(instances.grey())
    for tag, vr in NAMED.items():
        made.add_new(tag, vr, SECRET.upper() if vr in ("AE", "CS") else f"{SECRET}^Anna")
    made.PatientName, made.PatientID = f"{SECRET}^Anna", f"{SECRET}-17"
    made.PatientBirthDate, made.StudyDate, made.StudyTime = "19560411", "20260301", "101112"
    made.AcquisitionDateTime = "20260301101112.5+0100"
    made.ManufacturerModelName = f"Scanner of {SECRET}"  # which the table does not name
    block = made.private_block(0x0009, f"{SECRET} CREATOR", create=True)
    block.add_new(0x01, "LO", f"{SECRET} private")
    block.add_new(0x02, "UN", b"<script>" + SECRET.encode() + b"</script>")
    made.add_new(0x60003000, "OW", SECRET.encode())
    made.add_new(0x60000022, "LO", SECRET)
    made.add_new(0x50003000, "OW", SECRET.encode())
    made.add_new(0x00091234, "UN", SECRET.encode())
    item = Dataset()
    item.CodeMeaning, item.PatientName = f"{SECRET} nested", f"{SECRET}^Nested"
    item.ReferencedSOPInstanceUID = generate_uid()
    item.private_block(0x0011, f"{SECRET} X", create=True).add_new(0x01, "LO", SECRET)
    made.ProcedureCodeSequence = [item]
    made.ViewCodeSequence = [item]
    for keyword, value in elements.items():
        setattr(made, keyword, value)
    return made


def spelled(content: bytes) -> bool:
    return re.search(SECRET.encode(), content, re.IGNORECASE) is not None


def deidentified(folder: Path, made: FileDataset, by: Deidentifier = BY) -> FileDataset:
    source = instances.saved(made, folder / f"{generate_uid()}.dcm")
    target = folder / f"{generate_uid()}.out.dcm"
    deidentify_file(source, target, by)
    return pydicom.dcmread(target)


def test_nothing_planted_is_in_any_byte(tmp_path: Path) -> None:
    assert len(NAMED) > 200
    source = instances.saved(planted(), tmp_path / "in.dcm")
    assert source.read_bytes().upper().count(SECRET.upper().encode()) > len(NAMED)
    for by in (BY, SHIFTING):
        deidentify_file(source, tmp_path / "out.dcm", by)
        content = (tmp_path / "out.dcm").read_bytes()
        assert not spelled(content)
        assert b"19560411" not in content
        assert b"20260301" not in content
        found = pydicom.dcmread(tmp_path / "out.dcm")
        assert not any(element.tag.is_private for element in found.iterall())
        assert {element.tag.group & 0xFF00 for element in found} & {0x5000, 0x6000} == set()


def test_it_says_how_it_was_done(tmp_path: Path) -> None:
    for by, codes, dates in (
        (BY, ["113100", "113101"], "REMOVED"),
        (SHIFTING, ["113100", "113101", "113107"], "MODIFIED"),
    ):
        found = deidentified(tmp_path, planted(), by)
        assert found.PatientIdentityRemoved == "YES"
        assert found.BurnedInAnnotation == "NO"
        assert "PS3.15" in found.DeidentificationMethod
        written = [item.CodeValue for item in found.DeidentificationMethodCodeSequence]
        assert written == codes
        assert found.LongitudinalTemporalInformationModified == dates


def test_a_study_stays_together_and_another_key_leads_elsewhere(tmp_path: Path) -> None:
    first, second = planted(), planted()
    second.StudyInstanceUID = first.StudyInstanceUID
    one, other = deidentified(tmp_path, first), deidentified(tmp_path, second)
    assert one.StudyInstanceUID == other.StudyInstanceUID != first.StudyInstanceUID
    assert one.SOPInstanceUID != other.SOPInstanceUID
    assert one.PatientID == other.PatientID
    assert one.SOPClassUID == first.SOPClassUID
    assert one.file_meta.MediaStorageSOPInstanceUID == one.SOPInstanceUID
    elsewhere = deidentified(tmp_path, first, Deidentifier(b"x" * 32))
    assert elsewhere.StudyInstanceUID != one.StudyInstanceUID
    assert elsewhere.PatientID != one.PatientID


def test_modified_dates_keep_their_distance_for_a_patient(tmp_path: Path) -> None:
    later = deidentified(tmp_path, planted(StudyDate="20260311"), SHIFTING)
    earlier = deidentified(tmp_path, planted(), SHIFTING)
    assert int(later.StudyDate) != 20260311
    days = [np.datetime64(f"{each[:4]}-{each[4:6]}-{each[6:]}") for each in
            (earlier.StudyDate, later.StudyDate)]  # fmt: skip
    assert days[1] - days[0] == np.timedelta64(10, "D")
    assert str(earlier.StudyTime) == "101112"
    assert not earlier.PatientBirthDate
    assert not deidentified(tmp_path, planted()).StudyDate


def test_pictures_stay_as_they_were_inside_the_region(tmp_path: Path) -> None:
    made = planted(SequenceOfUltrasoundRegions=instances.regions(instances.region((8, 4, 87, 59))))
    found = deidentified(tmp_path, made)
    before = instances.grey()
    assert np.array_equal(found.pixel_array[:, 4:60, 8:88], before[:, 4:60, 8:88])
    outside = found.pixel_array.copy()
    outside[:, 4:60, 8:88] = 0
    assert not outside.any()
    assert float(found.FrameTime) == 50
    assert found.NumberOfFrames == len(before)


def test_a_jpegs_comment_is_not_copied(tmp_path: Path) -> None:
    content = io.BytesIO()
    Image.fromarray(instances.colours(1)[0]).save(content, "JPEG", comment=SECRET.encode())
    made = instances.dataset(instances.colours(1), sop_class=instances.US_IMAGE)
    made.PhotometricInterpretation = "YBR_FULL_422"
    made.PixelData = encapsulate([content.getvalue()])
    made["PixelData"].is_undefined_length = True
    source = instances.saved(made, tmp_path / "in.dcm", syntax=JPEGBaseline8Bit)
    assert spelled(source.read_bytes())
    deidentify_file(source, tmp_path / "out.dcm", BY)
    assert not spelled((tmp_path / "out.dcm").read_bytes())
    assert pydicom.dcmread(tmp_path / "out.dcm").LossyImageCompression == "01"


def test_text_in_the_picture_is_black_where_it_names_even_by_the_headers_own_words(
    tmp_path: Path,
) -> None:
    field = np.repeat(np.clip(np.random.default_rng(1).rayleigh(35, (240, 320, 1)), 0, 255), 3, 2)
    picture, _ = write(field.astype(np.uint8), "lindqvist", FACES[4], 40, 40)
    picture, _ = write(picture, "DOB 11.04.1956", FACES[4], 40, 100)
    picture, _ = write(picture, "Depth 14 cm", FACES[4], 40, 180)
    made = instances.dataset(picture[None], sop_class=instances.US_IMAGE)
    made.SequenceOfUltrasoundRegions = instances.regions(instances.region((0, 0, 319, 239)))
    source = instances.saved(made, tmp_path / "in.dcm")
    assert deidentify_file(source, tmp_path / "out.dcm", BY).masked == 2
    lines = read_lines(Recording.open(tmp_path / "out.dcm").still())
    assert [line.text for line in lines] == ["Depth 14 cm"]


def test_deep_nesting_ends_somewhere(tmp_path: Path) -> None:
    item = Dataset()
    item.CodeMeaning = SECRET
    for _ in range(3 * MOST_DEPTH):
        outer = Dataset()
        outer.PurposeOfReferenceCodeSequence = [item]
        item = outer
    found = deidentified(tmp_path, planted(ViewCodeSequence=[item]))
    depth, at = 0, found.ViewCodeSequence[0]
    while "PurposeOfReferenceCodeSequence" in at:
        depth, at = depth + 1, at.PurposeOfReferenceCodeSequence[0]
    assert depth == MOST_DEPTH - 1


def test_what_is_no_ultrasound_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    source = tmp_path / "in.png"
    Image.fromarray(instances.colours(1)[0]).save(source)
    for content in (
        source.read_bytes(),
        b"DICM",
        instances.PYDICOM.joinpath("CT_small.dcm").read_bytes(),
    ):
        source.write_bytes(content)
        with pytest.raises(MediaError):
            deidentify_file(source, tmp_path / "out.dcm", BY)
    assert [path.name for path in tmp_path.iterdir()] == ["in.png"]


def errors_of(path: Path) -> set[str]:
    done = subprocess.run(["dciodvfy", str(path)], capture_output=True, text=True, check=False)
    return {line for line in done.stderr.splitlines() if line.startswith("Error")}


@pytest.mark.skipif(shutil.which("dciodvfy") is None, reason="no dciodvfy: dicom3tools is not here")
@pytest.mark.parametrize("by", [BY, SHIFTING])
@pytest.mark.parametrize("name", ["examples_rgb_color", "SC_rgb_jpeg_dcmtk", "SC_rgb_rle_2frame"])
def test_dciodvfy_finds_no_new_errors(tmp_path: Path, name: str, by: Deidentifier) -> None:
    source = instances.PYDICOM / f"{name}.dcm"
    deidentify_file(source, tmp_path / "out.dcm", by)
    assert errors_of(tmp_path / "out.dcm") - errors_of(source) == set()


def test_every_keyword_of_the_table_is_the_dictionarys() -> None:
    assert len(rules()) == 652
    assert rules()[tag_for_keyword("PatientName") or 0].basic == "Z"
    assert rules()[tag_for_keyword("StudyInstanceUID") or 0].basic == "U"
    assert rules()[tag_for_keyword("StudyDate") or 0].modified_dates == "C"
