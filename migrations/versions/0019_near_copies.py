"""Contributions that look alike are found by indexed parts of their hashes, and noted in a table.

Both tables are filled from the hashes that every contribution has: the hashes in their three bands,
and each pair that is near, as the rule was when this was written. All of it is held in memory, 100
bytes for each hash; 100,000 contributions of eight hashes take less than two minutes.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import sqlalchemy as sa
from alembic import op
from numpy.typing import NDArray

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_NEAR = 8
"""Bits in which two hashes of 64 bits differ at most, and in the median two near recordings."""

_BANDS = ((44, 20), (22, 22), (0, 22))
"""Where each band begins, and how many bits it has: in one, near hashes differ in at most two."""

_INDEXED = ("first_band", "second_band", "third_band")
_CHUNK = 10_000
_PAIRS_AT_ONCE = 100_000
_EXPANDED_AT_ONCE = 4_000_000

_CONTRIBUTIONS = sa.table(
    "contributions",
    sa.column("id", sa.Uuid()),
    sa.column("sha256", sa.String()),
    sa.column("fingerprints", sa.JSON()),
)

Integers = NDArray[np.int64]


def upgrade() -> None:
    """Make and fill both tables, then their indexes."""
    fingerprints = op.create_table(
        "fingerprints",
        sa.Column("contribution_id", sa.Uuid(), nullable=False),
        sa.Column("hash", sa.BigInteger(), autoincrement=False, nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in _INDEXED),
        sa.ForeignKeyConstraint(
            ["contribution_id"],
            ["contributions.id"],
            name=op.f("fk_fingerprints_contribution_id_contributions"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("contribution_id", "hash", name=op.f("pk_fingerprints")),
    )
    near_copies = op.create_table(
        "near_copies",
        *(sa.Column(name, sa.Uuid(), nullable=False) for name in ("contribution_id", "other_id")),
        *(
            sa.ForeignKeyConstraint(
                [name],
                ["contributions.id"],
                name=op.f(f"fk_near_copies_{name}_contributions"),
                ondelete="CASCADE",
            )
            for name in ("contribution_id", "other_id")
        ),
        sa.PrimaryKeyConstraint("contribution_id", "other_id", name=op.f("pk_near_copies")),
    )
    connection = op.get_bind()
    rows = connection.execute(sa.select(*_CONTRIBUTIONS.c).order_by(_CONTRIBUTIONS.c.id)).all()
    with_hashes = [row for row in rows if row.fingerprints]
    ids = [row.id for row in with_hashes]
    known = _Hashes.of([row.fingerprints for row in with_hashes])
    for start in range(0, len(known.owners), _CHUNK):
        chunk = slice(start, start + _CHUNK)
        columns = (
            known.owners,
            known.hashes.view(np.int64),
            *(_band(known.hashes, n) for n in (0, 1, 2)),
        )
        names = ("contribution_id", "hash", *_INDEXED)
        values = zip(*(column[chunk].tolist() for column in columns), strict=True)
        connection.execute(
            sa.insert(fingerprints),
            [dict(zip(names, (ids[owner], *others), strict=True)) for owner, *others in values],
        )
    _, contents = np.unique([row.sha256 for row in with_hashes] or [""], return_inverse=True)
    pairs = _near_pairs(known, contents)
    for start in range(0, len(pairs), _CHUNK):
        some = pairs[start : start + _CHUNK].tolist()
        both = [(ids[one], ids[other]) for pair in some for one, other in (pair, pair[::-1])]
        connection.execute(
            sa.insert(near_copies),
            [{"contribution_id": one, "other_id": other} for one, other in both],
        )
    for name in _INDEXED:
        op.create_index(op.f(f"ix_fingerprints_{name}"), "fingerprints", [name])
    op.create_index(op.f("ix_near_copies_other_id"), "near_copies", ["other_id"])
    if connection.dialect.name == "postgresql":  # it knows nothing yet of what is in new tables
        op.execute("ANALYZE fingerprints, near_copies")


def downgrade() -> None:
    """Every check compares with everything again."""
    op.drop_table("near_copies")
    op.drop_table("fingerprints")


@dataclass(frozen=True)
class _Hashes:
    """The hashes of many recordings.

    Attributes:
        padded: (recordings, most hashes of one) uint64, with zeros behind the hashes of each.
        counts: (recordings,) how many hashes each has.
        hashes, owners: (n,) every hash once for each recording that has it, and the recording's
            place; by recording.
    """

    padded: NDArray[np.uint64]
    counts: Integers
    hashes: NDArray[np.uint64]
    owners: Integers

    @classmethod
    def of(cls, recordings: list[list[str]]) -> "_Hashes":
        counts = np.array([len(each) for each in recordings], dtype=np.int64)
        padded = np.zeros((len(recordings), counts.max(initial=0)), dtype=np.uint64)
        single: list[int] = []
        owners: list[int] = []
        for place, each in enumerate(recordings):
            numbers = [int(hash_, 16) for hash_ in each]
            padded[place, : len(numbers)] = numbers
            distinct = set(numbers)
            single += distinct
            owners += [place] * len(distinct)
        return cls(
            padded, counts, np.array(single, dtype=np.uint64), np.array(owners, dtype=np.int64)
        )


def _band(hashes: NDArray[np.uint64], place: int) -> Integers:
    shift, bits = _BANDS[place]
    return (hashes >> np.uint64(shift)).astype(np.int64) & ((1 << bits) - 1)


def _near_pairs(known: _Hashes, contents: Integers) -> Integers:
    """Places of near recordings with other contents, (n, 2), the smaller first, each pair once."""
    near: list[Integers] = [np.empty(0, dtype=np.int64)]
    count = len(known.counts)
    for codes in _with_close_hashes(known):
        one, other = np.divmod(codes, count)
        different = contents[one] != contents[other]
        one, other = one[different], other[different]
        for start in range(0, len(one), _PAIRS_AT_ONCE):
            chunk = slice(start, start + _PAIRS_AT_ONCE)
            is_near = _are_near(known, one[chunk], other[chunk])
            near.append(one[chunk][is_near] * count + other[chunk][is_near])
    return np.stack(np.divmod(np.unique(np.concatenate(near)), max(count, 1)), axis=1)


def _are_near(known: _Hashes, one: Integers, other: Integers) -> NDArray[np.bool_]:
    """Whether the median distance of one's hashes to the nearest of the other's is at most 8."""
    apart = np.bitwise_count(known.padded[one][:, :, None] ^ known.padded[other][:, None, :])
    width = np.arange(known.padded.shape[1])
    apart[width >= known.counts[one][:, None]] = 65  # of no hash
    apart.transpose(0, 2, 1)[width >= known.counts[other][:, None]] = 65
    to_other = _median(apart.min(axis=2), known.counts[one])
    to_one = _median(apart.min(axis=1), known.counts[other])
    near: NDArray[np.bool_] = np.minimum(to_other, to_one) < _NEAR + 1  # its whole bits count
    return near


def _median(distances: NDArray[np.uint8], counts: Integers) -> NDArray[np.float64]:
    """The median of the `counts` smallest distances of each row."""
    ordered = np.sort(distances, axis=1).astype(np.float64)
    row = np.arange(len(ordered))
    median: NDArray[np.float64] = (ordered[row, (counts - 1) // 2] + ordered[row, counts // 2]) / 2
    return median


def _with_close_hashes(known: _Hashes) -> Iterator[Integers]:
    """Pairs of recordings with a hash each that are close, as `one * count + other`, one first."""
    count = len(known.counts)
    hashes, place = np.unique(known.hashes, return_inverse=True)
    by_hash = known.owners[np.argsort(place, kind="stable")]
    ends = np.cumsum(np.bincount(place, minlength=len(hashes)))
    starts = np.concatenate([[0], ends[:-1]])
    same = np.arange(len(hashes))
    for first, second in itertools.chain([(same, same)], _close(hashes)):
        for pair, left in _expanded(starts[first], ends[first]):
            for row, right in _expanded(starts[second][pair], ends[second][pair]):
                one, other = by_hash[left[row]], by_hash[right]
                codes = np.minimum(one, other) * count + np.maximum(one, other)
                yield np.unique(codes[one != other])


def _close(hashes: NDArray[np.uint64]) -> Iterator[tuple[Integers, Integers]]:
    """Places of two different hashes that are close; some more than once, and either way around."""
    for band, (_, bits) in enumerate(_BANDS):
        in_order = np.argsort(_band(hashes, band), kind="stable")
        ordered = hashes[in_order]
        values = _band(ordered, band)
        ends = np.cumsum(np.bincount(values, minlength=1 << bits))
        starts = np.concatenate([[0], ends[:-1]])
        for flipped in itertools.chain.from_iterable(
            itertools.combinations(range(bits), count) for count in range(3)
        ):
            # of two values, the one in which the last of these bits is not set looks up the other
            last = 1 << flipped[-1] if flipped else 0
            lookers = np.flatnonzero((values & last) == 0)
            buckets = values[lookers] ^ sum(1 << bit for bit in flipped)
            own = ordered[lookers]
            for looker, place in _expanded(starts[buckets], ends[buckets]):
                apart = np.bitwise_count(own[looker] ^ ordered[place])
                close = np.flatnonzero((apart <= _NEAR) & (apart > 0))
                yield in_order[lookers[looker[close]]], in_order[place[close]]


def _expanded(starts: Integers, ends: Integers) -> Iterator[tuple[Integers, Integers]]:
    """Every number of each range, with the place of its range; some millions at once."""
    lengths = ends - starts
    firsts = np.cumsum(lengths) - lengths
    cuts = np.searchsorted(firsts, np.arange(_EXPANDED_AT_ONCE, lengths.sum(), _EXPANDED_AT_ONCE))
    for ranges in np.split(np.arange(len(lengths)), np.unique(cuts)):
        place = np.repeat(ranges, lengths[ranges])
        within = np.arange(len(place)) - np.repeat(
            firsts[ranges] - firsts[ranges[:1]], lengths[ranges]
        )
        yield place, starts[place] + within
