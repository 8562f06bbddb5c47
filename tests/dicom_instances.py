"""DICOM instances of drawn ultrasound, and the programs of DCMTK, dicom3tools and Orthanc."""

import base64
import json
import shutil
import socket
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid
from pynetdicom.transport import AssociationSocket

from backend.dicom.objects import to_bytes
from tests.waiting import wait_until

ULTRASOUND = "1.2.840.10008.5.1.4.1.1.6.1"
MULTI_FRAME = "1.2.840.10008.5.1.4.1.1.3.1"
ORTHANC = "Orthanc"
PLUGIN = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")
PATIENT = "Planted^Name"
_PROGRAMS = (ORTHANC, "storescu", "echoscu", "dcmsend", "dsrdump", "dciodvfy", "dcmdump")

needs_programs = [
    pytest.mark.skipif(not shutil.which(name), reason=f"no {name} command") for name in _PROGRAMS
] + [pytest.mark.skipif(not PLUGIN.exists(), reason="no DICOMweb plugin of Orthanc")]
"""Marks of a test that talks to real peers."""


def make_instance(frames: int = 1, side: int = 64, seed: int = 0, **elements: Any) -> Dataset:
    """An ultrasound picture, or a clip of ten frames a second, of grey speckle in one fan."""
    shape = (frames, side, side) if frames > 1 else (side, side)
    pixels = np.random.default_rng(seed).integers(0, 255, shape, dtype=np.uint8)
    instance = Dataset()
    instance.SOPClassUID = MULTI_FRAME if frames > 1 else ULTRASOUND
    instance.SOPInstanceUID = generate_uid()
    instance.StudyInstanceUID, instance.SeriesInstanceUID = generate_uid(), generate_uid()
    instance.PatientName, instance.PatientID = PATIENT, "P-0815"
    instance.PatientBirthDate, instance.PatientSex = "19500102", "F"
    instance.StudyDate, instance.StudyTime = "20250301", "120000"
    instance.AccessionNumber, instance.StudyID, instance.Modality = "A-1", "S1", "US"
    instance.ReferringPhysicianName = "Somebody^Else"
    instance.InstanceNumber, instance.SeriesNumber = 7, 1
    instance.Manufacturer, instance.ManufacturerModelName = "Maker", "Model"
    instance.SamplesPerPixel, instance.PhotometricInterpretation = 1, "MONOCHROME2"
    instance.Rows = instance.Columns = side
    instance.BitsAllocated = instance.BitsStored = 8
    instance.HighBit, instance.PixelRepresentation = 7, 0
    if frames > 1:
        instance.NumberOfFrames, instance.FrameTime = frames, "100"
        instance.FrameIncrementPointer = 0x00181063
    instance.PixelData = pixels.tobytes()
    for keyword, value in elements.items():
        setattr(instance, keyword, value)
    instance.file_meta = FileMetaDataset()
    instance.file_meta.MediaStorageSOPClassUID = instance.SOPClassUID
    instance.file_meta.MediaStorageSOPInstanceUID = instance.SOPInstanceUID
    instance.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return instance


def write(instance: Dataset, path: Path) -> Path:
    """The instance as a file at `path`."""
    instance.save_as(path, enforce_file_format=True)
    return path


def related(*instances: Dataset | bytes) -> bytes:
    """A multipart/related body with these instances; its boundary is `xyz`."""
    parts = [each if isinstance(each, bytes) else to_bytes(each) for each in instances]
    head = b"--xyz\r\nContent-Type: application/dicom\r\n\r\n"
    return b"".join(head + part + b"\r\n" for part in parts) + b"--xyz--\r\n"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def make_certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for this machine, signed by itself, and its key."""
    if not shutil.which("openssl"):
        pytest.skip("no openssl command")
    certificate, secret = folder / "node.pem", folder / "node.key"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
         "subjectAltName=IP:127.0.0.1,DNS:localhost", "-keyout", str(secret),
         "-out", str(certificate)],
        check=True, capture_output=True,
    )  # fmt: skip
    return certificate, secret


def run(*command: str | Path, code: int | None = 0) -> str:
    """What a program writes, both streams; its status must be `code` where that is given."""
    done = subprocess.run(
        list(map(str, command)), capture_output=True, text=True, timeout=60, check=False
    )
    text = done.stdout + done.stderr
    assert code is None or done.returncode == code, text
    return text


def validate(path: Path) -> list[str]:
    """The errors that dciodvfy finds; warnings are not among them."""
    return [line for line in run("dciodvfy", "-new", path, code=None).splitlines() if
            line.startswith("Error")]  # fmt: skip


class Orthanc:
    """A running Orthanc with its DICOMweb plugin."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.port, self.http = free_port(), free_port()
        self.folder = folder
        self._settings = {
            "Name": "test",
            "StorageDirectory": str(folder / "storage"),
            "IndexDirectory": str(folder / "storage"),
            "Plugins": [str(PLUGIN)],
            "DicomAet": "ORTHANC",
            "DicomPort": self.port,
            "DicomCheckCalledAet": True,
            "DicomAlwaysAllowStore": True,
            "HttpPort": self.http,
            "RemoteAccessAllowed": False,
            "AuthenticationEnabled": True,
            "RegisteredUsers": {"ward": "for-tests"},
            "OverwriteInstances": False,
            "DicomWeb": {"Enable": True, "Root": "/dicom-web/"},
        } | settings
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Of its DICOMweb service, with user and password."""
        return f"http://ward:for-tests@127.0.0.1:{self.http}/dicom-web"

    def start(self) -> None:
        """Start it, again after a `kill`, and return once it answers."""
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / "orthanc.json"
        path.write_text(json.dumps(self._settings))
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen([ORTHANC, str(path)], stdout=log, stderr=log)
        wait_until(self._answers, 60)

    def kill(self) -> None:
        """kill -9."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def _answers(self) -> bool:
        try:
            self.get("/system")
        except OSError:
            return False
        return True

    def get(self, path: str) -> Any:
        """What its REST API answers, JSON or bytes."""
        secret = base64.b64encode(b"ward:for-tests").decode()
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.http}{path}", headers={"Authorization": f"Basic {secret}"}
        )
        with urllib.request.urlopen(request, timeout=20) as answer:
            content = answer.read()
        return content if path.endswith("/file") else json.loads(content)

    def instances(self, study: str) -> list[Dataset]:
        """All instances of a study."""
        found: list[Dataset] = []
        for name in self.get("/instances"):
            path = self.folder / f"{name}.dcm"
            path.write_bytes(self.get(f"/instances/{name}/file"))
            instance = pydicom.dcmread(path)
            instance.filename = str(path)
            if instance.StudyInstanceUID == study:
                found.append(instance)
        return found


@contextmanager
def closing_sockets() -> Iterator[None]:
    """Close what pynetdicom, as a client, leaves open where the other side was faster."""
    made: list[socket.socket] = []
    create = AssociationSocket._create_socket

    def create_and_note(self: AssociationSocket, address: Any) -> socket.socket:
        made.append(create(self, address))
        return made[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(AssociationSocket, "_create_socket", create_and_note)
        yield
    for each in made:
        each.close()


@contextmanager
def running_orthanc(folder: Path, **settings: Any) -> Iterator[Orthanc]:
    """An Orthanc, until the context ends."""
    orthanc = Orthanc(folder, **settings)
    orthanc.start()
    try:
        yield orthanc
    finally:
        orthanc.kill()
