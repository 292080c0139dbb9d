"""Deep inputs: which files of more than 8 bits, and of many kinds of pages, is decoding tried with?"""

from __future__ import annotations

import functools
import importlib
import importlib.util
import io
from typing import Any

from PIL import Image, PngImagePlugin

from tests import color_files, tiff_files
from tests.contracts import deep_pictures
from tests.faults.soak import inputs
from tests.unit.codecs import test_tiff_planes as planes

_SIZE = (24, 18)
_COMPRESSIONS = ("raw", "tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg", "group4", "zstd")


@functools.cache
def deep_files() -> tuple[bytes, ...]:
    """PNG and TIFF of 16 bits in every layout, TIFF of floats; where the extras are there, JPEG XL and HEIC."""
    samples = {bands: deep_pictures.gradient(bands, _SIZE) for bands in (2, 3, 4)}
    made = [deep_pictures.png(one, interlace=woven) for one in samples.values() for woven in (False, True)]
    made.append(deep_pictures.png(samples[3], (b"tRNS", b"\1\2\3\4\5\6"), (b"cICP", bytes((9, 16, 0, 1)))))
    made += [
        deep_pictures.tiff(samples[bands], order, packed, extra)
        for bands, extra in ((3, None), (4, 2), (4, 1), (4, 0), (4, None))
        for order in "<>"
        for packed in (False, True)
    ]
    made += [
        planes.tiff(planes.samples(count, bits), photometric, extra, layout, packs=packs)
        for count, photometric, extra in ((3, 2, None), (4, 2, 0), (4, 5, None), (5, 5, 2), (1, 1, None), (2, 1, 2))
        for bits in (8, 16)
        for layout in (1, 2)
        for packs in (False, True)
    ]
    made += [
        tiff_files.tiff(
            samples[bands], extra=extra, packer=packer, predictor=predictor, planar=planar, tile=tile, rows=5
        )
        for bands, extra in ((3, None), (4, 1))
        for packer, predictor in (("none", 1), ("lzw", 1), ("deflate", 2), ("lzma", 2))
        for planar in (False, True)
        for tile in (None, (16, 16))
    ]
    floats = (samples[3] / 65535 * 3 - 1).astype("f4")
    made += [
        tiff_files.tiff(floats, order=order, packer=packer, predictor=predictor, planar=planar, tile=tile, rows=5)
        for order, packer, predictor in (("<", "none", 1), (">", "deflate", 3), ("<", "lzw", 3), (">", "lzma", 1))
        for planar in (False, True)
        for tile in (None, (16, 16))
    ]
    return (*made, *_by_extras(deep_pictures.png(samples[3])))


def _by_extras(png: bytes) -> list[bytes]:
    made, image = [], Image.effect_noise(_SIZE, 40).convert("RGB")
    if importlib.util.find_spec("pillow_heif"):
        made.append(color_files.heic(image))
        heif = importlib.import_module("pillow_heif")
        deep, file = heif.from_bytes("RGB;16", _SIZE, deep_pictures.gradient(3, _SIZE).tobytes()), io.BytesIO()
        deep.save(file, quality=90)
        made.append(file.getvalue())
    if importlib.util.find_spec("pillow_jxl"):
        importlib.import_module("pillow_jxl")
        made.append(color_files.saved(image, "JXL"))
    return made


@functools.cache
def labeled_files(*suffixes: str) -> tuple[bytes, ...]:
    """Pictures with EXIF, XMP and texts, where a format has them and its writer is there; and without."""
    image, made = Image.effect_noise(_SIZE, 40).convert("RGB"), []
    blocks: dict[str, Any] = {"exif": b"Exif\0\0" + inputs.exif_blocks()[0], "xmp": inputs.XMP}
    texts = PngImagePlugin.PngInfo()
    texts.add_text("Author", "me")
    texts.add_itxt("XML:com.adobe.xmp", inputs.XMP.decode())
    texts.add_text("Comment", "long " * 50, zip=True)
    options: dict[str, dict[str, Any]] = {".gif": {"comment": b"x", **blocks}}
    options[".png"] = {"pnginfo": texts, "exif": blocks["exif"]}
    for suffix in suffixes:
        if suffix == ".heic" and importlib.util.find_spec("pillow_heif"):
            importlib.import_module("pillow_heif").register_heif_opener()
        elif suffix == ".jxl" and importlib.util.find_spec("pillow_jxl"):
            importlib.import_module("pillow_jxl")
        elif suffix == ".jxl":
            made.append(inputs.JXL)
            continue
        elif suffix == ".heic":
            continue
        format = {".heic": "HEIF"}.get(suffix, suffix[1:])
        picture = image.convert("P") if suffix == ".gif" else image
        made += [color_files.saved(picture, format, **one) for one in ({}, options.get(suffix, blocks))]
    return tuple(made)


@functools.cache
def tiff_pages() -> tuple[bytes, ...]:
    """TIFF of every mode and compression that Pillow writes, and of several pages."""
    noise, made = Image.effect_noise(_SIZE, 40), []
    for mode in ("1", "L", "P", "PA", "LA", "RGB", "RGBA", "CMYK", "YCbCr", "LAB", "I;16", "I", "F"):
        picture = noise.convert("RGB").convert("LA").convert("PA") if mode == "PA" else noise
        picture = noise.convert("RGB") if mode == "LAB" else picture
        picture = picture if mode in (picture.mode, "LAB") else picture.convert(mode)
        for compression in _COMPRESSIONS:
            try:
                made.append(color_files.saved(picture, "TIFF", compression=compression))
            except (OSError, KeyError, ValueError):
                continue  # not every compression takes every mode
    pages = [noise.convert(mode) for mode in ("RGB", "L", "1")]
    made.append(color_files.saved(pages[0], "TIFF", save_all=True, append_images=pages[1:], tiffinfo={270: "page"}))
    return tuple(made)
