"""Do few bits say what a picture looks like, and follow those of a turned picture from them?"""

from __future__ import annotations

import io
from pathlib import Path

import numpy
import pytest
from PIL import Image, ImageFilter

from imgbatch.pixels.orientation import to_upright
from imgbatch.pixels.perception import perceptual_hash as hashes
from imgbatch.pixels.perception.perceptual_hash import PerceptualHash, hamming, perceptual_hash, turn_hashes

SAMPLES = Path(__file__).parents[3] / "sample_images"
PHOTOS = [SAMPLES / "travel/2023/desert/dunes.jpg", SAMPLES / "travel/2024/coast/evening.jpg", SAMPLES / "png/rgb.png"]


def gray(path: Path) -> Image.Image:
    with Image.open(path) as image:
        return image.convert("L")


def rough(seed: int, size: tuple[int, int] = (256, 192)) -> Image.Image:
    """A picture whose every frequency is there, so that no coefficient is nearly zero."""
    noise = numpy.random.default_rng(seed).integers(0, 256, (12, 16), dtype=numpy.uint8)
    return Image.fromarray(noise).resize(size, Image.Resampling.BICUBIC)


def bits(one: PerceptualHash, other: PerceptualHash) -> tuple[int, int]:
    """In how many bits the DCT hashes and the difference hashes differ."""
    return (one.dct ^ other.dct).bit_count(), sum(
        (a ^ b).bit_count() for a, b in ((one.across, other.across), (one.down, other.down))
    )


@pytest.mark.parametrize("path", PHOTOS, ids=lambda path: path.name)
def test_copies_are_near_and_others_are_not(path: Path) -> None:
    image = gray(path)
    own = perceptual_hash(image)
    file = io.BytesIO()
    image.save(file, "JPEG", quality=30)
    for copy in (
        image.resize((image.width // 3, image.height // 2)), Image.open(file).convert("L"),
        image.filter(ImageFilter.GaussianBlur(2)), image.point(lambda value: value * 0.8),
    ):  # fmt: skip
        near, difference = bits(own, perceptual_hash(copy))
        assert near <= 2 and difference <= 12
    for other in PHOTOS:
        if other != path:
            assert bits(own, perceptual_hash(gray(other)))[0] > 16


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("seed", range(5))
def test_the_hashes_of_a_turned_picture_follow_from_its_own(orientation: int, seed: int) -> None:
    image = rough(seed)
    own = perceptual_hash(image)
    way = to_upright(orientation)
    turned = perceptual_hash(image if way is None else image.transpose(way))
    one, two, three = (numpy.array([value], numpy.uint64) for value in (own.dct, own.across, own.down))
    dct, across, down = (int(array[0]) for array in turn_hashes(one, two, three, orientation))
    near, difference = bits(PerceptualHash(dct, across, down), turned)
    assert near <= 1 and difference <= 3  # equal neighbors, and sums that are rounded in another order
    assert turned.structure == pytest.approx(own.structure, rel=0.01)


def test_a_picture_of_one_color_has_no_structure() -> None:
    plain = perceptual_hash(Image.new("L", (40, 30), 90))
    assert (plain.dct, plain.structure) == (0, 0.0)
    assert perceptual_hash(Image.new("L", (1, 1), 255)).structure == 0
    assert perceptual_hash(rough(1)).structure > 20


@pytest.mark.parametrize("orientation", range(1, 9))
def test_plain_areas_do_not_tell_a_mirrored_picture_from_itself(orientation: int) -> None:
    """They have no steps, whichever way one looks at them."""
    image = Image.new("L", (256, 192), 250)
    image.paste(rough(2, (90, 70)), (10, 100))
    own, way = perceptual_hash(image), to_upright(orientation)
    turned = perceptual_hash(image if way is None else image.transpose(way))
    one, two, three = (numpy.array([value], numpy.uint64) for value in (own.dct, own.across, own.down))
    dct, across, down = (int(array[0]) for array in turn_hashes(one, two, three, orientation))
    near, difference = bits(PerceptualHash(dct, across, down), turned)
    assert near <= 2 and difference <= 3


def test_bits_are_counted_with_every_numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    random = numpy.random.default_rng(3)
    one, other = (random.integers(0, 1 << 64, 500, dtype=numpy.uint64) for _ in range(2))
    expected = [(int(a) ^ int(b)).bit_count() for a, b in zip(one, other, strict=True)]
    assert hamming(one, other).tolist() == expected
    monkeypatch.delattr(numpy, "bitwise_count", raising=False)
    assert hashes.hamming(one, other).tolist() == expected
