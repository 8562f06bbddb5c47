"""What an instance is known by does not change with the way it was sent."""

from pathlib import Path

import pytest
from pydicom.uid import generate_uid

from backend.dicom.instance import data_set_sha256, read_identifiers
from models.media.formats import MediaError
from tests.dicom_instances import make_instance, write


def test_the_digest_leaves_out_what_every_sender_writes_its_own_way(tmp_path: Path) -> None:
    instance = make_instance()
    first = data_set_sha256(write(instance, tmp_path / "a.dcm"))
    instance.file_meta.ImplementationVersionName = "OTHER"
    instance.file_meta.SourceApplicationEntityTitle = "WARD3"
    path = write(instance, tmp_path / "b.dcm")
    path.write_bytes(b"x" * 128 + path.read_bytes()[128:])
    assert data_set_sha256(path) == first
    instance.PatientID = "somebody else"
    assert data_set_sha256(write(instance, tmp_path / "c.dcm")) != first


def test_a_file_without_preamble_has_a_digest_too(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"ab")
    (tmp_path / "b").write_bytes(b"")
    assert len({data_set_sha256(tmp_path / name) for name in "ab"}) == 2


def test_identifiers_are_those_of_the_header(tmp_path: Path) -> None:
    instance = make_instance(frames=3)
    found = read_identifiers(write(instance, tmp_path / "a.dcm"))
    assert found.sop_instance == instance.SOPInstanceUID
    assert found.sop_class == instance.SOPClassUID
    assert found.study == instance.StudyInstanceUID
    assert found.series == instance.SeriesInstanceUID
    assert found.transfer_syntax == instance.file_meta.TransferSyntaxUID


@pytest.mark.parametrize("value", ["", "../../etc/passwd", "1.2\\3.4", "9" * 65])
def test_an_instance_without_a_valid_uid_is_refused_without_quoting_it(
    value: str, tmp_path: Path
) -> None:
    instance = make_instance()
    instance.add_new("StudyInstanceUID", "LO", value)
    instance.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    with pytest.raises(MediaError) as caught:
        read_identifiers(write(instance, tmp_path / "a.dcm"))
    assert caught.value.code == "unreadable_file"
    assert not value or value not in caught.value.message
