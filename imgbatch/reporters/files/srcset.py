"""Srcset file: what does a web page need to show the right rendition? ``--srcset FILE.json``: all of ``<picture>``.

One entry per image, in the order of the sources; within it one per format, the newest formats first as ``<picture>``
wants them, each with its files from narrow to wide and the text of its ``srcset`` attribute; and the ``<img>`` for
browsers that know none of them. A ``srcset`` may only hold one picture in several widths, each once: where a recipe
makes others of an image (a square thumbnail, the same width in two qualities), each has an entry of its own.
Paths are relative to the output folder, percent-encoded in ``srcset`` and ``src``.
Files that an earlier run made and this one left unchanged are there, too. What stands for a picture until it is loaded
is that of one of its files (:attr:`Written.placeholder`). srcset_page.py writes the same as HTML.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import quote

from imgbatch.core.job import Outcome, Written, readable
from imgbatch.core.report import Report, without_controls
from imgbatch.reporters.files.json_csv import ReportFile

_NEWEST_FIRST = ("avif", "webp")
_EVERYWHERE = ("jpeg", "png", "gif")
_PLACEHOLDER = re.compile(r"([A-Za-z0-9+/]+={0,2}) (#[0-9a-f]{6})")


class SrcSet(ReportFile):
    """The renditions of all images as one JSON object."""

    def pieces(self, report: Report) -> Iterator[str]:
        """The JSON object of all images that went well, as ``json.dumps`` of it would indent it."""
        yield '{\n "v": 1,\n "images": ['
        before, after = "", "]\n}\n"
        for outcome in report.outcomes:
            for files in pictures(outcome.outputs) if outcome.ok else ():
                text = json.dumps(entry(outcome, files, report.base), ensure_ascii=False, indent=1)
                yield before + "\n  " + without_controls(text).replace("\n", "\n  ")
                before, after = ",", "\n ]\n}\n"
        yield after


def pictures(outputs: Sequence[Written]) -> list[list[Written]]:
    """The files by what they show: those of one shape, and of each format and width only one."""
    groups: list[list[Written]] = []
    for output in sorted(outputs, key=lambda one: one.output):
        for files in groups:
            if all(_one_picture(output, other) for other in files):
                files.append(output)
                break
        else:
            groups.append([output])
    return groups


def _one_picture(output: Written, other: Written) -> bool:
    """Whether two files may be in one entry: of the same shape, as far as whole pixels allow, and not alternatives."""
    if output.width == other.width:
        return output.height == other.height and output.format != other.format
    small, large = sorted((output, other), key=lambda one: one.width)
    return abs(small.width * large.height / large.width - small.height) <= 1


def entry(outcome: Outcome, outputs: Sequence[Written], base: str) -> dict[str, Any]:
    """One picture of an image: its formats with their files, and the fallback.

    Parameters
    ----------
    outcome : Outcome
        Of the image.
    outputs : sequence of Written
        The files that show this picture.
    base : str
        The output folder: paths are relative to it.
    """
    formats: dict[str, list[dict[str, Any]]] = {}
    for one in sorted(outputs, key=lambda one: (one.width, one.output)):
        record = one.record(base)
        file = {key: record[key] for key in ("path", "width", "height", "bytes")}
        formats.setdefault(one.format, []).append(file)
    order = sorted(formats, key=lambda name: _NEWEST_FIRST.index(name) if name in _NEWEST_FIRST else len(_NEWEST_FIRST))
    widest = formats[fallback(order)][-1]
    thumbhash, color = placeholder(outputs)
    return {
        "root": readable(outcome.source.root),
        "source": readable(outcome.source.relative),
        "aspect_ratio": round(widest["width"] / widest["height"], 4),
        "dominant_color": color,
        "thumbhash": thumbhash,
        "sources": [
            {
                "format": name,
                "type": f"image/{name}",
                "srcset": ", ".join(f"{_url(file['path'])} {file['width']}w" for file in formats[name]),
                "files": [{**file, "path": readable(file["path"])} for file in formats[name]],
            }
            for name in order
        ],
        "img": {"src": _url(widest["path"]), "width": widest["width"], "height": widest["height"]},
    }


def fallback(formats: Sequence[str]) -> str:
    """The one of some formats, in their order here, that ``<img>`` has for browsers that know no other."""
    return next((name for name in _EVERYWHERE if name in formats), formats[-1])


def placeholder(outputs: Sequence[Written]) -> tuple[str | None, str | None]:
    """The thumbhash, in base64, and the dominant color of a picture; None where no file of it has any.

    A record of strangers' (a shard's) may hold any text, of which nothing is told.
    """
    matches = (_PLACEHOLDER.fullmatch(one.placeholder) for one in outputs if one.placeholder)
    match = next(filter(None, matches), None)
    return (None, None) if match is None else (match[1], match[2])


def _url(path: str) -> str:
    """`path` as a relative URL, its bytes percent-encoded; commas too, which separate candidates."""
    return quote(path.encode("utf-8", "surrogateescape"))
