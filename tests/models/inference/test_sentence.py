"""Signs in a clinician's words."""

import pytest

from models.contract import SIGNS, SignFinding
from models.inference.sentence import sentence

FRAMES = 30


def told(**signs: float | SignFinding) -> str:
    findings = {key: SignFinding(0.05, 0.1, 0) for key in SIGNS}
    for key, value in signs.items():
        findings[key] = (
            value
            if isinstance(value, SignFinding)
            else SignFinding(value, value, FRAMES if value >= 0.5 else 0)
        )
    return sentence(findings, FRAMES)


@pytest.mark.parametrize(
    ("signs", "expected"),
    [
        (
            {"b_lines": 0.9, "pleural_irregularity": 0.8},
            "B-lines and an irregular pleura; no A-lines; no consolidation; no effusion.",
        ),
        (
            {},
            "No A-lines; no B-lines; no consolidation; no effusion; pleura regular.",
        ),
        (
            {"a_lines": 0.7},
            "A-lines; no B-lines; no consolidation; no effusion; pleura regular.",
        ),
        (
            {"consolidation": 0.9, "air_bronchogram": 0.9, "effusion": 0.5, "b_lines": 0.7},
            (
                "B-lines, consolidation and air bronchograms; perhaps effusion; no A-lines; pleura "
                "regular."
            ),
        ),
        (
            {"a_lines": 0.45, "b_lines": 0.55},
            "Perhaps A-lines and B-lines; no consolidation; no effusion; pleura regular.",
        ),
    ],
)
def test_what_is_seen_comes_first(signs: dict[str, float], expected: str) -> None:
    assert told(**signs) == expected


def test_a_sign_of_a_few_frames_is_told_with_their_number() -> None:
    found = told(effusion=SignFinding(0.2, 0.95, 4))
    assert found.startswith("Effusion in 4 of 30 frames; no A-lines;")


@pytest.mark.parametrize("finding", [SignFinding(0.2, 0.7, 4), SignFinding(0.2, 0.95, 1)])
def test_a_sign_that_is_nowhere_plain_is_not_there(finding: SignFinding) -> None:
    assert "no effusion" in told(effusion=finding)
