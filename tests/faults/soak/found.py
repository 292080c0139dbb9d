"""Found functions: which ones of the package take bytes first, and what are they called with besides?

Every public function of the rooms below whose first parameter is bytes is found by its annotations, so that a new one
is tried, too, without anybody's remembering it.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import pkgutil
import random
from collections.abc import Callable, Iterator
from types import GeneratorType, ModuleType
from typing import Any

import imgbatch as ib
from imgbatch import codecs
from imgbatch.codecs import contents
from imgbatch.codecs.containers.jpeg_companions import Companion
from imgbatch.codecs.formats.companions.layout import Piece
from imgbatch.codecs.metadata import exif_tags

ROOMS = ("codecs", "pixels", "operations.tone", "core")
_BYTES = ("bytes", "bytes | None", "bytearray", "memoryview")
#: Functions that are not called here, and why: they take what we wrote ourselves, or a picture that was opened.
#: What strangers wrote reaches them through the functions of parsers.py that stand behind the arrow, if there is one.
ELSEWHERE = {
    "codecs.rewrite_metadata": "a picture that was opened -> accompanied",
    "codecs.formats.rewrites.jpeg_lossless.rewrite": "a picture that was opened -> accompanied",
    "codecs.formats.rewrites.item_list.boxes": "raises what its callers catch -> relabeled",
    "codecs.formats.rewrites.item_list.number": "raises what its callers catch -> relabeled",
    "codecs.formats.rewrites.relabel.relabel": "a picture that was opened -> relabeled",
    "codecs.formats.jpeg_turn.write": "a JPEG that an optional package made, and its own tests try",
    "codecs.reading.open.open_image": "needs limits around it -> opened",
    "codecs.formats.companions.layout.assemble": "a JPEG of ours -> accompanied",
    "codecs.formats.companions.layout.with_index": "a JPEG of ours -> accompanied",
    "codecs.writing.deep_png.with_pixels": "a PNG of ours -> decoded",
    "codecs.writing.deep_tiff.with_colors": "a TIFF of ours -> decoded",
    "codecs.writing.tiff_directories.with_page_tags": "a TIFF of ours -> decoded",
    "pixels.color_spaces.icc_profile.profile_file": "tags of ours -> decoded",
    "pixels.profile_conversion.check_profile": "says in words what a user's file is not -> checked",
}
#: What a user sets.
LABELS = (("keywords", ("a", "b")), ("title", "A title"), ("artist", "J\xf6 & co."), ("copyright", ""))
#: What a parameter after the first is given, by its annotation.
ARGUMENTS: dict[str, Callable[[random.Random], Any]] = {
    "bytes": lambda chance: chance.randbytes(chance.randrange(200)),
    "bytes | None": lambda chance: chance.choice([None, chance.randbytes(chance.randrange(200))]),
    "str": lambda chance: chance.choice([".jpg", ".PNG", ".tif", "", ".txt", "RGB", "L", "CMYK"]),
    "int": lambda chance: chance.choice([0, 1, 7, 1000]),
    "int | None": lambda chance: chance.choice([None, 1, 2, 65535]),
    "bool": lambda chance: chance.random() < 0.5,
    "tuple[int, int]": lambda chance: (10, 20),
    "tuple[int, int, int, int]": lambda chance: (9, 16, 0, 1),
    "Mapping[int, int]": lambda chance: {0x112: 1, 0xA002: 70000},
    "dict[str, Any]": lambda chance: {"comment": b"x", "dpi": (72, 72)},
    "Selection": lambda chance: lambda entries: [one for one in entries if one.tag % 2 == 0 or one.directory == "gps"],
    "Callable[[str, bytes], bool]": lambda chance: lambda name, value: len(name + str(value)) % 2 == 0,
    "Collection[int]": lambda chance: (55, 60),
    "Fates": lambda chance: contents.CONTENTS[chance.choice(["png", "gif", "avif", "jpeg2000"])].fates,
    "exif_tags.Entry": lambda chance: exif_tags.Entry(
        "image", 8, chance.choice([0x10E, 0x9286, 0x9C9B]), chance.choice([2, 7, 129]), 9, chance.randrange(99), 9
    ),
    "Drops": lambda chance: lambda prefix, name, inside: name.startswith("GPS") or inside,
    "Labels": lambda chance: LABELS[: chance.randrange(1, len(LABELS) + 1)],
    "Metadata": lambda chance: codecs.Metadata(
        exif=chance.choice([None, b"II*\0\x08\0\0\0\0\0"]), text={"Author": "x"}
    ),
    "list[str]": lambda chance: [],
    "Encoding": lambda chance: ib.Output(strip=chance.choice(["gps", "all", "comment"])),
    "Sequence[tuple[str, int]]": lambda chance: [("GainMap", 100), ("Original", chance.randrange(1 << 32))],
    "Sequence[Piece]": lambda chance: [Piece("GainMap", 0, b"\xff\xd8\xff\xd9")],
    "Sequence[Companion]": lambda chance: [Companion("GainMap", 7, 1000, chance.random() < 0.5)],
}
Parse = Callable[[random.Random, bytes], object]


@functools.cache
def all_modules() -> tuple[ModuleType, ...]:
    """Every module of the rooms."""
    rooms = [importlib.import_module(f"imgbatch.{room}") for room in ROOMS]
    inner = [one.name for room in rooms for one in pkgutil.walk_packages(room.__path__, f"{room.__name__}.")]
    return (*rooms, *map(importlib.import_module, inner))


@functools.cache
def found() -> dict[str, Callable[..., Any]]:
    """The public functions of the rooms whose first parameter is bytes, by ``module.name`` without the package's."""
    return {
        f"{module.__name__}.{name}".removeprefix("imgbatch."): function
        for module in all_modules()
        for name, function in vars(module).items()
        if not name.startswith("_") and getattr(function, "__module__", "") == module.__name__
        if callable(function) and not inspect.isclass(function) and _takes_bytes(function)
    }


@functools.cache
def strange() -> list[str]:
    """The functions that can be called neither here nor by what :data:`ELSEWHERE` says."""
    return [
        name for name, function in found().items()
        if name not in ELSEWHERE and not set(_annotations(function)[1:]) <= set(ARGUMENTS)
    ]  # fmt: skip


@functools.cache
def functions(module: str) -> tuple[Parse, ...]:
    """The functions of a module, ready to be called with chance and bytes."""
    return tuple(
        _ready(name, function)
        for name, function in found().items()
        if name.rpartition(".")[0] == module and name not in ELSEWHERE and name not in strange()
    )


def _takes_bytes(function: Callable[..., Any]) -> bool:
    return any(annotation in _BYTES for annotation in _annotations(function)[:1])


def _annotations(function: Callable[..., Any]) -> list[str]:
    """Of the parameters that have to be given, and of the first."""
    parameters = list(inspect.signature(function).parameters.values())
    return [str(one.annotation) for one in parameters[:1]] + [
        str(one.annotation) for one in parameters[1:] if one.default is inspect.Parameter.empty
    ]


def _ready(name: str, function: Callable[..., Any]) -> Parse:
    more = [ARGUMENTS[annotation] for annotation in _annotations(function)[1:]]

    def parse(chance: random.Random, data: bytes) -> object:
        result = function(data, *(make(chance) for make in more))
        return list(result) if isinstance(result, (GeneratorType, Iterator)) else result

    parse.__qualname__ = name
    return parse
