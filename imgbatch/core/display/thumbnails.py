"""Thumbnails: what do a few of the pictures look like that were written? Small JPEGs inside of the HTML itself.

They are made when a notebook asks for them, in its own process; a picture that is gone, large, or cannot be read again
is left out. Workers make better ones for the page of a run (pipeline/review/thumbnail.py): in sRGB, of every format. A
report is of core, which knows no codecs, so here Pillow alone reads, and profiles do not count.
"""

from __future__ import annotations

import base64
import io
import os
from collections.abc import Iterable, Iterator
from itertools import islice

from imgbatch.core.display.table import escape
from imgbatch.core.job import Outcome, Written

COUNT = 6  # pictures in a strip
_SIDE = 96  # px
_SEARCH = 200  # outcomes, of perhaps a million, among which pictures are looked for
_PIXELS = 16_000_000  # of a picture that is decoded for this; 100 million of a JPEG, of which an eighth is decoded
_BYTES = 12_000  # of one thumbnail
_DEEP = ("I", "F")  # what modes begin with whose values have no one meaning as levels


def strip(outcomes: Iterable[Outcome]) -> str:
    """A row of thumbnails of what the first outcomes have written; "" where there is nothing to be seen."""
    pictures = (
        picture
        for outcome in islice(outcomes, _SEARCH)
        for output in outcome.outputs[:1]
        for picture in _images(output)
    )
    return f"<div>{''.join(islice(pictures, COUNT))}</div>"


def _images(output: Written) -> Iterator[str]:
    """The picture as an ``<img>``, or nothing."""
    name = escape(os.path.basename(output.path))
    try:
        data = _jpeg(output)
    except Exception:  # noqa: BLE001 - readers raise anything, and a look at the report must not fail by a picture
        return
    if len(data) <= _BYTES:
        source = "data:image/jpeg;base64," + base64.b64encode(data).decode("ascii")
        yield f'<img src="{source}" alt="{name}" title="{name}" style="display:inline-block;margin:2px">'


def _jpeg(output: Written) -> bytes:
    """A thumbnail on white; ValueError where it would take long, or the mode has no colors."""
    from PIL import Image

    most = 100_000_000 if output.format == "jpeg" else _PIXELS
    if output.width * output.height > most:
        raise ValueError("large")
    with Image.open(output.path, formats=[output.format.upper()]) as image:
        if image.width * image.height > most or image.mode.startswith(_DEEP):
            raise ValueError("large, or deep")
        image.draft("RGB", (_SIDE, _SIDE))
        image.thumbnail((_SIDE, _SIDE))
        colors = image.convert("RGBA")
    ground = Image.new("RGBA", colors.size, "white")
    file = io.BytesIO()
    Image.alpha_composite(ground, colors).convert("RGB").save(file, "JPEG", quality=75)
    return file.getvalue()
