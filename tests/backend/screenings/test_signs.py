"""The maps over a screening's frames; without Grad-CAM where no class is shown."""

from dataclasses import replace
from typing import Any, get_args
from uuid import UUID, uuid4

import cv2
import httpx
import numpy as np
import numpy.typing as npt
import pytest

from backend.core.db import utc_now
from backend.screenings import schemas
from models.contract import CLASSES, SIGN_MAPS, SIGNS
from models.media import overlay
from tests.conftest import Api
from tests.factories import (
    create_recording,
    create_screening,
    maps,
    store_pixels,
    unusable,
    with_signs,
)

SHOWN = with_signs(b_lines=0.8)


def screened(api: Api, **changes: Any) -> UUID:
    """The id of a screening with frames and maps."""
    with api.database.write() as session:
        recording = create_recording(session)
        row = create_screening(session, recording, status="done", **({"result": SHOWN} | changes))
        session.commit()
    store_pixels(api.storage, recording, row)
    return row.id


def get(api: Api, screening_id: UUID, index: object = 1, **query: str) -> httpx.Response:
    return api.client.get(f"/screenings/{screening_id}/frames/{index}/signs.png", params=query)


def picture(response: httpx.Response) -> npt.NDArray[Any]:
    """As blue, green, red and opacity."""
    assert response.status_code == 200
    assert response.headers["content-type"] == "image/png"
    read = cv2.imdecode(np.frombuffer(response.content, np.uint8), cv2.IMREAD_UNCHANGED)
    assert read is not None
    return np.asarray(read)


def test_are_one_grey_picture_of_all_maps(api: Api) -> None:
    response = get(api, screened(api), 2)
    assert picture(response).shape == (140, 14)
    assert (overlay.decode(response.content) == maps(2)).all()
    assert response.headers["cache-control"] == "private, max-age=600"


@pytest.mark.parametrize("key", overlay.MAPS)
def test_one_of_them_is_a_layer_in_colour(api: Api, key: str) -> None:
    layer = picture(get(api, screened(api), sign=key))
    assert layer.shape == (512, 512, 4)
    assert (layer[..., 3] == maps(1)[overlay.MAPS.index(key), 0, 0]).all()


def test_of_what_is_not_usable_have_no_grad_cam_until_somebody_asks_for_the_class(
    api: Api,
) -> None:
    screening_id = screened(api, result=unusable(SHOWN))
    response = get(api, screening_id)
    hidden = overlay.decode(response.content)
    assert (hidden[: len(SIGN_MAPS)] == maps(1)[: len(SIGN_MAPS)]).all()
    assert not hidden[len(SIGN_MAPS) :].any()
    assert response.headers["cache-control"] == "no-store"
    assert get(api, screening_id, sign="b_lines").headers["cache-control"] == "no-store"
    for key in CLASSES:
        refused = get(api, screening_id, sign=key)
        assert (refused.status_code, refused.json()["code"]) == (404, "not_found")

    asked = screened(api, result=unusable(SHOWN), answered_anyway_at=utc_now())
    assert (overlay.decode(get(api, asked).content) == maps(1)).all()
    assert picture(get(api, asked, sign="covid19")).shape == (512, 512, 4)


def test_of_a_screening_under_way_have_no_grad_cam(api: Api) -> None:
    screening_id = screened(api, result=None)
    assert not overlay.decode(get(api, screening_id).content)[len(SIGN_MAPS) :].any()


@pytest.mark.parametrize("index", [3, 999])
def test_that_are_not_there_are_not_found(api: Api, index: int) -> None:
    response = get(api, screened(api), index)
    assert (response.status_code, response.json()["code"]) == (404, "not_found")


def test_of_models_without_signs_are_not_found(api: Api) -> None:
    screening_id = screened(api, result=replace(SHOWN, signs=None))
    api.storage.delete(f"frames/{screening_id}/1-signs.png")
    assert get(api, screening_id).status_code == 404
    assert get(api, screening_id, 0).status_code == 200


def test_of_an_unknown_screening_are_not_found(api: Api) -> None:
    assert get(api, uuid4()).status_code == 404


@pytest.mark.parametrize(("index", "query"), [("first", {}), (1, {"sign": "air_bronchogram"})])
def test_with_a_number_or_a_map_that_is_none_are_invalid(
    api: Api, index: object, query: dict[str, str]
) -> None:
    response = get(api, screened(api), index, **query)
    assert (response.status_code, response.json()["code"]) == (422, "invalid_input")


def test_are_gone_with_the_pixels(api: Api) -> None:
    with api.database.write() as session:
        recording = create_recording(session, pixels_deleted_at=utc_now())
        row = create_screening(session, recording, status="done", result=SHOWN)
        session.commit()
    response = get(api, row.id)
    assert (response.status_code, response.json()["code"]) == (410, "gone")


def test_are_deleted_with_the_screening(api: Api) -> None:
    screening_id = screened(api)
    assert api.client.delete(f"/screenings/{screening_id}").status_code == 204
    api.assert_nothing_stays()


def test_the_schemas_know_the_keys_of_the_models() -> None:
    assert get_args(schemas.MapKey) == overlay.MAPS
    assert tuple(schemas.Signs.model_fields) == SIGNS
    assert tuple(schemas.FrameSigns.model_fields) == SIGNS
