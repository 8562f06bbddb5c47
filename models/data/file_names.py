"""Names of files: which are skipped, how they are compared, and how stored bytes are decoded.

Shared by the manifest of a submission, `pocovid submit` and the index of a dataset. Names are
compared in Unicode normalisation form C (NFC) and otherwise as they are, so that two different
names never become one.
"""

import os
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

JUNK_NAMES = frozenset(
    {
        "__macosx", "thumbs.db", "ehthumbs.db", "ehthumbs_vista.db", "desktop.ini", "icon\r",
        "$recycle.bin", "system volume information", "@eadir",
    }
)  # fmt: skip
"""Files and folders that operating systems leave behind, in lower case."""

JUNK_STARTS = (".", "~$")
"""Prefixes of hidden files (.DS_Store, ._x, .Spotlight-V100, ...) and of office lock files."""

SPREADSHEETS = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods", ".numbers")
OFFICE_DOCUMENTS = (".docx", ".odt", ".pptx", ".odp", ".pages", ".key")

_CODE_PAGES = ("cp437", "cp850", "cp1252")
_COMMON_SIGNS = frozenset("°²³µ§©®·–—…’“”‘«»€£½¼¾±×")


# Files that are skipped


def is_junk(path: str) -> bool:
    """Whether a file, given with its folders, is one that an operating system created."""
    return any(
        part.lower() in JUNK_NAMES or part.startswith(JUNK_STARTS) for part in parts_of(path)
    )


def is_spreadsheet(path: str) -> bool:
    """Whether a file name has a spreadsheet's extension."""
    return path.lower().endswith(SPREADSHEETS)


def is_office_document(path: str) -> bool:
    """Whether a file name has the extension of a text document or a presentation."""
    return path.lower().endswith(OFFICE_DOCUMENTS)


# How names are compared


@lru_cache(maxsize=32_768)
def parts_of(path: str) -> tuple[str, ...]:
    """Folders and name in NFC, split at `/` and `\\`, without `.` and `..`."""
    composed = unicodedata.normalize("NFC", path)
    parts = composed.replace("\\", "/").split("/")
    return tuple(part for part in parts if part not in ("", ".", ".."))


def canonical(path: str) -> str:
    """The canonical form of a path: two paths are the same if and only if these are equal."""
    return "/".join(parts_of(path))


@lru_cache(maxsize=32_768)
def simplified(name: str) -> str:
    """A name without case, punctuation and spaces, in any script; may be empty."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    return "".join(character for character in folded if unicodedata.category(character)[0] in "LNM")


def stem(name: str) -> str:
    """A name without its extension."""
    return name.rpartition(".")[0] or name


# Names stored as bytes


def decode_names(names: Sequence[bytes]) -> list[str]:
    """Names decoded as UTF-8 where valid, else all in the one code page that fits best.

    Names that are not UTF-8 were presumably written by one program, so that one of cp437, cp850
    (DOS, and so many ZIP programs) and cp1252 is chosen for all of them: the one whose letters
    look most like words, in this order on a tie. Different bytes give different names, unless one
    is UTF-8 and another is not.
    """
    as_utf8 = [_utf8(name) for name in names]
    others = [name for name, text in zip(names, as_utf8, strict=True) if text is None]
    page = (
        min(_CODE_PAGES, key=lambda code_page: _implausibility(others, code_page)) if others else ""
    )
    return [
        name.decode(page) if text is None else text
        for name, text in zip(names, as_utf8, strict=True)
    ]


def to_valid_text(names: Sequence[str]) -> list[str]:
    """File names from the operating system, as valid Unicode text that can be sent and displayed.

    A name that is not valid UTF-8 on the disk (Python represents it with lone surrogates) is
    decoded as by `decode_names`; where that would make two names equal, the later one is
    percent-encoded.
    """
    texts = decode_names([os.fsencode(name) for name in names])
    taken: set[str] = {name for name in names if _utf8(os.fsencode(name)) is not None}
    for place, (name, text) in enumerate(zip(names, texts, strict=True)):
        if text == name:
            continue
        if text in taken:
            text = "".join(_percent(byte) for byte in name)
        taken.add(text)
        texts[place] = text
    return texts


def _utf8(name: bytes) -> str | None:
    try:
        return name.decode()
    except UnicodeDecodeError:
        return None


def _percent(character: str) -> str:
    """A lone surrogate, percent-encoded as the byte it represents."""
    return f"%{ord(character) - 0xDC00:02X}" if "\udc80" <= character <= "\udcff" else character


def _implausibility(names: Iterable[bytes], page: str) -> float:
    """How unlikely these bytes are in a code page: 0 where every letter is plausible."""
    try:
        texts = [name.decode(page) for name in names]
    except UnicodeDecodeError:
        return float("inf")
    return sum(_penalty(previous, each) for text in texts for previous, each in _bigrams(text))


def _bigrams(text: str) -> Iterator[tuple[str, str]]:
    return zip(f" {text}", text, strict=False)


def _penalty(previous: str, character: str) -> int:
    if character.isascii() or (character in _COMMON_SIGNS and not previous.isalpha()):
        return 0
    if not (character.isalpha() and unicodedata.name(character, "").startswith("LATIN")):
        return 4
    return int(character.isupper() and previous.islower())
