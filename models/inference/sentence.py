"""Signs in a clinician's words."""

from collections.abc import Mapping, Sequence

from models.contract import SIGNS, SignFinding

_WORDS: Mapping[str, tuple[str, str]] = {
    "a_lines": ("A-lines", "no A-lines"),
    "b_lines": ("B-lines", "no B-lines"),
    "consolidation": ("consolidation", "no consolidation"),
    "effusion": ("effusion", "no effusion"),
    "pleural_irregularity": ("an irregular pleura", "pleura regular"),
    "air_bronchogram": ("air bronchograms", ""),
}
"""What is said of a sign that is seen, and of one that is not: nothing where nobody would."""

_SEEN, _UNSEEN = 0.6, 0.4
"""A sign of a probability between is perhaps there."""

_PLAIN = 0.8
_FEW_FRAMES = 2
"""A sign is there in some frames if it is seen in so many, and in one of them so plainly."""


def sentence(findings: Mapping[str, SignFinding], frames: int) -> str:
    """What a recording shows: `B-lines and an irregular pleura; no consolidation; no effusion.`

    Args:
        findings: of each sign.
        frames: how many frames they are of.
    """
    seen, perhaps, unseen = [], [], []
    for key in SIGNS:
        found, (present, absent) = findings[key], _WORDS[key]
        if found.probability >= _SEEN:
            seen.append(present)
        elif found.probability >= _UNSEEN:
            perhaps.append(present)
        elif found.highest >= _PLAIN and found.frames >= _FEW_FRAMES:
            seen.append(f"{present} in {found.frames} of {frames} frames")
        elif absent:
            unseen.append(absent)
    clauses = [_listed(seen)] if seen else []
    if perhaps:
        clauses.append(f"perhaps {_listed(perhaps)}")
    text = "; ".join([*clauses, *unseen])
    return f"{text[:1].upper()}{text[1:]}."


def _listed(names: Sequence[str]) -> str:
    """`a`, `a and b`, or `a, b and c`."""
    return " and ".join([*([", ".join(names[:-1])] if len(names) > 1 else []), names[-1]])
