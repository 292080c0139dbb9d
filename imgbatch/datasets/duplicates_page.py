"""Duplicates page: how do groups of alike pictures look in a browser, side by side? ``dupes --report X.html``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from imgbatch.core.report import format_bytes
from imgbatch.datasets.duplicate_groups import Duplicate, DuplicateGroup, Duplicates
from imgbatch.reporters.base import printable
from imgbatch.reporters.page.links import Links
from imgbatch.reporters.page.page import Page, Section

#: Groups that are drawn; a page with more would not be fluid.
MOST_GROUPS = 2_000
_TITLES = {"bytes": "same bytes", "pixels": "same pixels", "near": "nearly the same"}


def duplicates_page(result: Duplicates, path: str) -> Page:
    """The page of a search, to be written to the file `path`."""
    links = Links(path)
    values: dict[str, Any] = {"title": "Groups"}
    if len(result.groups) > MOST_GROUPS:
        values["note"] = (
            f"Too many for one page: here are the first {MOST_GROUPS:,} of {len(result.groups):,} groups. The sums "
            "above are of all; --report X.json has the rest."
        )
    groups = Section("groups", 20, values, (_group(group, links) for group in result.groups[:MOST_GROUPS]))
    lead = f"{len(result.spare):,} of {result.files:,} files could go; nothing was deleted."
    return Page("imgbatch: duplicates", lead, [Section("figures", 10, {}, _figures(result)), groups])


def _figures(result: Duplicates) -> Iterator[dict[str, str]]:
    """The numbers in large type."""
    yield {"name": "files", "value": f"{result.files:,}"}
    yield {"name": "groups", "value": f"{len(result.groups):,}"}
    yield {"name": "could go", "value": f"{len(result.spare):,}", "note": format_bytes(result.spare_bytes)}
    if result.failures:
        yield {"name": "failed", "value": f"{len(result.failures):,}"}


def _group(group: DuplicateGroup, links: Links) -> dict[str, Any]:
    count = len(group.others)
    files = "1 file" if count == 1 else f"{count:,} files"
    return {
        "title": f"{_TITLES[group.likeness].capitalize()}: {files} could go, {format_bytes(group.spare_bytes)}",
        "pictures": [
            _picture(group.representative, links, ("stays",)),
            *(_picture(one, links) for one in group.others),
        ],
    }


def _picture(one: Duplicate, links: Links, marks: tuple[str, ...] = ()) -> dict[str, Any]:
    width, height = one.size
    size = f"{width} × {height}" if width else ""
    frames = f"{one.frames} frames" if one.frames > 1 else ""
    likeness = "" if marks else _TITLES[one.likeness]
    if likeness and one.likeness == "near":
        likeness += f", {one.distance} of 64 bits differ"
    lines = [size, frames, format_bytes(one.source.size), likeness, one.way]
    return {
        "name": printable(one.location), "url": links.url(one.source.path), "width": width, "height": height,
        "lines": list(filter(None, lines)), **({"mark": marks[0]} if marks else {}),
    }  # fmt: skip
