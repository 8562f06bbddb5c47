"""The sign network on the evaluated recordings: signs against doctors' findings, and refusals."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.contract import MAP_NAMES, SIGN_NAMES, Manifest, ReasonCode
from models.data.extraction import FrameCache
from models.data.index import Entry
from models.evaluation.report.bootstrap import LEVEL, SEED, Interval
from models.inference.answer import Method
from models.inference.artifact import Weights
from models.inference.evidence import Signs
from models.inference.screen import BATCH
from models.inference.sign_reader import SignReader
from models.inference.sign_weights import SignWeights

FINDINGS: Mapping[str, tuple[str, str]] = {
    "effusion": ("effusion", "effusion"),
    "consolidations": ("consolidation", "consolidation"),
    "B-lines": ("b_lines", "b_lines"),
    "pleural irregularities": ("pleural_irregularity", "pleura"),
    "A-lines": ("a_lines", "a_lines"),
    "air bronchogram": ("air_bronchogram", ""),
}
"""For each finding of a dataset's table, the sign that should tell it and the map, if any."""

Values = npt.NDArray[np.floating]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Area:
    """Area under a ROC curve, 0 to 1, with its interval (cluster bootstrap over patients)."""

    value: float
    interval: Interval


@dataclass(frozen=True, slots=True)
class FindingRow:
    """How well a sign tells a finding that doctors noted, recordings as wholes.

    `present` of `recordings` have it; `sign` is for the mean of the sign of the whole picture over
    a recording's frames, `map` for that of a map over frames and places; None where there is none.
    """

    finding: str
    sign_name: str
    map_name: str
    recordings: int
    present: int
    sign: Area
    map: Area | None


@dataclass(frozen=True, slots=True)
class RefusalRow:
    """What the artifact refuses of a source's recordings, all of them lungs of convex probes:
    as no lung, or as made with a linear probe.
    """

    source: str
    recordings: int
    not_lung: int
    linear_probe: int
    frames: int
    frames_left_out: int


@dataclass(frozen=True, slots=True)
class SignEvaluation:
    """What the report says of signs.

    Attributes:
        names: of the signs of the whole picture, in the order of the columns.
        by_recording: by SHA-256, the signs of its frames.
        findings: a row for each finding with recordings that have it and others that do not.
        refusals: a row for each source; empty where the artifact refuses nothing.
    """

    names: tuple[str, ...]
    by_recording: Mapping[str, Signs]
    findings: tuple[FindingRow, ...]
    refusals: tuple[RefusalRow, ...]


def evaluate_signs(
    manifest: Manifest,
    weights: Weights,
    entries: Sequence[Entry],
    cache: FrameCache,
    progress: Callable[[int, int], None],
    resamples: int,
) -> SignEvaluation | None:
    """Read the signs of every recording, in float32, and hold them against what is known.

    What is refused is told as screenings do, with the trunk in the fastest precision.

    None where the artifact has no sign network.

    Args:
        manifest: of the artifact.
        weights: of the same artifact.
        entries: recordings whose frames are in the cache.
        cache: of extracted frames.
        progress: called after each recording.
        resamples: bootstrap resamples behind each interval.
    """
    if weights.signs is None:
        return None
    reader = SignReader(weights, manifest.preprocessing["means"])
    method = Method.of(manifest, weights.signs.maps, weights.signs.signs, weights.readers)
    found: dict[str, Signs] = {}
    for done, entry in enumerate(entries, start=1):
        found[entry.sha256] = _read(reader, cache.frames(entry.sha256))
        progress(done, len(entries))
    return SignEvaluation(
        weights.signs.signs,
        found,
        tuple(_findings(weights.signs, entries, found, resamples)),
        tuple(_refusals(method, entries, found)),
    )


def area(values: Values, present: Flags, patients: Sequence[str], resamples: int) -> Area:
    """The area under the ROC curve of values (n,) that should be higher where `present` (n,).

    Args:
        values: a number for each recording.
        present: whether it has the finding; some have it, and some have not.
        patients: of each recording; whose recordings are drawn together.
        resamples: of the patients; those without both kinds of recordings are drawn in vain.
    """
    wins = (values[present][:, None] > values[~present][None]).astype(float)
    wins += (values[present][:, None] == values[~present][None]) / 2
    names = list(dict.fromkeys(patients))
    patient_of = np.array([names.index(patient) for patient in patients])
    rng = np.random.default_rng(SEED)
    times = rng.multinomial(len(names), np.full(len(names), 1 / len(names)), size=resamples)
    positive, negative = times[:, patient_of[present]], times[:, patient_of[~present]]
    pairs = positive.sum(axis=1) * negative.sum(axis=1)
    drawn = np.einsum("rp,pn,rn->r", positive, wins, negative, optimize=True)[pairs > 0]
    tail = 100 * (1 - LEVEL) / 2
    low, high = np.percentile(drawn / pairs[pairs > 0], [tail, 100 - tail])
    return Area(float(wins.mean()), (float(low), float(high)))


def _read(reader: SignReader, frames: npt.NDArray[np.uint8]) -> Signs:
    parts = [reader.run(frames[at : at + BATCH]) for at in range(0, len(frames), BATCH)]
    return Signs(
        np.concatenate([part.maps for part in parts]),
        np.concatenate([part.whole for part in parts]),
    )


def _findings(
    weights: SignWeights,
    entries: Sequence[Entry],
    found: Mapping[str, Signs],
    resamples: int,
) -> list[FindingRow]:
    rows = []
    for name, (sign, map_) in FINDINGS.items():
        noted = [entry for entry in entries if name in entry.metadata.findings]
        present = np.array([entry.metadata.findings[name] for entry in noted], dtype=np.bool_)
        if not present.any() or present.all():
            continue
        patients = [entry.patient or entry.sha256 for entry in noted]
        signs = [found[entry.sha256] for entry in noted]
        column = weights.signs.index(sign)
        by_sign = np.array([each.whole[:, column].mean() for each in signs])
        by_map = None
        if map_:
            place = weights.maps.index(map_)
            means = np.array([each.maps[..., place].mean() for each in signs])
            by_map = area(means, present, patients, resamples)
        rows.append(
            FindingRow(
                name,
                SIGN_NAMES[sign],
                MAP_NAMES.get(map_, ""),
                len(noted),
                int(present.sum()),
                area(by_sign, present, patients, resamples),
                by_map,
            )
        )
    return rows


def _refusals(
    method: Method, entries: Sequence[Entry], found: Mapping[str, Signs]
) -> list[RefusalRow]:
    if not method.usable:
        return []
    by_source: dict[str, list[str]] = {}
    for entry in entries:
        by_source.setdefault(entry.source, []).append(entry.sha256)
    reasons = {sha256: method.refusal(signs) for sha256, signs in found.items()}
    return [
        RefusalRow(
            source,
            len(recordings),
            sum(reasons[sha256] is ReasonCode.NOT_LUNG for sha256 in recordings),
            sum(reasons[sha256] is ReasonCode.LINEAR_PROBE for sha256 in recordings),
            sum(len(found[sha256].whole) for sha256 in recordings),
            sum(int((~method.usable_frames(found[sha256])).sum()) for sha256 in recordings),
        )
        for source, recordings in sorted(by_source.items(), key=lambda row: (-len(row[1]), row[0]))
    ]
