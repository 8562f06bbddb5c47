"""Maps over a frame, stored small and grey, drawn large and in colour."""

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from models.contract import CAM_COLOUR, MAP_COLOURS, MAP_NAMES, SIGN_MAPS
from models.media.overlay import (
    MAPS,
    all_drawn_over,
    decode,
    drawn_over,
    encode,
    layer_png,
    overlay_sheet,
    to_grey,
)

BRIGHT = np.full((224, 224, 3), 200, dtype=np.uint8)


def maps(key: str, y: int, x: int, value: int = 255) -> npt.NDArray[np.uint8]:
    """Maps of which one is of this value at one place."""
    found = np.zeros((10, 14, 14), dtype=np.uint8)
    found[MAPS.index(key), y, x] = value
    return found


def rgb(colour: str) -> list[int]:
    return list(bytes.fromhex(colour[1:]))


def test_every_map_has_a_name_and_a_colour_of_its_own() -> None:
    assert tuple(MAP_NAMES) == tuple(MAP_COLOURS) == SIGN_MAPS
    assert len({*MAP_COLOURS.values(), CAM_COLOUR}) == len(SIGN_MAPS) + 1


class TestToGrey:
    def test_maps_stand_in_the_order_of_the_stored_picture(self) -> None:
        signs = np.zeros((14, 14, 7), dtype=np.float32)
        signs[3, 5, SIGN_MAPS.index("b_lines")] = 0.5
        cams = np.zeros((3, 14, 14), dtype=np.float32)
        cams[1, 9, 2] = 1
        found = to_grey(signs, cams)
        assert found.dtype == np.uint8
        assert np.argwhere(found).tolist() == [[2, 3, 5], [MAPS.index("pneumonia"), 9, 2]]
        assert found.max(axis=(1, 2)).tolist() == [0, 0, 128, 0, 0, 0, 0, 0, 255, 0]

    def test_what_there_is_not_is_dark(self) -> None:
        assert to_grey(None, None).shape == (10, 14, 14)
        assert not to_grey(None, None).any()


class TestStored:
    def test_what_is_stored_is_read(self) -> None:
        found = np.random.default_rng(1).integers(0, 256, (10, 14, 14), dtype=np.uint8)
        content = encode(found)
        assert np.array_equal(decode(content), found)
        picture = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
        assert picture is not None
        assert picture.shape == (140, 14), "one below the other, 14 wide"
        assert np.array_equal(picture[28:42], found[2])

    def test_other_maps_are_refused(self) -> None:
        with pytest.raises(ValueError, match=r"expected uint8 maps .* got uint8 \(7, 14, 14\)"):
            encode(np.zeros((7, 14, 14), dtype=np.uint8))

    def test_other_pictures_are_refused(self) -> None:
        _, other = cv2.imencode(".png", np.zeros((14, 140), dtype=np.uint8))
        for content in (b"x", other.tobytes()):
            with pytest.raises(ValueError, match="expected a grey picture of 14 by 140"):
                decode(content)


class TestLayer:
    def test_is_transparent_but_where_the_sign_is(self) -> None:
        content = layer_png(maps("effusion", 0, 13), "effusion")
        layer = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
        assert layer is not None
        assert layer.shape == (512, 512, 4)
        assert layer[0, -1, 3] == 255
        assert layer[-1, 0, 3] == 0
        assert layer[0, -1, 2::-1].tolist() == rgb(MAP_COLOURS["effusion"])

    def test_every_class_has_the_colour_of_grad_cam(self) -> None:
        content = layer_png(maps("healthy", 7, 7), "healthy")
        layer = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
        assert layer is not None
        assert layer[0, 0, 2::-1].tolist() == rgb(CAM_COLOUR)

    def test_an_unknown_map_is_refused(self) -> None:
        with pytest.raises(KeyError, match=r"expected one of pleura, .* got 'lung'"):
            layer_png(maps("pleura", 0, 0), "lung")


class TestDrawnOver:
    def test_only_the_place_of_the_sign_changes(self) -> None:
        found = drawn_over(BRIGHT, maps("b_lines", 0, 0), "b_lines", opacity=1)
        assert found[0, 0].tolist() == rgb(MAP_COLOURS["b_lines"])
        assert found[100, 100].tolist() == [200, 200, 200]

    def test_opacity_mixes(self) -> None:
        found = drawn_over(BRIGHT, maps("shadow", 0, 0), "shadow", opacity=0.5)
        expected = (np.array([200] * 3) + rgb(MAP_COLOURS["shadow"])) / 2
        assert np.abs(found[0, 0] - expected).max() <= 1

    def test_a_sheet_shows_the_frame_and_all_its_maps(self) -> None:
        sheet = overlay_sheet(BRIGHT, maps("pleura", 0, 0))
        assert sheet.shape == (3 * 320, 4 * 320, 3)
        assert (sheet[:320, :320] == 200).all(), "the frame as it is comes first"
        assert sheet[0, 320].tolist() != [200, 200, 200], "the pleura is over the second"
        assert overlay_sheet(BRIGHT, maps("covid19", 0, 0), ["covid19"]).shape == (320, 640, 3)


class TestAllDrawnOver:
    def test_one_map_alone_is_as_if_drawn_over(self) -> None:
        found = maps("b_lines", 4, 4)
        alone = drawn_over(BRIGHT, found, "b_lines", 0.5).astype(int)
        among = all_drawn_over(BRIGHT, found, SIGN_MAPS, 0.5).astype(int)
        assert np.abs(alone - among).max() <= 1

    def test_two_at_one_place_have_a_colour_between_and_cover_no_more_than_one(self) -> None:
        found = np.zeros((10, 14, 14), dtype=np.uint8)
        found[[MAPS.index("pleura"), MAPS.index("effusion")]] = 255
        colour = all_drawn_over(BRIGHT, found, SIGN_MAPS, 1.0)[120, 120]
        both = np.array([rgb(MAP_COLOURS["pleura"]), rgb(MAP_COLOURS["effusion"])])
        assert np.allclose(colour, both.mean(axis=0), atol=1)
        half = all_drawn_over(BRIGHT, found, SIGN_MAPS, 0.5)[120, 120]
        assert np.allclose(half, (both.mean(axis=0) + 200) / 2, atol=1)

    def test_maps_that_were_not_asked_for_are_not_seen(self) -> None:
        assert np.array_equal(all_drawn_over(BRIGHT, maps("tissue", 7, 7), ["pleura"]), BRIGHT)
