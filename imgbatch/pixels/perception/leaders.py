"""Leaders: which pictures look like one that comes before them?

Pictures come with the best first. The first that no leader has taken is the next leader, and takes all later ones that
are near to it. So each member of a group looks like the leader itself: in a chain, of which each link looks like the
next, the last would not look like the first, and of a film every picture would be a duplicate of every other. The
result depends on the order alone.

Near are two pictures whose DCT hashes differ in at most so many bits, and whose difference hashes, which have twice
as many, do not contradict that. Who is near is found by hamming_pairs.py; where thousands of pictures have nearly the
same hash, leaders are compared with all others until these are few enough.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from imgbatch.core.frozen_dataclass import frozen
from imgbatch.pixels.perception.hamming_pairs import best_bands, pairs_within
from imgbatch.pixels.perception.perceptual_hash import ORIENTATIONS, hamming, turn_hashes

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Bits of 128 in which the difference hashes of pictures may differ whose DCT hashes are equal, and for each bit more.
SLACK, SLACK_PER_BIT = 8, 3
#: ns, guessed, that looking up all pairs of one orientation may take; else leaders are compared with all others first.
_DEAREST = 40e9
_SCANS = 64  # leaders that are, before it is guessed again
_MOST_PAIRS = 10_000_000  # that are in memory at once
_UPRIGHT = (1,)


@frozen(eq=False)
class Looks:
    """The hashes of pictures, arrays of shape (N,): uint64, of the kind int64; only those of one kind are compared."""

    dct: NDArray[Any]
    across: NDArray[Any]
    down: NDArray[Any]
    kind: NDArray[Any]

    def __getitem__(self, places: Any) -> Looks:
        return Looks(self.dct[places], self.across[places], self.down[places], self.kind[places])

    def turn(self, orientation: int) -> Looks:
        """Those of the same pictures turned (perceptual_hash.turn_hashes)."""
        if orientation == 1:
            return self
        return Looks(*turn_hashes(self.dct, self.across, self.down, orientation), self.kind)

    def near(self, other: Looks, threshold: int) -> NDArray[Any]:
        """Whether pictures look alike, one by one."""
        difference = hamming(self.across, other.across).astype("i4") + hamming(self.down, other.down)
        alike = (hamming(self.dct, other.dct) <= threshold) & (difference <= SLACK + SLACK_PER_BIT * threshold)
        result: NDArray[Any] = alike & (self.kind == other.kind)
        return result


def find_leaders(looks: Looks, threshold: int, any_orientation: bool) -> tuple[NDArray[Any], NDArray[Any]]:
    """The leader of each picture, and how it must be turned to look like that.

    Parameters
    ----------
    looks : Looks
        Of N pictures, the best first.
    threshold : int
        Bits of 64.
    any_orientation : bool
        Whether pictures that are turned or mirrored are near, too.

    Returns
    -------
    (leaders, orientations) : arrays of shape (N,)
        The place of the leader, their own for leaders; EXIF's number of what turns the leader into the picture, 1 for
        those that lie as it does.
    """
    import numpy

    triples = numpy.stack([looks.dct, looks.across, looks.down, looks.kind.astype(numpy.uint64)], axis=1)
    _, first, inverse = numpy.unique(triples, axis=0, return_index=True, return_inverse=True)
    inverse = inverse.reshape(-1)
    order = numpy.sort(first)  # equal ones have one fate: that of their first
    search = _LeaderSearch(looks[order], threshold, ORIENTATIONS if any_orientation else _UPRIGHT)
    search.run()
    node = numpy.searchsorted(order, first)[inverse]
    return order[search.leaders[node]], search.orientations[node]


class _LeaderSearch:
    """One search for leaders among pictures that all look different."""

    def __init__(self, looks: Looks, threshold: int, orientations: Any) -> None:
        import numpy

        self._looks, self._threshold = looks, threshold
        self._orientations = tuple(orientations)
        count = len(looks.dct)
        self.leaders = numpy.arange(count)
        self.orientations = numpy.ones(count, numpy.int8)
        self._rest = numpy.arange(count)  # without leader so far, in order

    def run(self) -> None:
        """Find all leaders."""
        scans = _SCANS
        while len(self._rest) > 1:
            bands, cost = best_bands(self._looks.dct[self._rest], self._threshold)
            if cost <= _DEAREST:
                pairs = self._pairs(bands)
                if pairs is not None:
                    self._take_pairs(*pairs)
                    return
            for _ in range(scans):
                if len(self._rest) > 1:
                    self._scan()
            scans *= 2

    def _scan(self) -> None:
        """Compare the next leader with all others."""
        leader, others = int(self._rest[0]), self._rest[1:]
        looks, free = self._looks[others], others
        for orientation in self._orientations:
            near = self._looks[leader : leader + 1].turn(orientation).near(looks, self._threshold)
            if near.any():
                self.leaders[free[near]], self.orientations[free[near]] = leader, orientation
                free, looks = free[~near], looks[~near]
        self._rest = free

    def _pairs(self, bands: Any) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]] | None:
        """Leaders that there may be, who is near to them, and how; None: too many."""
        import numpy

        looks, parts, total = self._looks[self._rest], [], 0
        for orientation in self._orientations:
            turned_looks = looks.turn(orientation)
            left = looks.dct if orientation == 1 else turned_looks.dct
            for one, other in pairs_within(left, looks.dct, self._threshold, bands):
                if orientation != 1:
                    forward = one < other
                    one, other = one[forward], other[forward]
                near = turned_looks[one].near(looks[other], self._threshold)
                one, other = one[near], other[near]
                if orientation == 1:
                    one, other = numpy.minimum(one, other), numpy.maximum(one, other)
                parts.append((one, other, numpy.full(len(one), orientation, numpy.int8)))
                total += len(one)
                if total > _MOST_PAIRS:
                    return None
        if not parts:
            nothing = numpy.zeros(0, numpy.int64)
            return nothing, nothing, nothing
        one, other, orientation = map(numpy.concatenate, zip(*parts, strict=True))
        order = numpy.lexsort((orientation, other, one))
        return self._rest[one[order]], self._rest[other[order]], orientation[order]

    def _take_pairs(self, one: NDArray[Any], other: NDArray[Any], orientation: NDArray[Any]) -> None:
        """Let each leader take who is near to it; sorted by leader, then by picture, then by orientation."""
        import numpy

        if not len(one):
            return
        is_member = numpy.zeros(len(self.leaders), bool)
        candidates, starts = numpy.unique(one, return_index=True)
        ends = [*starts[1:].tolist(), len(one)]
        for leader, start, end in zip(candidates.tolist(), starts.tolist(), ends, strict=True):
            if not is_member[leader]:
                members, ways = other[start:end][::-1], orientation[start:end][::-1]  # of several ways the first counts
                free = ~is_member[members]
                members = members[free]
                self.leaders[members], self.orientations[members] = leader, ways[free]
                is_member[members] = True
