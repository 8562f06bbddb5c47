"""Whether a line of text may name a person, a date of birth, a number of a record or a hospital."""

import difflib
import itertools
import re
from collections.abc import Collection
from pathlib import Path

_LABELS = re.compile(
    r"\b(name|vorname|nachname|nom|patient\w*|pat|dob|d\.o\.b|born|birth\w*|geb\w*|mrn|case no"
    r"|accession|acc|nhs|ssn|insurance)\b"
    r"|\b(id|no|nr)\s*[:#.]",
    re.IGNORECASE,
)
_TITLES = re.compile(
    r"\b(mr|mrs|ms|miss|dr|prof|herr|frau|mme|sr|sra|sig)\b\.?\s*[^\W\d_]", re.IGNORECASE
)
_HOSPITALS = re.compile(
    r"(hospital|hôpital|ospedale|klinik|clinic\b|clinica|krankenhaus|universit|medical cent"
    r"|\bicu\b|\bward\b|\bstation \d)",
    re.IGNORECASE,
)
_DATES = re.compile(
    r"\b\d{1,2}\s?[./-]\s?\d{1,2}\s?[./-]\s?\d{2,4}\b"
    r"|\b(19|20)\d{2}\s?[./-]\s?\d{1,2}\s?[./-]\s?\d{1,2}\b"
    r"|\b\d{1,2}[ .-]?(jan|feb|mar|apr|ma[iy]|jun|jul|aug|sep|o[ck]t|nov|de[cz])"
    r"[a-z]*[ .-]?\d{2,4}\b",
    re.IGNORECASE,
)
_LONG_NUMBER = re.compile(r"\d[\d -]{4,}\d")
_IDEOGRAPHS = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7af]{2,}")
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_CAMEL = re.compile(r"(?<=[^\W\d_A-Z])(?=[A-Z])")

MACHINE_WORDS = frozenset(
    (Path(__file__).parent / "machine_words.txt").read_text(encoding="utf-8").split()
)
"""Words that machines write into pictures, in lower case: two of them are no name."""

_MIN_WORD = 3
_SAME_WORD = 0.8
"""Ratio of `difflib` from which a word of the picture is a word of the header, misread."""


def is_name_like(text: str, known: Collection[str] = ()) -> bool:
    """Whether a person has to look at this line before others may.

    Args:
        text: the line, as it was read.
        known: names and numbers of the patient, from the file's header.
    """
    return (
        any(
            pattern.search(text)
            for pattern in (_LABELS, _TITLES, _HOSPITALS, _DATES, _LONG_NUMBER, _IDEOGRAPHS)
        )
        or _has_two_names(text)
        or _resembles(text, known)
    )


def _has_two_names(text: str) -> bool:
    """Whether two words with a capital are neighbours, neither a word that machines write."""
    words = [part for word in _WORD.findall(text) for part in _CAMEL.split(word)]
    names = [
        word[0].isupper() and len(word) >= _MIN_WORD - 1 and word.casefold() not in MACHINE_WORDS
        for word in words
    ]
    return any(
        first and second and max(len(words[n]), len(words[n + 1])) > _MIN_WORD
        for n, (first, second) in enumerate(itertools.pairwise(names))
    )


def _resembles(text: str, known: Collection[str]) -> bool:
    words = _plain_words(text)
    searched = {word for value in known for word in _plain_words(value)}
    return any(
        difflib.SequenceMatcher(None, word, wanted).ratio() >= _SAME_WORD
        for word in words
        for wanted in searched
    )


def _plain_words(text: str) -> set[str]:
    words = re.findall(r"[^\W_]+", text.casefold())
    return {word for word in words if len(word) >= _MIN_WORD}
