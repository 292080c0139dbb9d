"""Is each output decided as it should be: copied, rewritten, encoded, made from a larger one, or left to its size?"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import pytest
from PIL import Image

from imgbatch.codecs.reading.decode import ALL_DATA, SourceImage
from imgbatch.codecs.reading.open import open_image
from imgbatch.core.job import Target
from imgbatch.operations import Blur, Brightness, Flip, Operation, Resize
from imgbatch.pipeline.decisions import decode_plan, output_decision
from imgbatch.pipeline.decisions.output_decision import Decisions
from imgbatch.pipeline.write_output import output_path
from imgbatch.planning.recipe import Output

SIZE = (400, 300)
Words = list[tuple[int, str]]


def encode(format: str = "JPEG", mode: str = "RGB", frames: int = 1, **options: Any) -> bytes:
    file = io.BytesIO()
    if frames > 1:
        options |= {
            "save_all": True,
            "append_images": [Image.new(mode, SIZE, 9 * number) for number in range(1, frames)],
        }
    Image.new(mode, SIZE, 128 if mode == "L" else None).save(file, format, **options)
    return file.getvalue()


def exif(tag: int, value: object) -> Image.Exif:
    tags = Image.Exif()
    tags[tag] = value
    return tags


JPEG, GIF, PNG = encode(), encode("GIF", "L", frames=3), encode("PNG")
TAGGED, TURNED = encode(exif=exif(0x013B, "somebody")), encode(exif=exif(0x0112, 6))
CMYK = encode(mode="CMYK")


def decide(data: bytes, outputs: Sequence[Output], common: Sequence[Operation] = (), planned: bool = True) -> Decisions:
    picture: SourceImage = open_image(data, "", 10**8)
    format = picture.format or ""
    targets = [
        Target(number, f"/{number}", format if output.format == "same" else output.format)
        for number, output in enumerate(outputs)
    ]
    plan = decode_plan.make_plan(picture, True, common, [output.ops for output in outputs])
    if planned:
        return output_decision.decide(picture, plan, outputs, targets, data)
    return output_decision.decide_encodings(picture, plan, outputs, targets)


def words(decisions: Decisions) -> Words:
    """What becomes of each output, in the order in which they are made."""
    result = []
    for decision in decisions.outputs:
        if decision.copy is not None:
            assert decision.source is None and not decision.may_keep_source
            word = "rewrite" if decision.rewrites else "copy"
        else:
            assert not decision.rewrites
            word = "encode" if decision.source is None else f"encode from {decision.source}"
            word += " or keep" if decision.may_keep_source else ""
        result.append((decision.output, word))
    return result


SMALL, MIDDLE, LARGE = (Output(ops=[Resize(f"{width}x")]) for width in (50, 100, 200))
SMALLER = Output(optimize=True)

CASES: dict[str, tuple[bytes, list[Output], list[Operation], Words, str]] = {
    "nothing to do": (JPEG, [Output()], [], [(0, "copy")], "all"),
    "nothing that changes": (JPEG, [Output()], [Resize("4000")], [(0, "copy")], "all"),
    "several frames": (GIF, [Output()], [], [(0, "copy")], "all"),
    "another format": (JPEG, [Output(format="png")], [], [(0, "encode")], "all"),
    "an operation": (JPEG, [Output()], [Flip()], [(0, "encode")], "all"),
    "a quality": (JPEG, [Output(quality=80)], [], [(0, "encode")], "all"),
    "to be turned": (TURNED, [Output()], [], [(0, "encode")], "all"),
    "the first frame": (GIF, [Output(frames="first")], [], [(0, "encode")], "first"),
    "small enough": (JPEG, [Output(max_bytes=10**6)], [], [(0, "copy")], "all"),
    "too large": (JPEG, [Output(max_bytes=10)], [], [(0, "encode")], "all"),
    "metadata go": (TAGGED, [Output(strip="exif")], [], [(0, "rewrite")], "all"),
    "metadata of a png go": (PNG, [Output(strip="exif")], [], [(0, "encode")], "all"),
    "smaller, if it is": (JPEG, [SMALLER], [], [(0, "encode or keep")], "all"),
    "another picture is not kept": (JPEG, [SMALLER], [Flip()], [(0, "encode")], "all"),
    "from larger": (
        JPEG, [SMALL, LARGE, MIDDLE], [], [(1, "encode"), (2, "encode from 1"), (0, "encode from 2")], "all"
    ),
    "after what is even": (PNG, [SMALL, LARGE], [Brightness(1.2)], [(1, "encode"), (0, "encode from 1")], "all"),
    "after what is not": (PNG, [SMALL, LARGE], [Blur(2)], [(0, "encode"), (1, "encode")], "all"),
    "of several frames": (GIF, [SMALL, LARGE], [], [(0, "encode"), (1, "encode")], "all"),
    "of one of them": (
        GIF, [Output(frames="first", ops=SMALL.ops), Output(frames="1", ops=LARGE.ops)], [],
        [(1, "encode"), (0, "encode from 1")], "first",
    ),
    "of ink": (CMYK, [SMALL, LARGE], [], [(0, "encode"), (1, "encode")], "all"),
    "of ink on screen": (CMYK, [SMALL, LARGE], [Brightness(1.2)], [(1, "encode"), (0, "encode from 1")], "all"),
    "a copy and less": (JPEG, [Output(), SMALL], [], [(1, "encode"), (0, "copy")], "all"),
    "a copy and a frame": (
        GIF, [Output(), Output(frames="first", ops=SMALL.ops)], [], [(0, "copy"), (1, "encode")], "all"
    ),
    "two copies": (JPEG, [Output(dir="a"), Output(dir="b")], [], [(0, "copy"), (1, "copy")], "all"),
    "of each kind": (
        TAGGED, [Output(), Output(strip="exif"), Output(format="png"), SMALLER], [],
        [(0, "copy"), (1, "rewrite"), (2, "encode"), (3, "encode or keep")], "all",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_each_output_is_decided(case: str) -> None:
    data, outputs, common, expected, selection = CASES[case]
    decisions = decide(data, outputs, common)
    assert (words(decisions), decisions.selection) == (expected, selection)
    assert decisions.copies_all is all(word in ("copy", "rewrite") for _, word in expected)
    assert (decisions.plan.demand == ALL_DATA) is decisions.copies_all  # then the picture is only checked
    assert len(decisions.plan.own) == len(outputs)
    formats = {number: output.format for number, output in enumerate(outputs)}
    source = open_image(data, "", 10**8).format
    assert all(
        one.format == (source if formats[one.output] == "same" else formats[one.output]) for one in decisions.outputs
    )


@pytest.mark.parametrize("case", CASES)
def test_without_a_plan_each_output_is_encoded_from_what_was_decoded(case: str) -> None:
    data, outputs, common, _, _ = CASES[case]
    decisions = decide(data, outputs, common, planned=False)
    assert [(number, word.removesuffix(" or keep")) for number, word in words(decisions)] == [
        (number, "encode") for number in range(len(outputs))
    ]


def test_a_copy_is_the_source_and_a_rewrite_its_picture() -> None:
    copy, rewrite = (decide(TAGGED, [output]).outputs[0].copy for output in (Output(), Output(strip="exif")))
    assert copy is not None and copy.data == TAGGED
    assert rewrite is not None and b"somebody" in TAGGED and b"somebody" not in rewrite.data


def test_only_outputs_that_are_made_later_are_counted_as_sources() -> None:
    decisions = decide(JPEG, [SMALL, LARGE, MIDDLE])
    assert [decisions.sources_from(place) for place in range(4)] == [{None, 1, 2}, {1, 2}, {2}, set()]


@pytest.mark.parametrize(
    ("data", "ops", "format"),
    [(CMYK, [], "tiff"), (CMYK, [Flip()], "tiff"), (CMYK, [Brightness(1.2)], "png"), (JPEG, [], "png")],
    ids=["ink", "ink turned", "ink on screen", "rgb"],
)
def test_what_png_cannot_hold_becomes_tiff_under_its_name(data: bytes, ops: list[Operation], format: str) -> None:
    picture = open_image(data, "", 10**8)
    plan = decode_plan.make_plan(picture, True, ops)
    target = Target(0, "/a-{width}.png", "png", other="/a-{width}.tif", late=True)
    for decisions in (
        output_decision.decide(picture, plan, [Output(format="png")], [target], data),
        output_decision.decide_encodings(picture, plan, [Output(format="png")], [target]),
    ):
        assert decisions.outputs[0].format == format
    suffix = "tif" if format == "tiff" else "png"
    assert output_path(target, format, None, "") == f"/a-{{width}}.{suffix}"
    assert output_path(target, format, SIZE, "") == f"/a-400.{suffix}"
