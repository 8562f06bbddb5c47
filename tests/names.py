"""Hypothesis strategies of names and values, as people, devices and mischief write them."""

import unicodedata

from hypothesis import strategies as st

ODD_TEXTS = (
    "患者甲", "Без особенностей", "مستشفى ٣", "अस्पताल", "ゆうき", "Ünal", "U\u0308nal", "e\u0301",
    "none", "None", "NULL", "nan", "NaN", "nd", "ND", "n/a", "0", "00", "1e5", "false", "-0",
    "a\nb", "a\r\nb", "a\rb", "tab\there", ' "quoted" ', "'", '"', ";", ",", "\\", "C:\\x", "%s",
    "\u200f\u202eabc", "a\u200db", "\u2066x\u2069", "👩‍⚕️", "𝔸", "\ufeffx", "  two  spaces  ",
    "\u00a0x",
    "<b>&amp;", "{{x}}", "../x", "\x01\x1b[31m", "\x7f", "a\x85b", "a\u2028b",
    "ﬁ", "①", "ſ", "İ", "ß",
    "x" * 199,
)  # fmt: skip
"""Values that some program, somewhere, takes for something else."""

_CHARACTERS = st.characters(codec="utf-8", exclude_characters="\0")

texts = st.one_of(
    st.sampled_from(ODD_TEXTS),
    st.text(_CHARACTERS, min_size=1, max_size=40),
).filter(lambda text: text.strip() != "")
"""Free text that says something: anything but NUL, which no database holds."""

_ENDINGS = st.sampled_from(["", ".mp4", ".MP4", ".png", ".v2.avi"])
_STEMS = st.one_of(
    st.sampled_from(
        ["a", "A", "P1-11", "P11-1", "P111", "P1_11", "p1-11", "ü", "u\u0308", "Ü", "患者",
         "x y", "1"]
    ),
    st.text(
        st.characters(codec="utf-8", exclude_categories=("Cc", "Cs"), exclude_characters="/\\"),
        min_size=1,
        max_size=8,
    ),
)  # fmt: skip
_FOLDERS = st.lists(st.sampled_from(["ward", "Ward", "bed 1", "b", "ü"]), max_size=3)

file_names = st.builds(
    lambda folders, name, ending: "/".join([*folders, name + ending]), _FOLDERS, _STEMS, _ENDINGS
).filter(lambda name: name.rpartition("/")[2] not in (".", ".."))
"""Names of files with their folders, many of them nearly the same."""


def nfc(text: str) -> str:
    """The composed form."""
    return unicodedata.normalize("NFC", text)
