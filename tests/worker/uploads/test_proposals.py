"""A DICOM upload fills the form from its header, and its names are searched for in the picture."""

from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import select

from backend.submissions import fields
from backend.tables import Contribution
from models.media.dicom.about import About
from models.phantom.lettering import FACES, write
from tests.factories_contributions import create_submission, create_upload, store_upload
from tests.models.media.dicom import instances
from tests.worker.deployment import Deployment
from worker.uploads.proposals import proposals
from worker.uploads.task import import_upload


def taken_in(deployment: Deployment, content: bytes) -> Contribution:
    with deployment.database.write() as session:
        upload = create_upload(
            session, create_submission(session), bytes=len(content), received=len(content)
        )
        session.commit()
    store_upload(deployment.storage, upload, content)
    import_upload.run(str(upload.id))
    with deployment.database.read() as session:
        return session.scalars(select(Contribution)).one()


def test_a_header_proposes_what_the_form_asks_for_and_keeps_nothing_else(
    deployment: Deployment, tmp_path: Path
) -> None:
    noise = np.random.default_rng(1).rayleigh(35, (240, 320, 1))
    field = np.repeat(np.clip(noise, 0, 255).astype(np.uint8), 3, axis=2)
    written, _ = write(field, "lindqvist", FACES[4], 60, 80)
    made = instances.dataset(written[None], sop_class=instances.US_IMAGE)
    made.PatientAge, made.PatientSex, made.TransducerType = "071Y", "M", "LINEAR"
    made.Manufacturer, made.ManufacturerModelName = "Philips", "EPIQ 7"
    made.MechanicalIndex = "0.9"
    row = taken_in(deployment, instances.saved(made, tmp_path / "in.dcm").read_bytes())
    assert (row.age_band, row.sex, row.probe) == ("60-79", "male", "linear")
    assert row.note == "Philips EPIQ 7, MI 0.9"
    assert row.set_by_file == ["age_band", "note", "probe", "sex"]
    assert row.text_boxes is not None
    assert [box.name_like for box in row.text_boxes] == [True]
    texts = [str(getattr(row, column.key)) for column in Contribution.__table__.columns]
    assert not any("lindqvist" in text.casefold() or "190312" in text for text in texts)


def test_people_and_tables_say_otherwise() -> None:
    row = Contribution(set_by_hand=[], set_by_table=[], withheld=[])
    fields.set_from_file(row, {"sex": "male", "probe": "linear", "note": "Philips"})
    fields.set_from_table(row, {"probe": "convex"}, [])
    assert (row.probe, row.set_by_file) == ("convex", ["note", "sex"])
    fields.set_by_hand(row, {"sex": None})
    assert (row.sex, row.note, row.set_by_file) == (None, "Philips", ["note"])


@pytest.mark.parametrize(
    ("years", "band"), [(0, "0-17"), (17, "0-17"), (18, "18-39"), (79, "60-79"), (80, "80+")]
)
def test_an_age_becomes_a_band(years: int, band: str) -> None:
    assert proposals(About(age_years=years), None) == {"age_band": band}


def test_the_depth_is_in_the_note() -> None:
    assert proposals(About(thermal_index=0.4), 142.0) == {"note": "depth 14.2 cm, TI 0.4"}
    assert proposals(About(), None) == {}
