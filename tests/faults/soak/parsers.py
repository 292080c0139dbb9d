"""Which functions read what strangers wrote? Every public one of a module whose first parameter is ``bytes``.

They are found by their annotations, so that a new one is tried, too.
"""

from __future__ import annotations

import functools
import inspect
import random
from collections.abc import Callable, Iterator
from types import GeneratorType, ModuleType
from typing import Any

import imgbatch as ib
from imgbatch import codecs
from imgbatch.codecs.containers import (
    color_blocks,
    color_boxes,
    integrity,
    jpeg_companions,
    jpeg_progression,
    jpeg_scans,
    jxl_boxes,
    mpo_index,
    png_chunks,
    tiff_tags,
)
from imgbatch.codecs.formats import jpeg_lossless
from imgbatch.codecs.formats.companions import extended
from imgbatch.codecs.metadata import announcements, exif, exif_tags, header_blocks, iptc, xmp
from imgbatch.codecs.metadata.privacy import exif_compaction
from imgbatch.codecs.metadata.regions import rdf
from imgbatch.codecs.metadata.regions.follow import follow
from imgbatch.codecs.metadata.texts import capture_date, exif_text
from imgbatch.codecs.reading import companions, identify, limits, open
from imgbatch.codecs.reading.samples import bit_depth
from imgbatch.core import places
from imgbatch.core.errors import ImgbatchError
from imgbatch.core.places import Journey
from imgbatch.operations.tone import cube_file
from imgbatch.pixels.color_spaces import icc_profile, matrix_conversion
from imgbatch.planning import names, recipe_file
from tests.faults.soak import inputs
from tests.faults.soak.typed_words import type_in, words

_MAX_PIXELS = 4_000_000
#: What a parameter after the first is given, by its annotation.
_ARGUMENTS: dict[str, Callable[[random.Random], Any]] = {
    "bytes": lambda chance: chance.randbytes(chance.randrange(200)),
    "str": lambda chance: chance.choice([".jpg", ".PNG", ".tif", "", ".txt"]),
    "int": lambda chance: chance.choice([0, 1, 7, 1000]),
    "bool": lambda chance: chance.random() < 0.5,
    "tuple[int, int]": lambda chance: (10, 20),
    "Mapping[int, int]": lambda chance: {0x112: 1, 0xA002: 70000},
    "dict[str, Any]": lambda chance: {"comment": b"x", "dpi": (72, 72)},
    "Callable[[Entry], bool]": lambda chance: lambda entry: entry.tag % 2 == 0 or entry.directory == "gps",
    "Callable[[str, bytes], bool]": lambda chance: lambda name, value: len(name + str(value)) % 2 == 0,
    "Collection[int]": lambda chance: (55, 60),
    "Drops": lambda chance: lambda prefix, name, inside: name.startswith("GPS") or inside,
}
Parse = Callable[[random.Random, bytes], object]
Feed = Callable[[random.Random], bytes]


@functools.cache
def functions(*modules: ModuleType) -> tuple[Parse, ...]:
    """The public functions of modules that take bytes first, ready to be called with chance and bytes."""
    return tuple(
        _ready(function, parameters)
        for module in modules
        for name, function in vars(module).items()
        if not name.startswith("_") and getattr(function, "__module__", "") == module.__name__ and callable(function)
        if (parameters := _parameters(function)) is not None
    )


def _parameters(function: Callable[..., Any]) -> list[str] | None:
    """The annotations of the parameters after the first; None where it cannot be called with bytes."""
    if inspect.isclass(function):
        return None
    all_of_them = list(inspect.signature(function).parameters.values())
    needed = [str(one.annotation) for one in all_of_them[1:] if one.default is inspect.Parameter.empty]
    takes = bool(all_of_them) and all_of_them[0].annotation == "bytes"
    return needed if takes and all(annotation in _ARGUMENTS for annotation in needed) else None


def _ready(function: Callable[..., Any], annotations: list[str]) -> Parse:
    def parse(chance: random.Random, data: bytes) -> object:
        found = function(data, *(_ARGUMENTS[annotation](chance) for annotation in annotations))
        return list(found) if isinstance(found, (GeneratorType, Iterator)) else found

    parse.__qualname__ = f"{function.__module__}.{function.__name__}"
    return parse


def _open(chance: random.Random, data: bytes) -> object:
    """The header of a picture, as a run reads it first."""
    limits.readers()
    with limits.pixel_limit(_MAX_PIXELS):
        return open.open_image(data, chance.choice([".jpg", ".png", ".tif"]), _MAX_PIXELS)


def _accompanied(chance: random.Random, data: bytes) -> object:
    """What accompanies a picture, and the same picture with other metadata."""
    limits.everyday_readers()
    strip, gainmap = chance.choice(["gps", "all", "comment"]), chance.choice(["keep", "drop"])
    with limits.pixel_limit(_MAX_PIXELS), open.open_image(data, ".jpg", _MAX_PIXELS) as picture:
        changes = companions.losses(picture.companions, picture)
        metadata = companions.without_announcements(picture.metadata, picture, changes)
        metadata = companions.without_gain_of_apple(metadata)
        return metadata, codecs.rewrite_metadata(data, ib.Output(strip=strip, gainmap=gainmap), picture)


def _regions(chance: random.Random, data: bytes) -> object:
    """Places, in a block of EXIF and a packet of XMP, that follow a picture."""
    journeys = (
        Journey((64, 48), 1, places.mirror((64, 48), across=True), (64, 48)),
        Journey((64, 48), 6, places.scale_box((0, 10, 48, 64), (24, 27)), (24, 27)),
        Journey((64, 32), 1, places.scale_box((4, 0, 64, 32), (30, 16)), (30, 16)),
        Journey((64, 48), 1, None, (9, 9)),
    )
    journey = chance.choice(journeys)
    return follow(codecs.Metadata(exif=data, xmp=data), journey, []), rdf.Packet(data).root


def _findings(chance: random.Random, data: bytes) -> object:
    return codecs.findings(data, chance.choice([".jpg", ".png", ".tif"]))


def _cube(chance: random.Random, data: bytes) -> object:
    try:
        return cube_file.parse_cube(data.decode("utf-8", "replace"))
    except ValueError as error:
        if any(word in str(error) for word in ("line", "LUT", "DOMAIN")):
            return None  # the sentence that it promises
        raise


def _raw_profile(chance: random.Random, data: bytes) -> object:
    return header_blocks.raw_profile(data.decode("latin-1"))


def _recipe(chance: random.Random, data: bytes) -> object:
    return recipe_file.parse_recipe(data.decode("utf-8", "replace"), "r.toml", ["workers"])


def _template(chance: random.Random, data: bytes) -> object:
    template = data.decode("utf-8", "replace")
    ib.Output(name=template)  # refuses what cannot be filled in
    return names.fill_early(template, {**names.example(), **names.with_exif(template)})


def _date(chance: random.Random, data: bytes) -> object:
    metadata = codecs.Metadata(exif=data, xmp=data, iptc=data, text={"Creation Time": data.decode("latin-1")})
    return capture_date.capture_date(metadata, data)


def _deep_recipe(chance: random.Random) -> bytes:
    count = chance.choice([3, 300, 5000])
    deep = chance.choice([b"[" * count, b"a=" + b"[" * count, b"a=" + b"{b=" * count, b"a." * count + b"b=1\n"])
    data = inputs.mutate(chance, inputs.RECIPE)
    return deep + data if chance.random() < 0.05 else data


def _of(data: bytes, most: int = 8) -> Feed:
    return lambda chance: inputs.mutate(chance, data, most)


def _of_samples(*suffixes: str, head: int | None = 3000) -> Feed:
    return lambda chance: inputs.mutate(chance, chance.choice(inputs.samples(*suffixes)), 8, head)


_MANY = (".jpg", ".png", ".webp", ".gif", ".tif", ".bmp", ".avif")
#: What feeds a parser, and the functions that are fed.
PARSERS: dict[str, tuple[Feed, tuple[Parse, ...]]] = {
    "exif": (
        lambda chance: inputs.mutate(chance, chance.choice(inputs.exif_blocks()), 8, 2000),
        (*functions(exif_tags, exif_compaction, exif, exif_text), _date, _regions),
    ),
    "xmp": (_of(inputs.XMP), (*functions(xmp), _date)),
    "regions": (_of(inputs.REGIONS), (_regions,)),
    "iptc": (
        lambda chance: inputs.mutate(chance, chance.choice([inputs.IPTC, inputs.RESOURCES]), 8),
        (*functions(iptc), _date),
    ),
    "raw-profiles": (_of(iptc.hexadecimal(inputs.IPTC).encode(), 8), (*functions(header_blocks), _raw_profile)),
    "png-chunks": (_of_samples(".png"), (*functions(png_chunks), _date)),
    "jpeg": (_of_samples(".jpg", head=None), functions(jpeg_progression, jpeg_lossless)),
    "jpeg-scans": (_of_samples(".jpg"), functions(jpeg_scans)),
    "companions": (
        lambda chance: inputs.mutate(chance, chance.choice(inputs.accompanied_files()), 8),
        (*functions(jpeg_companions, mpo_index, extended), _accompanied),
    ),
    "announcements": (
        lambda chance: inputs.mutate(chance, chance.choice(inputs.announcements()), 8), functions(announcements)
    ),
    "jxl-boxes": (_of(inputs.JXL), functions(jxl_boxes)),
    "icc": (lambda chance: inputs.mutate(chance, inputs.profile(), 8), functions(icc_profile, matrix_conversion)),
    "color-boxes": (lambda chance: inputs.mutate(chance, chance.choice(inputs.color_files()), 8, 600), (
        *functions(color_boxes, color_blocks, companions), _open,
    )),
    "integrity": (_of_samples(*_MANY), (*functions(integrity), _findings)),
    "identify": (_of_samples(*_MANY, head=64), functions(identify)),
    "tiff": (_of_samples(".tif"), (*functions(bit_depth, tiff_tags), _open)),
    "header": (_of_samples(*_MANY, head=600), (_open,)),
    "cube": (_of(inputs.CUBE), (_cube,)),
    "recipe": (_deep_recipe, (_recipe,)),
    "words": (words, (type_in,)),
    "template": (_of(b"{stem!s:>5}-{width:04d}{n:04d}-{date:%Y/%m}-{exif.Model}-{hash:.8}.{ext}", 4), (_template,)),
}  # fmt: skip
#: Errors that say something to the user.
OURS = (ImgbatchError,)
