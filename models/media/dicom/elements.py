"""Values of a data set as plain numbers and words; what is no such value counts as missing."""

import math
from collections.abc import Sequence

from pydicom.dataset import Dataset
from pydicom.multival import MultiValue

_UNREADABLE = (ArithmeticError, AttributeError, LookupError, NotImplementedError, TypeError)
"""What pydicom raises for a value that it cannot convert, beside ValueError and OSError."""


def numbers(dataset: Dataset, keyword: str) -> list[float]:
    """The finite numbers of an element, in order; empty where it is missing or holds others."""
    try:
        value = dataset.get(keyword)
        listed = list(value) if isinstance(value, MultiValue | list | tuple) else [value]
        found = [float(each) for each in listed if each is not None]
    except (*_UNREADABLE, ValueError, OSError):
        return []
    return found if all(math.isfinite(each) for each in found) else []


def number(dataset: Dataset, keyword: str) -> float | None:
    """The first number of an element, or None."""
    return next(iter(numbers(dataset, keyword)), None)


def whole(dataset: Dataset, keyword: str, default: int | None = None) -> int | None:
    """The first number of an element as a whole number; the default where there is none."""
    value = number(dataset, keyword)
    return default if value is None else int(value)


def word(dataset: Dataset, keyword: str) -> str:
    """A code such as a modality, in capitals; empty where it is missing."""
    try:
        value = dataset.get(keyword)
    except (*_UNREADABLE, ValueError, OSError):
        return ""
    return str(value).strip(" \0").upper() if isinstance(value, str) else ""


def items(dataset: Dataset, keyword: str) -> Sequence[Dataset]:
    """The items of a sequence; empty where it is missing or cannot be parsed."""
    try:
        return list(dataset.get(keyword) or ())
    except (*_UNREADABLE, ValueError, OSError, RecursionError):
        return []
