"""16 bits of color in a TIFF are read whole, however the samples lie in the file."""

from __future__ import annotations

import itertools
import struct
from typing import Any

import numpy as np
import pytest
from PIL import Image, features

from imgbatch import codecs
from imgbatch.codecs.reading import limits
from imgbatch.codecs.reading.samples import tiff_samples
from imgbatch.core.errors import ImageError
from tests.contracts.deep_pictures import gradient
from tests.tiff_files import PACKERS, Samples, tiff

LIMIT = 1_000_000
TILE = (48, 32)
needs_libtiff = pytest.mark.skipif(not features.check("libtiff"), reason="this Pillow has no libtiff")
ORDERS, SHAPES = ("<", ">"), (None, TILE)
#: Every way to pack, with the predictors it takes.
PACKS = [
    (packer, predictor)
    for packer in PACKERS
    for predictor in (1, 2)
    if predictor == 1 or packer not in ("none", "packbits")
]


def decode(data: bytes, deep: bool = True) -> tuple[codecs.SourceImage, Samples]:
    with limits.pixel_limit(LIMIT):
        picture = codecs.open_image(data, ".tif", LIMIT)
        (frame,) = picture.decode(deep=deep)[0]
    return picture, np.asarray(frame)


def noise(count: int, kind: str = "u2") -> Samples:
    values: Samples = np.random.default_rng(count).integers(0, 65536, (70, 90, count)).astype("u2")
    return values if kind == "u2" else (values / 65535).astype(kind)


@needs_libtiff
@pytest.mark.parametrize(("packer", "predictor"), PACKS)
@pytest.mark.parametrize("count", [3, 4])
def test_every_bit_is_read_wherever_it_lies(count: int, packer: str, predictor: int) -> None:
    samples = noise(count)
    for planar, tile, order in itertools.product((False, True), SHAPES, ORDERS):
        data = tiff(samples, extra=2 if count == 4 else None, order=order, packer=packer, predictor=predictor,
                    planar=planar, tile=tile)  # fmt: skip
        picture, result = decode(data)
        assert (result == samples).all(), (planar, tile, order)
        assert not picture.changes and picture.deep == {3: "RGB;16", 4: "RGBA;16"}[count]


@needs_libtiff
@pytest.mark.parametrize("packer", PACKERS)
@pytest.mark.parametrize("planar", [False, True])
def test_colors_that_were_weighted_by_alpha_are_divided_by_it(packer: str, planar: bool) -> None:
    samples = gradient(4)
    stored = samples.copy()
    stored[..., :3] = np.rint(samples[..., :3] * (samples[..., 3:] / 65535))
    for tile, order in itertools.product(SHAPES, ORDERS):
        _, result = decode(tiff(stored, extra=1, order=order, packer=packer, planar=planar, tile=tile))
        visible = samples[..., 3] > 6553
        assert np.abs(result.astype(float) - samples)[visible].max() <= 5


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("planar", [False, True])
def test_pages_are_turned_upright(orientation: int, planar: bool) -> None:
    samples = gradient(3)
    data = tiff(samples, orientation=orientation, planar=planar)
    with limits.pixel_limit(LIMIT):
        picture = codecs.open_image(data, ".tif", LIMIT)
        (upright,) = picture.decode(deep=True)[0]
        (left,) = codecs.open_image(data, ".tif", LIMIT).decode(deep=True, orient=False)[0]
        (shallow,) = codecs.open_image(data, ".tif", LIMIT).decode()[0]
    assert upright.size == shallow.size == picture.upright_size and (np.asarray(left) == samples).all()
    assert np.abs(np.asarray(upright) / 257 - np.asarray(shallow)).max() <= 1


def test_parts_that_lie_on_each_other_are_not_taken_again_and_again() -> None:
    data = tiff(noise(3), packer="deflate", rows=1)
    tags: dict[int, Any] = {256: 90, 257: 70, 258: (16,) * 3, 259: 8, 277: 3, 278: 1, 339: (1,) * 3}
    tags |= {273: (8,) * 70, 279: (1000,) * 70}
    assert tiff_samples.layout_of(tags) is not None
    assert tiff_samples.layout_of(tags | {279: (len(data) * 1000,) * 70}) is None


@pytest.mark.parametrize(
    "change",
    [
        {258: (16, 16, 8)}, {258: "16"}, {273: (8,)}, {256: 0}, {277: 0}, {278: "x"}, {322: 16}, {339: (1, 3, 1)},
        {279: ()},
    ],
    ids=str,
)  # fmt: skip
def test_tags_that_contradict_each_other_give_no_layout_or_the_same(change: dict[int, Any]) -> None:
    tags: dict[int, Any] = {256: 9, 257: 7, 258: (16,) * 3, 259: 8, 273: (8,) * 7, 277: 3, 278: 1, 279: (9,) * 7}
    assert tiff_samples.layout_of(tags) is not None
    assert (tiff_samples.layout_of(tags | change) is None) == (change != {322: 16})


def test_a_tile_that_is_far_larger_than_its_picture_is_not_made() -> None:
    tags: dict[int, Any] = {256: 24, 257: 18, 258: (16,) * 3, 259: 8, 277: 3, 322: 512, 323: 512, 324: 8, 325: 99}
    assert tiff_samples.layout_of(tags) is not None
    assert tiff_samples.layout_of(tags | {322: 16384, 323: 4096}) is None
    data = tiff(noise(3), tile=TILE, packer="deflate")
    at = data.index(struct.pack("<HHI", 322, 4, 1)) + 8
    with pytest.raises(ImageError, match="tiles of 8388656x32 px for 90x70"):
        decode(data[:at] + struct.pack("<I", 8_388_656) + data[at + 4 :])


@pytest.mark.parametrize("planar", [False, True])
@pytest.mark.parametrize("tile", SHAPES)
def test_pixels_that_end_early_are_an_error(planar: bool, tile: tuple[int, int] | None) -> None:
    data = tiff(noise(3), planar=planar, tile=tile)
    at = int.from_bytes(data[4:8], "little")
    short = data[:4] + (at - 999).to_bytes(4, "little") + data[8 : at - 999] + data[at:]  # the last part is cut
    with pytest.raises(ImageError) as error:
        decode(short)
    assert error.value.kind in ("truncated", "corrupt")


@needs_libtiff
@pytest.mark.parametrize("packer", ["lzw", "deflate", "lzma"])
@pytest.mark.parametrize("planar", [False, True])
def test_damage_is_an_error_and_no_picture(packer: str, planar: bool) -> None:
    data = tiff(noise(3), packer=packer, planar=planar)
    for cut in (100, len(data) // 2):
        with pytest.raises(ImageError) as error:
            decode(data[:8] + bytes(cut) + data[8 + cut :])
        assert error.value.kind in ("truncated", "corrupt")


@needs_libtiff
@pytest.mark.parametrize(("kind", "form", "mode"), [("f4", 3, "F"), ("i4", 2, "I"), ("i2", 2, "I")])
@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("packer", PACKERS)
def test_gray_of_another_order_of_bytes_is_what_it_is(kind: str, form: int, mode: str, order: str, packer: str) -> None:
    values = (np.arange(63).reshape(7, 9, 1) * 500 - 9000).astype(kind)
    data = bytearray(tiff(values, photometric=1, order=order, packer=packer))
    at = data.index(struct.pack(order + "HHI", 339, 3, 1)) + 8
    data[at : at + 2] = struct.pack(order + "H", form)
    _, result = decode(bytes(data))
    assert (result == values[..., 0]).all() and Image.fromarray(result).mode == mode


def test_a_big_endian_bigtiff_is_no_damage() -> None:
    with pytest.raises(ImageError, match="a big-endian BigTIFF") as error:
        decode(b"MM\0+\0\x08\0\0" + struct.pack(">Q", 16) + bytes(200))
    assert error.value.kind == "unsupported"
