"""Duplicate groups: which files are there more than once, which of each group stays, and how alike are the others?"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Any

from imgbatch.core.frozen_dataclass import frozen
from imgbatch.core.job import SCHEMA, Source, readable
from imgbatch.core.quantities import Size
from imgbatch.core.report import without_controls

#: How alike a file is to the one that stays, the surest first.
LIKENESSES = ("bytes", "pixels", "near")
#: How a picture lies beside the one that stays, by EXIF's number of what turns that into it.
WAYS = {
    1: "", 2: "mirrored", 3: "turned 180", 4: "mirrored, turned 180", 5: "mirrored, turned 270", 6: "turned 90",
    7: "mirrored, turned 90", 8: "turned 270",
}  # fmt: skip


@frozen(slots=True)
class Duplicate:
    """One file of a group.

    Attributes
    ----------
    source : Source
        Its ``path`` is absolute, ``root`` as it was given.
    likeness : "bytes", "pixels" or "near"
        What it has in common with the file that stays; of that one, "bytes".
    size : (int, int)
        (width, height) in px, upright; (0, 0) where only bytes were compared.
    frames : int
    distance : int
        In how many of 64 bits its hash differs; 0 but for "near".
    way : str
        How it is turned beside the one that stays: ``turned 90`` (clockwise), ``mirrored``, ...; "" as that.
    """

    source: Source
    likeness: str
    size: Size
    frames: int = 1
    distance: int = 0
    way: str = ""

    @property
    def location(self) -> str:
        """The path from where the user stands: the root as given, and the path below it."""
        return os.path.join(self.source.root, self.source.relative)

    def record(self) -> dict[str, Any]:
        """What JSON says of it."""
        width, height = self.size
        return {
            "root": readable(self.source.root), "source": readable(self.source.relative), "likeness": self.likeness,
            "bytes": self.source.size, "width": width, "height": height,
            **({"frames": self.frames} if self.frames > 1 else {}),
            **({"distance": self.distance} if self.likeness == "near" else {}),
            **({"way": self.way} if self.way else {}),
        }  # fmt: skip


@frozen(slots=True)
class DuplicateGroup:
    """Files that are alike.

    Attributes
    ----------
    representative : Duplicate
        The file that stays: that of the most pixels, of these that of the most bytes, then the first by name.
    others : tuple of Duplicate
        What could go: first what is surely the same, then by distance.
    """

    representative: Duplicate
    others: tuple[Duplicate, ...]

    @property
    def likeness(self) -> str:
        """What all of its files have in common: ``bytes``, ``pixels``, or ``near`` for nothing but the look."""
        return max((one.likeness for one in self.others), key=LIKENESSES.index)

    @property
    def spare_bytes(self) -> int:
        """Bytes of what could go."""
        return sum(one.source.size for one in self.others)

    def record(self) -> dict[str, Any]:
        """What JSON says of it."""
        return {
            "v": SCHEMA, "event": "group", "likeness": self.likeness, "spare_bytes": self.spare_bytes,
            "representative": self.representative.record(), "others": [one.record() for one in self.others],
        }  # fmt: skip


@frozen(slots=True)
class Duplicates:
    """All groups of a search.

    Attributes
    ----------
    groups : tuple of DuplicateGroup
        In the order of the files that stay.
    files : int
        How many files were compared.
    failures : tuple of dict
        The JSON records of files that could not be.
    threshold : int
        In how many of 64 bits hashes of near pictures may differ.
    warnings : tuple of str
        What was odd: files that changed meanwhile, and count as no duplicates.
    """

    groups: tuple[DuplicateGroup, ...] = ()
    files: int = 0
    failures: tuple[dict[str, Any], ...] = ()
    threshold: int = 0
    warnings: tuple[str, ...] = ()

    @property
    def spare(self) -> tuple[Duplicate, ...]:
        """What could go: all files of all groups but those that stay."""
        return tuple(one for group in self.groups for one in group.others)

    @property
    def spare_bytes(self) -> int:
        """Bytes of what could go."""
        return sum(group.spare_bytes for group in self.groups)

    def records(self) -> Iterator[dict[str, Any]]:
        """A record of each group, of each failure, and the sums."""
        for group in self.groups:
            yield group.record()
        yield from self.failures
        spare = self.spare
        counts = {word: sum(one.likeness == word for one in spare) for word in LIKENESSES}
        yield {
            "v": SCHEMA, "event": "duplicates", "files": self.files, "failed": len(self.failures),
            "groups": len(self.groups), "spare": len(spare), **counts, "spare_bytes": self.spare_bytes,
            "threshold": self.threshold,
        }  # fmt: skip

    def to_json(self) -> str:
        """The records as a JSON array, one record a line."""
        lines = (json.dumps(one, ensure_ascii=False, separators=(",", ":")) for one in self.records())
        return "[\n" + ",\n".join(map(without_controls, lines)) + "\n]\n"

    def __repr__(self) -> str:
        return f"Duplicates({len(self.groups)} groups of {self.files} files, {len(self.spare)} could go)"
