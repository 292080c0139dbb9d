"""Fingerprint table: what is known of all files of a search, in a hundred bytes each?

One row for each job, by its index. From it follow which files must be decoded whole, and which are alike.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from imgbatch.core.frozen_dataclass import frozen
from imgbatch.core.quantities import Size
from imgbatch.ledger.fingerprints.store import StoreRow
from imgbatch.pixels.perception.hamming_pairs import best_bands, pairs_within
from imgbatch.pixels.perception.leaders import Looks, find_leaders

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Gray levels (root mean square, of 0..255) that a picture must have at the grid's scale to be near to another one: in
#: a flat one the bits of the hashes are chance, and all would be near to each other.
FLAT = 1.0
#: Bits by which the hashes of the same pixels may differ: of a JPEG they are made at an eighth of its size, of a PNG of
#: the same pixels from all. What differs in more is not decoded whole.
SAME_PIXELS = 6
_DEAREST = 20e9  # ns, guessed, of the look for pairs of one size: else all of them are decoded whole
_ROW = [
    ("is_compared", "?"), ("content", "S32"), ("bytes", "i8"), ("width", "i4"), ("height", "i4"), ("frames", "i4"),
    ("dct", "u8"), ("across", "u8"), ("down", "u8"), ("structure", "f4"), ("pixels", "S32"),
]  # fmt: skip


@frozen
class Alike:
    """A file beside the one that stays: their numbers, and what they have in common.

    Attributes
    ----------
    index, representative : int
        Jobs.
    likeness : str
        One of duplicate_groups.LIKENESSES.
    distance, orientation : int
        Bits in which the hashes differ; EXIF's number of what turns the representative into it.
    """

    index: int
    representative: int
    likeness: str
    distance: int
    orientation: int


class FingerprintTable:
    """The fingerprints of `count` files."""

    def __init__(self, count: int) -> None:
        import numpy

        self._rows = numpy.zeros(count, _ROW)

    def put(self, index: int, size: int, row: StoreRow) -> None:
        """Note what is known of a file.

        Parameters
        ----------
        index : int
        size : int
            Of the file, in bytes.
        row : StoreRow
        """
        hashes, content, pixels = row.hashes, row.content.encode(), row.pixels.encode()
        self._rows[index] = (
            True, content, size, row.width, row.height, row.frames, *hashes, row.structure, pixels,
        )  # fmt: skip

    def put_pixels(self, index: int, pixels: str) -> StoreRow:
        """Note the hash of a file's pixels; all that is known of it now."""
        self._rows["pixels"][index] = pixels.encode()
        row = self._rows[index]
        return StoreRow(
            row["content"].decode(), int(row["width"]), int(row["height"]), int(row["frames"]),
            (int(row["dct"]), int(row["across"]), int(row["down"])), float(row["structure"]), pixels,
        )  # fmt: skip

    def share_pixels(self) -> None:
        """Give the hash of a file's pixels to all files of the same bytes, so that any of them may be forgotten."""
        import numpy

        places = numpy.flatnonzero(self._rows["is_compared"])
        _, inverse = numpy.unique(self._rows["content"][places], return_inverse=True)
        is_known = self._rows["pixels"][places] != b""
        pixels = numpy.zeros(len(places), self._rows["pixels"].dtype)
        pixels[inverse.reshape(-1)[is_known]] = self._rows["pixels"][places[is_known]]
        self._rows["pixels"][places] = pixels[inverse.reshape(-1)]

    def forget(self, index: int) -> None:
        """Compare a file with nothing: it could not be decoded whole, or is no file of its own."""
        self._rows["is_compared"][index] = False

    def size_of(self, index: int) -> tuple[Size, int]:
        """(width, height) in px and the number of frames."""
        row = self._rows[index]
        return (int(row["width"]), int(row["height"])), int(row["frames"])

    def without_pixel_hash(self) -> list[int]:
        """The files whose pixels must be compared, and are not hashed yet: another one of that size looks the same."""
        import numpy

        places, _ = self._classes("content")
        rows = self._rows[places]
        may_be_same = numpy.zeros(len(places), bool)
        for group in _groups(numpy.stack([rows["width"], rows["height"], rows["frames"]], axis=1)):
            flat = group[rows["structure"][group] < 1.5 * FLAT]
            may_be_same[flat] = len(flat) > 1
            others = group[rows["structure"][group] >= FLAT]
            hashes = rows["dct"][others]
            bands, cost = best_bands(hashes, SAME_PIXELS)
            if cost > _DEAREST:
                may_be_same[others] = True
                continue
            for one, other in pairs_within(hashes, hashes, SAME_PIXELS, bands):
                may_be_same[others[one]] = may_be_same[others[other]] = True
        return sorted(places[may_be_same & (rows["pixels"] == b"")].tolist())

    def alike(self, threshold: int, any_orientation: bool, last: str) -> Iterator[list[Alike]]:
        """The groups, each without its representative, which all of its files name.

        Parameters
        ----------
        threshold : int
            Bits of 64.
        any_orientation : bool
        last : str
            How alike the files of a group are at least: ``bytes``, ``pixels`` or ``near``.
        """
        import numpy

        indices, content = self._classes("content")
        # The leader of each file, by job: first that of its bytes, then that of its pixels, then that of its look
        leaders = nodes = content.copy()
        orientations = numpy.ones(len(self._rows), numpy.int8)
        if last != "bytes":
            _, pixels = self._classes("pixels", indices)
            leaders = numpy.where(leaders >= 0, pixels[leaders], -1)
        if last == "near":
            heads = self._rank(numpy.unique(leaders[leaders >= 0]))
            heads = heads[self._rows["structure"][heads] >= FLAT]
            near, ways = find_leaders(self._looks(heads), threshold, any_orientation)
            by_head = numpy.arange(len(self._rows))
            by_head[heads] = heads[near]
            orientations[heads] = ways
            nodes = leaders
            orientations = numpy.where(leaders >= 0, orientations[leaders], 1)
            leaders = numpy.where(leaders >= 0, by_head[leaders], -1)
        members = numpy.flatnonzero(leaders >= 0)
        order = members[numpy.argsort(leaders[members], kind="stable")]
        for group in numpy.split(order, numpy.flatnonzero(numpy.diff(leaders[order])) + 1):
            if len(group) > 1:
                head, *others = self._rank(group).tolist()
                yield [
                    self._compare(one, int(content[one]), int(nodes[one]), head, int(orientations[one]))
                    for one in others
                ]

    def _compare(self, index: int, twin: int, node: int, head: int, orientation: int) -> Alike:
        """A file beside the head of its group.

        Parameters
        ----------
        index : int
            The file.
        twin, node : int
            The files of the same bytes whose pixels were hashed, and of the same pixels whose look was compared.
        head : int
            The representative.
        orientation : int
            What turns that into `node`.
        """
        for likeness, field, place in (("bytes", "content", index), ("pixels", "pixels", twin)):
            if self._rows[field][place] == self._rows[field][head] != b"":
                return Alike(index, head, likeness, 0, 1)
        near = self._looks([head]).turn(orientation).dct ^ self._rows["dct"][node]
        return Alike(index, head, "near", int(near[0]).bit_count(), orientation)

    def _classes(self, field: str, places: NDArray[Any] | None = None) -> tuple[NDArray[Any], NDArray[Any]]:
        """The first file, by rank, of each content or each pixels; and which it is for each file, -1: not compared."""
        import numpy

        first = numpy.full(len(self._rows), -1)
        ranks = self._rank(numpy.flatnonzero(self._rows["is_compared"]) if places is None else places)
        hashes = self._rows[field][ranks]
        first[ranks] = ranks
        ranks, hashes = ranks[hashes != b""], hashes[hashes != b""]
        _, heads, inverse = numpy.unique(hashes, return_index=True, return_inverse=True)
        first[ranks] = ranks[heads[inverse.reshape(-1)]]
        return numpy.unique(first[first >= 0]), first

    def _rank(self, places: NDArray[Any]) -> NDArray[Any]:
        """The same files, those that would rather stay first: most pixels, most bytes, first by name."""
        import numpy

        rows = self._rows[places]
        pixels = rows["width"].astype("i8") * rows["height"] * rows["frames"]
        ranks: NDArray[Any] = places[numpy.lexsort((places, -rows["bytes"], -pixels))]
        return ranks

    def _looks(self, places: Any) -> Looks:
        rows = self._rows[places]
        return Looks(rows["dct"].copy(), rows["across"].copy(), rows["down"].copy(), rows["frames"].astype("i8"))


def _groups(keys: NDArray[Any]) -> Iterator[NDArray[Any]]:
    """The places of equal rows, where there are at least two."""
    import numpy

    if not len(keys):
        return
    _, inverse = numpy.unique(keys, axis=0, return_inverse=True)
    inverse = inverse.reshape(-1)
    order = numpy.argsort(inverse, kind="stable")
    for group in numpy.split(order, numpy.flatnonzero(numpy.diff(inverse[order])) + 1):
        if len(group) > 1:
            yield group
