"""A JPEG's metadata are changed around its picture; every other byte of it stays."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from imgbatch import Output, Recipe, Resize, run
from imgbatch.codecs.containers.integrity import jpeg_scans
from imgbatch.codecs.formats.rewrites import jpeg_lossless
from imgbatch.pixels import profile_conversion
from tests.unit.codecs.test_exif_tags import NOTE, block, small


def jpeg(**options: Any) -> bytes:
    file = io.BytesIO()
    Image.effect_noise((64, 48), 60).convert("RGB").save(file, "JPEG", quality=91, **options)
    return file.getvalue()


FULL = jpeg(
    exif=b"Exif\0\0" + block("<", small()),
    xmp=b"<x/>",
    comment=b"hello",
    dpi=(200, 100),
    icc_profile=profile_conversion.srgb_profile(),
)


def scans(data: bytes) -> list[bytes]:
    return [data[start:end] for start, end in jpeg_scans(data)[0]]


def test_what_goes_and_what_comes() -> None:
    result = jpeg_lossless.replace_metadata(
        FULL + b"film behind the picture", {"exif": b"Exif\0\0II", "dpi": (72, 72)}, True
    )
    assert result is not None and scans(result) == scans(FULL) and result.endswith(b"\xff\xd9")
    with Image.open(io.BytesIO(result)) as image:
        assert image.info["exif"] == b"Exif\0\0II" and image.info["dpi"] == (72, 72)
        assert image.info["icc_profile"] == profile_conversion.srgb_profile()
        assert "xmp" not in image.info and "comment" not in image.info
        image.load()
    plain = jpeg_lossless.replace_metadata(FULL, {}, False)
    assert plain is not None and scans(plain) == scans(FULL)
    with Image.open(io.BytesIO(plain)) as image:
        assert not {"exif", "dpi", "icc_profile"} & image.info.keys()
        assert image.info["jfif_density"] == (1, 1)


def test_the_same_metadata_give_the_same_picture() -> None:
    options = {"xmp": b"<y/>", "comment": b"other", "exif": b"Exif\0\0" + block("<")}
    result = jpeg_lossless.replace_metadata(FULL, options, True)
    assert result is not None
    with Image.open(io.BytesIO(result)) as image, Image.open(io.BytesIO(FULL)) as before:
        assert image.info["xmp"] == b"<y/>" and image.info["comment"] == b"other"
        assert image.tobytes() == before.tobytes()


@pytest.mark.parametrize("data", [FULL[:-2], FULL[:200], b"\xff\xd8"])
def test_what_is_not_as_it_should_be_is_decoded(data: bytes) -> None:
    assert jpeg_lossless.replace_metadata(data, {}, True) is None


@given(st.integers(2, 700), st.binary(min_size=1, max_size=3))
def test_bent_files_never_raise(at: int, by: bytes) -> None:
    jpeg_lossless.replace_metadata(FULL[:at] + by + FULL[at + len(by) :], {}, True)


@pytest.mark.parametrize(("output", "ops", "same"), [
    (Output(strip="gps"), (), True), (Output(strip="all", keep="icc"), (), True), (Output(strip="all"), (), False),
    (Output(strip="gps", quality=82), (), False), (Output(strip="gps"), (Resize("32"),), False),
    (Output(strip="gps", format="png"), (), False), (Output(strip="gps"), (Resize("100"),), True),
])  # fmt: skip
def test_a_run_keeps_the_picture_where_only_metadata_go(
    output: Output, ops: tuple[Resize, ...], same: bool, tmp_path: Path
) -> None:
    """`all` takes the profile too, here one that is not sRGB, so the colors have to change."""
    from tests.contracts.test_profiles import ADOBE, profile

    source = jpeg(exif=b"Exif\0\0" + block("<", small()), icc_profile=profile(ADOBE))
    (tmp_path / "a.jpg").write_bytes(source)
    (outcome,) = run([tmp_path / "a.jpg"], tmp_path / "out", Recipe(ops, [output]), workers=0).outcomes
    result = Path(outcome.outputs[0].path).read_bytes()
    assert (scans(result) == scans(source)) == same
    assert ("picture copied: only metadata are changed" in outcome.changes) == same
    assert any(change.startswith("metadata removed") for change in outcome.changes)
    assert small()[100:120] not in result and not outcome.outputs[0].located
    assert (NOTE in result) == (output.strip == "gps")


def test_nothing_is_left_between_the_scans_either() -> None:
    file = io.BytesIO()
    Image.linear_gradient("L").resize((64, 48)).convert("RGB").save(file, "JPEG", progressive=True)
    plain = file.getvalue()
    scans = jpeg_scans(plain)[0]
    secrets = b"\xff\xfe\0\x0asecret-1" + b"\xff\xe1\0\x0asecret-2"
    data = plain[: scans[0][1]] + secrets + plain[scans[0][1] : scans[3][1]] + secrets + plain[scans[3][1] :]
    assert jpeg_lossless.replace_metadata(data, {}, True) == jpeg_lossless.replace_metadata(plain, {}, True)
    with Image.open(io.BytesIO(data)) as before, Image.open(io.BytesIO(plain)) as after:
        assert before.tobytes() == after.tobytes()
