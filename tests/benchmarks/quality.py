"""Likeness: how near does a result come to the best one can make? SSIM to the full decode, resized once with Lanczos.

SSIM of Wang, Bovik, Sheikh and Simoncelli (2004): luma, Gaussian window of 11 px with sigma 1.5, K = 0.01 and 0.03,
mean over all windows. Both pictures are brought to sRGB through their profiles first, as programs differ in whether
they keep one. Of animations the first, middle and last frame count; of pictures with marks all but the corners with
texts, as programs differ in their letters.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy
from PIL import Image, ImageCms, ImageFilter, ImageOps

from tests.benchmarks.marks import MARGIN, TEXT_BOX, Marks
from tests.benchmarks.workloads import Shape, Workload

SAMPLES = 5  # files per contender and workload
Array = Any
References = dict[tuple[str, str], list[Array]]  # by file name and shape


def scores(workload: Workload, source: Path, target: Path, cache: References) -> list[float]:
    """The SSIM of some results in `target`, one per file and shape; 0 where size, orientation or frames are others."""
    files = sorted(source.iterdir())
    chosen = files[:: max(1, len(files) // SAMPLES)][:SAMPLES]
    found = []
    for path in chosen:
        for shape in workload.shapes:
            key = (path.name, f"{workload.key} {shape}")
            if key not in cache:
                cache[key] = references(path, shape, workload)
            results = pictures(target / shape.folder / (path.stem + workload.suffix), workload)
            if len(results) != len(cache[key]):
                found.append(0.0)
                continue
            pairs = zip(cache[key], results, strict=True)
            found.append(sum(ssim(one, other) for one, other in pairs) / len(results))
    return found


def pictures(path: Path, workload: Workload) -> list[Array]:
    """The luma of a file's picture, or of some frames; none where a GIF has one frame."""
    with Image.open(path) as image:
        if workload.format == "gif":
            return [luma(frame) for frame in some_frames(image)]
        upright = ImageOps.exif_transpose(image)
        return [without_texts(luma(upright)) if workload.marks else luma(upright)]


def some_frames(image: Image.Image) -> Iterator[Image.Image]:
    """The first, middle and last frame in RGB; none where there is only one."""
    count = getattr(image, "n_frames", 1)
    for number in (0, count // 2, count - 1) if count > 1 else ():
        image.seek(number)
        yield image.convert("RGB")


def references(path: Path, shape: Shape, workload: Workload) -> list[Array]:
    """The luma of what should come out, before it is encoded."""
    with Image.open(path) as image:
        if workload.format == "gif":
            return [luma(fitted(frame, shape)) for frame in some_frames(image)]
        upright = ImageOps.exif_transpose(image).convert("RGB")
    result = fitted(upright, shape)
    if workload.soften:
        result = result.filter(ImageFilter.GaussianBlur(2)).filter(ImageFilter.UnsharpMask(1, 100, 0))
    if workload.marks:
        files = Marks(path.parent.parent / "marks")
        for mark, right in ((files.image, False), (files.faded, True)):
            layer = Image.open(mark)
            place = result.width - MARGIN - layer.width, result.height - MARGIN - layer.height
            result.paste(layer, place if right else (MARGIN, MARGIN), layer)
    result.info["icc_profile"] = image.info.get("icc_profile")
    return [without_texts(luma(result)) if workload.marks else luma(result)]


def fitted(picture: Image.Image, shape: Shape) -> Image.Image:
    """All pixels of `picture`, brought to a shape by Lanczos in one step."""
    if shape.cover and shape.height is not None:
        return ImageOps.fit(picture, (shape.width, shape.height), Image.Resampling.LANCZOS)
    scale = min(1.0, *(
        wish / have for wish, have in ((shape.width, picture.width), (shape.height, picture.height)) if wish
    ))  # fmt: skip
    size = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
    return picture.resize(size, Image.Resampling.LANCZOS)


def without_texts(values: Array) -> Array:
    """`values` with one gray in the corners at the lower left and the upper right."""
    across, down = TEXT_BOX
    result = values.copy()
    result[-down:, :across] = 128
    result[:down, -across:] = 128
    return result


def bits(path: Path) -> int:
    """How many bits each sample of a TIFF has."""
    with Image.open(path) as image:
        return int(image.tag_v2[258][0])  # type: ignore[attr-defined]  # of TiffImageFile


def luma(image: Image.Image) -> Array:
    """(H, W) float32 in 0..255, of the picture in sRGB."""
    profile = image.info.get("icc_profile")
    picture = image.convert("RGB")
    if profile:
        converted = ImageCms.profileToProfile(
            picture, ImageCms.ImageCmsProfile(io.BytesIO(profile)), ImageCms.createProfile("sRGB")
        )
        picture = picture if converted is None else converted
    return numpy.asarray(picture.convert("L"), dtype=numpy.float32)


def ssim(one: Array, other: Array) -> float:
    """Mean SSIM of two (H, W) arrays in 0..255; 0 when their sizes differ by more than rounding (1 px)."""
    if max(abs(a - b) for a, b in zip(one.shape, other.shape, strict=True)) > 1:
        return 0.0
    height, width = min(one.shape[0], other.shape[0]), min(one.shape[1], other.shape[1])
    a, b = one[:height, :width], other[:height, :width]
    if min(height, width) < 11:
        return float(1 - abs(a - b).mean() / 255)
    mean_a, mean_b = smooth(a), smooth(b)
    variance_a, variance_b = smooth(a * a) - mean_a**2, smooth(b * b) - mean_b**2
    covariance = smooth(a * b) - mean_a * mean_b
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    above = (2 * mean_a * mean_b + c1) * (2 * covariance + c2)
    below = (mean_a**2 + mean_b**2 + c1) * (variance_a + variance_b + c2)
    return float((above / below).mean())


def smooth(values: Array) -> Array:
    """`values` under the window, where it lies inside: (H - 10, W - 10)."""
    weights = numpy.exp(-((numpy.arange(11) - 5) ** 2) / (2 * 1.5**2)).astype(numpy.float32)
    weights /= weights.sum()
    rows: Array = sum(weight * values[k : len(values) - 10 + k] for k, weight in enumerate(weights))
    columns: Array = sum(weight * rows[:, k : rows.shape[1] - 10 + k] for k, weight in enumerate(weights))
    return columns


def summary(found: Sequence[float]) -> float | None:
    """The mean; None for none."""
    return sum(found) / len(found) if found else None
