"""What becomes of each pixel mode in each format? ``python -m tests.contracts.modes`` prints the manual's table of it.

Every cell is an encode of a small picture, so that the table says what the code does; test_codecs.py compares the
decoded pixels, test_modes.py this table with the pages pixel-modes and deep.
"""

from __future__ import annotations

from PIL import Image

from imgbatch import codecs
from imgbatch.codecs import AnimationTiming, Encoding, Metadata
from imgbatch.codecs.reading import limits
from imgbatch.operations.registry import all_operations
from imgbatch.pixels.deep.bands import DeepImage
from tests.contracts.pictures import smooth

DEEP = ("LA;16", "RGB;16", "RGBA;16")
MODES = ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr", "LAB", "HSV", "I;16", "I;16B", "I", "F")
SAME = "="
#: What a note of an encode begins with, and how the table says it.
WORDS = {
    "alpha: flattened": "flat",
    "alpha: reduced": "1-bit alpha",
    "depth: 32 -> 16": "16 bits",
    "depth:": "8 bits",
    "mode:": "sRGB",
    "colors: reduced": "256 colors",
}


#: Of the table of 16 bits, the operations of a group with fewer, by whether the group has others.
SHALLOW = {True: "16, but {}", False: "8"}


def deep_picture(mode: str) -> Image.Image:
    """A picture with 16 bits of color."""
    bands = [Image.new("I;16", (8, 8), level) for level in (300, 20_000, 50_000, 40_000)]
    chosen = {"LA;16": bands[2:], "RGB;16": bands[:3], "RGBA;16": bands}[mode]
    return DeepImage(chosen)


def deep_cell(group: str, mode: str, name: str) -> str:
    """How many bits of color pictures of `mode` have in a format, after the operations of a group."""
    with limits.pixel_limit(64):
        file = codecs.encode([deep_picture(mode)], name, Encoding(), Metadata(), AnimationTiming())
    if file.mode not in DEEP:
        assert "depth: 16 -> 8 bits" in file.changes
        return "8"
    operations = [operation for operation in all_operations() if operation.group == group]
    shallow = [operation.word for operation in operations if operation.bands == "eight_bits"]
    if not shallow:
        return "16"
    return SHALLOW[len(shallow) < len(operations)].format(", ".join(f"`{word}`" for word in shallow))


def deep_table() -> str:
    """The table of 16 bits of color as Markdown: a line for each mode and each format that holds it, then the rest."""
    groups = list(dict.fromkeys(operation.group for operation in all_operations()))
    lines = [["16 bits of", "to", *groups], ["---"] * (2 + len(groups))]
    for mode in DEEP:
        kept: dict[str, list[str]] = {}
        for codec in codecs.all_codecs():
            cells = "|".join(deep_cell(group, mode, codec.name) for group in groups)
            kept.setdefault(cells, []).append(codec.name)
        lines += [[mode.removesuffix(";16"), ", ".join(names), *cells.split("|")] for cells, names in kept.items()]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


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
    print(table())
    print(deep_table(), end="")
