"""What is every function that reads what strangers wrote fed with, and what calls those that need more than bytes?

The functions are found (found.py); a module that is named here has its own feed, any other one gets all of them.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Literal

from PIL import Image as Images

import imgbatch as ib
from imgbatch import codecs
from imgbatch.codecs import contents
from imgbatch.codecs.formats.rewrites import gif_packet, item_boxes, jxl_metadata, png_texts, tiff_entries
from imgbatch.codecs.formats.rewrites import webp_metadata as webp_labels
from imgbatch.codecs.metadata import header_blocks, iptc, strip
from imgbatch.codecs.metadata.labels import label_words, write_labels
from imgbatch.codecs.metadata.regions import rdf
from imgbatch.codecs.metadata.regions.follow import follow
from imgbatch.codecs.metadata.texts import capture_date
from imgbatch.codecs.reading import companions, limits, open
from imgbatch.core import places
from imgbatch.core.errors import ImgbatchError
from imgbatch.core.places import Journey
from imgbatch.operations.tone import cube_file
from imgbatch.pixels import profile_conversion
from imgbatch.pixels.deep import bands
from imgbatch.planning import names, recipe_file
from tests.faults.soak import deep_inputs, inputs
from tests.faults.soak.found import LABELS, Parse, all_modules, functions
from tests.faults.soak.typed_words import type_in, words

_MAX_PIXELS, _FEW_PIXELS = 4_000_000, 60_000
Feed = Callable[[random.Random], bytes]


def _opened(chance: random.Random, data: bytes) -> object:
    """The header of a picture, as a run reads it first."""
    limits.readers()
    with limits.pixel_limit(_MAX_PIXELS):
        return open.open_image(data, chance.choice([".jpg", ".png", ".tif"]), _MAX_PIXELS)


def _decoded(chance: random.Random, data: bytes) -> object:
    """The frames of a picture, in 8 or 16 bits, and what is written of them."""
    limits.readers()
    options = ib.Output(icc=chance.choice(["keep", "srgb", "none"]), strip=chance.choice([None, "gps", "all"]))
    with limits.pixel_limit(_FEW_PIXELS), open.open_image(data, ".tif", _FEW_PIXELS) as picture:
        frames, timing = picture.decode(chance.choice(["all", "first"]), deep=chance.random() < 0.7)
        return codecs.encode(list(frames), chance.choice(_FORMATS), options, picture.metadata, timing)


def _relabeled(chance: random.Random, data: bytes) -> object:
    """A file with other texts, its picture as it is."""
    limits.readers()
    with limits.pixel_limit(_MAX_PIXELS), open.open_image(data, ".tif", _MAX_PIXELS) as picture:
        return codecs.rewrite_metadata(data, ib.Output(set=dict(LABELS)), picture)


def _converted(chance: random.Random, data: bytes) -> object:
    """Pixels of 8 and of 16 bits through a profile."""
    for mode in ("RGB", "RGBA", "L", "CMYK", "LAB"):
        profile_conversion.to_srgb(Images.new(mode, (3, 2), 9 if mode == "L" else tuple(range(1, 1 + len(mode)))), data)
    deep = bands.from_bytes("RGB;16", (3, 2), bytes(range(36)))
    return profile_conversion.to_srgb(deep, data), profile_conversion.between(deep, data, inputs.profile())


def _checked(chance: random.Random, data: bytes) -> object:
    try:
        return profile_conversion.check_profile(data)
    except ValueError as error:
        if str(error).startswith("this is no ICC profile"):
            return None  # the sentence that it promises
        raise


def _stripped(chance: random.Random, data: bytes) -> object:
    """Blocks without what is to go."""
    words = chance.choice(["gps", "location", "gps,serial", "thumbnail", "credit"])
    return strip.strip_metadata(codecs.Metadata(exif=data, xmp=data, iptc=data), words, None, [])


def _accompanied(chance: random.Random, data: bytes) -> object:
    """What accompanies a picture, and the same picture with other metadata."""
    limits.everyday_readers()
    words = chance.choice(["gps", "all", "comment"])
    gainmap: Literal["keep", "drop"] = chance.choice(["keep", "drop"])
    with limits.pixel_limit(_MAX_PIXELS), open.open_image(data, ".jpg", _MAX_PIXELS) as picture:
        changes = companions.losses(picture.companions, picture)
        metadata = companions.without_announcements(picture.metadata, picture, changes)
        metadata = companions.without_gain_of_apple(metadata)
        return metadata, codecs.rewrite_metadata(data, ib.Output(strip=words, gainmap=gainmap), picture)


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


def _labels(chance: random.Random, data: bytes) -> object:
    """Texts that are set in the blocks of metadata, and in a file of any kind."""
    texts = chance.choice(_LABELS)
    metadata = codecs.Metadata(exif=data, xmp=data, iptc=data, text={"Author": "x"})
    write_labels.with_labels(metadata, texts, ("exif", "xmp", "iptc", "text"), [])
    return iptc.with_records(data, data)


def _label_file(chance: random.Random, data: bytes) -> object:
    texts = chance.choice(_LABELS)
    if data.startswith(b"\x89PNG"):
        return png_texts.with_metadata(data, codecs.Metadata(), codecs.Metadata(text={"Author": "x"}), texts)
    if data.startswith((b"II", b"MM")):
        return tiff_entries.with_labels(data, texts)
    if data.startswith(b"RIFF"):
        return webp_labels.with_labels(data, (10, 20), texts)
    if data.startswith((b"\0\0\0\x0cJXL", b"\xff\x0a")):
        return jxl_metadata.with_labels(data, texts)
    return item_boxes.with_labels(data, texts), gif_packet.with_packet(data, b"<x/>")


def _findings(chance: random.Random, data: bytes) -> object:
    return codecs.findings(data, chance.choice([".jpg", ".png", ".tif"]))


def _strangers(chance: random.Random, data: bytes) -> object:
    return {format: contents.strangers(data, format) for format in contents.CONTENTS}


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


def _of_any(files: Callable[[], Sequence[bytes]], head: int | None = None) -> Feed:
    return lambda chance: inputs.mutate(chance, chance.choice(files()), 8, head)


def _in_place(files: Callable[[], Sequence[bytes]]) -> Feed:
    """Mostly changes that leave everything where it is: a file whose parts are moved is refused at its door."""

    def feed(chance: random.Random) -> bytes:
        data = chance.choice(files())
        return inputs.spoil(chance, data) if chance.random() < 0.8 else inputs.mutate(chance, data, 8)

    return feed


def _labeled(*suffixes: str) -> Feed:
    return _in_place(lambda: deep_inputs.labeled_files(*suffixes))


def _of_samples(*suffixes: str, head: int | None = 3000) -> Feed:
    return lambda chance: inputs.mutate(chance, chance.choice(inputs.samples(*suffixes)), 8, head)


_LABELS = tuple(
    label_words.canonical_labels(texts.items()) or ()
    for texts in ({"artist": "Zoë", "keywords": ["a", "b"]}, {"artist": "", "title": ""}, {"description": "d" * 300})
)
_MANY = (".jpg", ".png", ".webp", ".gif", ".tif", ".bmp", ".avif")
_FORMATS = ("png", "tiff", "jpeg", "webp")
#: What feeds a group, the modules whose functions are fed, and functions of ours that lead to others.
_GROUPS: dict[str, tuple[Feed, str, tuple[Parse, ...]]] = {
    "exif": (
        lambda chance: inputs.mutate(chance, chance.choice(inputs.exif_blocks()), 8, 2000),
        "codecs.metadata.exif_tags codecs.metadata.exif codecs.metadata.privacy.exif_compaction "
        "codecs.metadata.texts.exif_text codecs.metadata.labels.exif_labels codecs.metadata.read "
        "codecs.metadata.profile_policy", (_date, _regions),
    ),
    "xmp": (_of(inputs.XMP), "codecs.metadata.xmp codecs.metadata.labels.xmp_labels", (_date, _stripped)),
    "regions": (_of(inputs.REGIONS), "", (_regions,)),
    "iptc": (lambda chance: inputs.mutate(chance, chance.choice([inputs.IPTC, inputs.RESOURCES]), 8),
             "codecs.metadata.iptc codecs.metadata.labels.iptc_labels", (_date, _stripped)),
    "raw-profiles": (_of(iptc.hexadecimal(inputs.IPTC).encode(), 8), "codecs.metadata.header_blocks", (_raw_profile,)),
    "png-chunks": (_of_samples(".png"), "codecs.containers.png_chunks codecs.small_png", (_date,)),
    "jpeg": (_of_samples(".jpg", head=None), "codecs.containers.jpeg_progression codecs.formats.rewrites.jpeg_lossless "
             "codecs.formats.jpeg_turn", ()),
    "jpeg-headers": (_of_samples(".jpg"), "codecs.containers.jpeg_headers", (_opened,)),
    "jpeg-scans": (_of_samples(".jpg"), "codecs.containers.jpeg_scans", ()),
    "companions": (
        _of_any(inputs.accompanied_files),
        "codecs.containers.jpeg_companions codecs.containers.mpo_index codecs.formats.companions.extended "
        "codecs.formats.companions.layout codecs.formats.companions.pieces", (_accompanied,),
    ),
    "item-boxes": (_labeled(".avif", ".heic"), "codecs.formats.rewrites.item_boxes", (_relabeled,)),
    "jxl-metadata": (_labeled(".jxl"), "codecs.formats.rewrites.jxl_metadata", (_relabeled,)),
    "png-texts": (_labeled(".png"), "codecs.formats.rewrites.png_texts", (_relabeled,)),
    "tiff-entries": (_in_place(deep_inputs.tiff_pages), "codecs.formats.rewrites.tiff_entries", (_relabeled,)),
    "webp-metadata": (_labeled(".webp"), "codecs.formats.rewrites.webp_metadata", (_relabeled,)),
    "gif-packet": (_labeled(".gif"), "codecs.formats.rewrites.gif_packet", (_relabeled,)),
    "announcements": (_of_any(inputs.announcements), "codecs.metadata.announcements", ()),
    "jxl-boxes": (_of(inputs.JXL), "codecs.containers.jxl_boxes", ()),
    "icc": (_of(inputs.profile(), 8), "pixels.color_spaces.icc_profile pixels.color_spaces.matrix_conversion "
            "pixels.profile_conversion", (_converted, _checked)),
    "color-boxes": (_of_any(inputs.color_files, 600), "codecs.containers.color_boxes codecs.containers.color_blocks "
                    "codecs.reading.companions codecs.registry", (_opened,)),
    "contents": (
        _of_any(inputs.strange_files),
        "codecs.contents codecs.containers.blocks.boxes codecs.containers.blocks.gif_blocks "
        "codecs.containers.blocks.trailers codecs.containers.blocks.webp_chunks", (_strangers, _opened),
    ),
    "integrity": (_of_samples(*_MANY), "codecs.containers.integrity codecs codecs.reading.losses", ()),
    "identify": (_of_samples(*_MANY, head=64), "codecs.reading.identify", ()),
    "tiff": (_in_place(deep_inputs.tiff_pages), "codecs.reading.samples.bit_depth codecs.containers.tiff_tags",
             (_opened,)),
    "labels": (
        lambda chance: inputs.mutate(
            chance, chance.choice([inputs.XMP, inputs.IPTC, inputs.RESOURCES, *inputs.exif_blocks()]), 8
        ),
        "", (_labels,),
    ),
    "label-files": (
        lambda chance: inputs.mutate(
            chance,
            chance.choice([*inputs.samples(".png", ".webp", ".tif", ".gif"), *inputs.label_files(), inputs.JXL]),
            8,
            chance.choice([800, None]),
        ),
        "", (_label_file,),
    ),
    "header": (_of_samples(*_MANY, head=600), "", (_opened,)),
    "deep": (_in_place(deep_inputs.deep_files), "codecs.reading.samples.float_tiff", (_decoded,)),
    "tiff-pages": (_in_place(deep_inputs.tiff_pages), "", (_decoded,)),
    "colors": (_in_place(inputs.color_files), "", (_decoded,)),
    "cube": (_of(inputs.CUBE), "", (_cube,)),
    "recipe": (_deep_recipe, "", (_recipe,)),
    "words": (words, "", (type_in,)),
    "template": (_of(b"{stem!s:>5}-{width:04d}{n:04d}-{date:%Y/%m}-{exif.Model}-{hash:.8}.{ext}", 4), "", (_template,)),
}  # fmt: skip
#: The groups that are fed with what users type.
WORDS = ("cube", "recipe", "words", "template")


def _anything(chance: random.Random) -> bytes:
    group = chance.choice([name for name in _GROUPS if name not in WORDS])
    return _GROUPS[group][0](chance)


def groups() -> dict[str, tuple[Feed, tuple[Parse, ...]]]:
    """The groups with the functions of their modules, and one of all others."""
    homes = {module: name for name, (_, modules, _) in _GROUPS.items() for module in modules.split()}
    of_group: dict[str, list[Parse]] = {name: [] for name in (*_GROUPS, "others")}
    for module in all_modules():
        name = module.__name__.removeprefix("imgbatch.")
        of_group[homes.pop(name, "others")] += functions(name)
    assert not homes, f"there are no such modules: {homes}"
    feeds = {name: (feed, (*of_group[name], *more)) for name, (feed, _, more) in _GROUPS.items()}
    return {**feeds, "others": (_anything, tuple(of_group["others"]))} if of_group["others"] else feeds


#: What feeds a group of parsers, and the functions that are fed.
PARSERS = groups()
#: Errors that say something to the user.
OURS = (ImgbatchError,)
