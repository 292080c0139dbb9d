"""What becomes of each pixel mode in each format? ``python -m tests.contracts.modes`` prints README's table of it.

Every cell is an encode of a small picture, so that the table says what the code does; test_codecs.py compares the
decoded pixels, test_modes.py this table with README.
"""

from __future__ import annotations

from imgbatch import codecs
from imgbatch.codecs import AnimationTiming, Encoding, Metadata
from imgbatch.codecs.reading import limits
from tests.contracts.pictures import smooth

MODES = ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr", "LAB", "HSV", "I;16", "I;16B", "I", "F")
SAME = "="
#: What a note of an encode begins with, and how the table says it.
WORDS = {
    "alpha: flattened": "flat",
    "alpha: reduced": "1-bit alpha",
    "depth:": "8 bits",
    "mode:": "sRGB",
    "colors: reduced": "256 colors",
}


def cell(mode: str, name: str) -> str:
    """What `mode` is written as in a format: the mode, then what was lost; ``=`` where it is neither."""
    picture = smooth(mode)
    with limits.pixel_limit(picture.width * picture.height):
        made = codecs.encode([picture], name, Encoding(), Metadata(), AnimationTiming())
    losses = [next(word for start, word in WORDS.items() if change.startswith(start)) for change in made.changes]
    return ", ".join([SAME if made.mode == mode else made.mode, *losses])


def table() -> str:
    """The table as Markdown."""
    names = [codec.name for codec in codecs.all_codecs()]
    lines = [["mode", *names], ["---"] * (1 + len(names))]
    lines += [[f"`{mode}`", *(cell(mode, name) for name in names)] for mode in MODES]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


if __name__ == "__main__":
    print(table(), end="")
