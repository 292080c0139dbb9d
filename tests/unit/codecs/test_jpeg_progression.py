"""A progressive JPEG at an eighth of its size: fewer data, the same picture, and damage that is still found."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from imgbatch import codecs
from imgbatch.codecs.containers import integrity, jpeg_progression
from imgbatch.codecs.reading import limits
from imgbatch.codecs.reading.decode import ALL_DATA
from imgbatch.codecs.reading.jpeg_draft import mix_padding
from imgbatch.core.errors import ImageError

PHOTO = Path(__file__).parents[3] / "sample_images" / "travel"
LIMIT = 10_000_000


def progressive(mode: str = "RGB", **options: object) -> bytes:
    """A photograph as a progressive JPEG."""
    with Image.open(next(iter(sorted(PHOTO.rglob("*.jpg"))))) as photo:
        picture = photo.convert(mode)
    file = io.BytesIO()
    picture.save(file, "JPEG", progressive=True, quality=90, **options)
    return file.getvalue()


def whole(data: bytes, size: tuple[int, int]) -> np.ndarray:
    """What Pillow makes of all the data, with padding as in ours."""
    with Image.open(io.BytesIO(data)) as image:
        draft = image.draft(None, size)
        image.load()
        if draft is not None:
            mix_padding(image, *draft[1][2:])
        return np.asarray(image).astype(int)


def eighth(data: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(data)) as image:
        size = image.width // 8, image.height // 8
    return whole(data, size)


def ours(data: bytes, min_size: tuple[int, int] | None = None) -> np.ndarray:
    with limits.pixel_limit(LIMIT), codecs.open_image(data, ".jpg", LIMIT) as picture:
        min_size = min_size or (picture.size[0] // 8, picture.size[1] // 8)
        (frame,) = picture.decode(min_size=min_size)[0]
        return np.asarray(frame).astype(int)


def scans(data: bytes) -> int:
    return len(integrity.jpeg_scans(data)[0])


def header_of_scan(data: bytes, number: int) -> int:
    """Where the marker of a scan stands; negative numbers count from the last."""
    return data.rindex(b"\xff\xda", 0, integrity.jpeg_scans(data)[0][number][0])


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
@pytest.mark.parametrize("subsampling", ["4:4:4", "4:2:2", "4:2:0"])
def test_an_eighth_of_fewer_scans_is_the_same_picture(mode: str, subsampling: str) -> None:
    data = progressive(mode, subsampling=subsampling)
    assert len(jpeg_progression.without_fine_scans(data)) < 0.75 * len(data)
    assert 0 < scans(jpeg_progression.without_fine_scans(data)) < scans(data)
    off = abs(ours(data) - eighth(data))
    assert off.max() <= 8
    assert off.mean() <= 0.3


def test_fewer_scans_are_read_only_for_an_eighth(monkeypatch: pytest.MonkeyPatch) -> None:
    lengths: list[int] = []

    def note(data: bytes) -> bytes:
        lengths.append(len(data))
        return data

    monkeypatch.setattr(jpeg_progression, "without_fine_scans", note)
    data = progressive()
    with Image.open(io.BytesIO(data)) as image:
        width, height = image.size
    ours(data, (width // 4, height // 4))
    assert lengths == []
    ours(data, (width // 8, height // 8))
    assert lengths == [len(data)]


def test_where_all_data_are_wanted_damage_in_a_fine_scan_is_found() -> None:
    data = bytearray(progressive())
    at = header_of_scan(bytes(data), -1)
    data[at + 4] = 9  # components of a scan that has one
    with pytest.raises(ImageError):
        ours(bytes(data), ALL_DATA)


@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
def test_a_progressive_jpeg_that_is_cut_off_stays_truncated(share: float) -> None:
    data = progressive()
    cut = data[: int(share * len(data))]
    assert jpeg_progression.without_fine_scans(cut) == cut
    with pytest.raises(ImageError) as failure:
        ours(cut)
    assert failure.value.kind == "truncated"


@pytest.mark.parametrize(("at", "value"), [(3, 99), (5, 63), (6, 0), (6, 64), (7, 0x31), (7, 0x0E), (2, 2), (1, 9)])
def test_a_scan_that_libjpeg_refuses_is_not_left_out(at: int, value: int) -> None:
    data = bytearray(progressive())
    header = header_of_scan(bytes(data), -1) + 2
    data[header + at] = value
    if (at, value) == (5, 63):
        data[header + 6] = 62
    with pytest.raises(OSError):
        eighth(bytes(data))
    with pytest.raises(ImageError, match=r"broken|truncated|damaged|data"):
        ours(bytes(data))


@pytest.mark.parametrize("size", [(1, 400), (2, 400), (3, 400), (400, 1), (400, 2), (7, 7), (1, 1), (2, 2)])
@pytest.mark.parametrize("scale", [1, 2, 4])
def test_thin_pictures_are_read_whole_at_larger_scales(size: tuple[int, int], scale: int) -> None:
    rows = np.random.default_rng(5).integers(0, 256, (size[1], size[0], 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(rows).save(file, "JPEG", progressive=True, quality=95)
    draft_size = -(-size[0] // scale), -(-size[1] // scale)
    assert abs(ours(file.getvalue(), draft_size) - whole(file.getvalue(), draft_size)).max() == 0
