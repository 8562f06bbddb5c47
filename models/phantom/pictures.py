"""Pictures that no ultrasound machine made: scenes, pages, radiographs.

A scene is a "dead leaves" picture, objects that hide each other, whose statistics are those of
photographs (Lee, Mumford and Huang, International Journal of Computer Vision 41, 2001).
"""

from math import cos, pi, sin

import cv2
import numpy as np
import numpy.typing as npt

from models.phantom.dice import Dice
from models.phantom.fields import Grid, as_grid, curve, field, ridge, step, white_noise
from models.phantom.imaging import Grey

_FONTS = (cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_COMPLEX)


def draw_scene(dice: Dice, size: int) -> Grey:
    """Objects of every size, shaded and textured, one before the other, as in a photograph."""
    picture = _shade(dice, size) * np.float32(dice.between(0.3, 1.0))
    largest, smallest = dice.scale(0.08, 0.5), dice.scale(0.01, 0.04)
    for _ in range(dice.count(3, 60)):
        mask = np.zeros((size, size), np.uint8)
        radius = dice.scale(smallest, largest) * size
        centre = (dice.between(-0.1, 1.1) * size, dice.between(-0.1, 1.1) * size)
        corners = dice.count(3, 6) if dice.chance(0.5) else 24
        cv2.fillPoly(mask, [_outline(dice, centre, radius, corners)], 255, cv2.LINE_AA)
        cover = as_grid(mask) / np.float32(255)
        picture += cover * (dice.between(0.0, 1.0) * _shade(dice, size) - picture)
    return _finished(picture, dice)


def draw_page(dice: Dice, size: int) -> Grey:
    """Lines of text, boxes and rules on an even ground: a page, a form, a screen."""
    dark = dice.chance(0.4)
    ground = dice.count(0, 64) if dark else dice.count(178, 255)
    ink = dice.count(128, 255) if dark else dice.count(0, 100)
    picture = np.full((size, size), ground, np.uint8)
    for _ in range(dice.count(0, 5)):
        start = (dice.count(0, size), dice.count(0, size))
        end = (dice.count(0, size), dice.count(0, size))
        width = cv2.FILLED if dice.chance(0.5) else dice.count(1, 2)
        cv2.rectangle(picture, start, end, dice.count(0, 255), width)
    height = dice.scale(0.02, 0.15) * size
    left, row = dice.between(0.0, 0.3) * size, dice.between(0.0, 0.4) * size
    last = size * dice.between(0.5, 1.3)
    font = _FONTS[dice.count(0, len(_FONTS) - 1)]
    while row < last:
        row += height * dice.between(1.1, 1.8)
        letters = "".join(chr(dice.count(97, 122)) for _ in range(dice.count(3, 30)))
        at = (round(left), round(row))
        cv2.putText(picture, letters, at, font, height / 30, ink, 1, cv2.LINE_AA)
    return _finished(as_grid(picture / 255), dice)


def draw_radiograph(dice: Dice, size: int) -> Grey:
    """A body of soft ellipses, darker lungs with ribs across: a radiograph or a section."""
    places = (np.arange(size, dtype=np.float32) + np.float32(0.5)) / size - np.float32(0.5)
    x, y = (as_grid(part) for part in np.meshgrid(places, places))
    soft = dice.scale(0.01, 0.15)
    body = step(1 - _distance(dice, x, y, (0, 0), (0.45, 0.45)), soft)
    picture = body * np.float32(dice.between(0.4, 0.9))
    for side in (-1, 1):
        lung = step(1 - _distance(dice, x, y, (side * 0.18, 0), (0.14, 0.28)), soft)
        picture -= lung * np.float32(dice.between(0.1, 0.5))
    for _ in range(dice.count(1, 10)):
        centre = (dice.between(-0.35, 0.35), dice.between(-0.35, 0.35))
        organ = _distance(dice, x, y, centre, (dice.scale(0.02, 0.2), dice.scale(0.02, 0.2)))
        picture += body * step(1 - organ, soft) * np.float32(dice.between(-0.3, 0.4))
    if dice.chance(0.5):
        bend, spacing = dice.between(-2.0, 2.0), dice.scale(0.05, 0.14)
        height = (y + np.float32(bend) * np.square(x)) / np.float32(spacing)
        ribs = ridge(as_grid(height - np.round(height)), 0.15)
        picture += body * ribs * np.float32(dice.between(0.03, 0.25))
    if dice.chance(0.6):
        spine = ridge(x - np.float32(dice.between(-0.05, 0.05)), dice.scale(0.02, 0.07))
        picture += body * spine * np.float32(dice.between(0.1, 0.5))
    return _finished(picture, dice)


def _shade(dice: Dice, size: int) -> Grid:
    """A smooth shade with a texture of its own, around 0.5 to 1, (size, size)."""
    places = np.arange(size, dtype=np.float32) / np.float32(size)
    texture = field(dice.rng, places, places, dice.scale(0.01, 0.6), dice.scale(0.01, 0.6))
    slope = dice.between(-0.3, 0.3) * places[:, None] + dice.between(-0.3, 0.3) * places[None, :]
    return as_grid(0.75 + slope + np.float32(dice.scale(0.005, 0.25)) * texture)


def _outline(
    dice: Dice, centre: tuple[float, float], radius: float, corners: int
) -> npt.NDArray[np.int32]:
    angles = np.arange(corners, dtype=np.float32) * np.float32(2 * pi / corners)
    radii = radius * (1 + 0.2 * curve(dice.rng, angles, 1.0))
    flat, turn = dice.scale(0.25, 1.0), dice.between(0.0, pi)
    x, y = radii * np.cos(angles), radii * np.sin(angles) * np.float32(flat)
    turned = np.stack([x * cos(turn) - y * sin(turn), x * sin(turn) + y * cos(turn)], axis=1)
    return np.asarray(np.round(turned + np.asarray(centre)), dtype=np.int32)


def _distance(
    dice: Dice, x: Grid, y: Grid, centre: tuple[float, float], radii: tuple[float, float]
) -> Grid:
    """Distance from an ellipse's centre, 1 at its rim."""
    wide, tall = radii[0] * dice.between(0.7, 1.2), radii[1] * dice.between(0.7, 1.2)
    return as_grid(np.hypot((x - centre[0]) / wide, (y - centre[1]) / tall))


def _finished(picture: Grid, dice: Dice) -> Grey:
    """With a camera's blur, grain, contrast and JPEG codec."""
    size = len(picture)
    if dice.chance(0.5):
        picture = as_grid(cv2.GaussianBlur(picture, (0, 0), dice.scale(0.3, 2.0) * size / 112))
    picture = picture * np.float32(dice.between(0.6, 1.3)) + np.float32(dice.between(-0.2, 0.15))
    picture = picture + np.float32(dice.scale(0.002, 0.06)) * white_noise(dice.rng, size, size)
    grey = np.round(255 * np.clip(picture, 0, 1)).astype(np.uint8)
    options = [cv2.IMWRITE_JPEG_QUALITY, dice.count(30, 95)]
    stored = cv2.imdecode(cv2.imencode(".jpg", grey, options)[1], cv2.IMREAD_GRAYSCALE)
    return np.asarray(stored, np.uint8)
