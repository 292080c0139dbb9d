"""Is each block that only a copy of a file keeps named in the changes, whatever is made of the file?"""

from __future__ import annotations

import io
import struct
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from imgbatch import Outcome, Output, Recipe, Resize, codecs, run
from imgbatch.codecs import contents
from imgbatch.codecs.containers import png_chunks
from tests import accompanied, strangers

FILES = strangers.files()


def outcome_of(folder: Path, name: str, data: bytes, recipe: Recipe) -> tuple[Outcome, bytes]:
    (folder / "in").mkdir(exist_ok=True)
    (folder / "in" / name).write_bytes(data)
    (outcome,) = run([folder / "in" / name], folder / "out", recipe, workers=0, ledger=False, overwrite=True).outcomes
    assert outcome.status == "ok", outcome
    return outcome, (folder / "out" / outcome.outputs[0].path).read_bytes()


@pytest.mark.parametrize("format", ["same", "png", "jpeg", "webp", "tiff"])
@pytest.mark.parametrize("name", FILES)
def test_what_an_encoding_does_not_keep_is_named(name: str, format: Any, tmp_path: Path) -> None:
    data, names = FILES[name]
    recipe = Recipe(ops=[Resize("50%")], outputs=[Output(format=format, frames="first")])
    outcome, _ = outcome_of(tmp_path, name, data, recipe)
    for word in names:
        assert f"{word} not kept" in outcome.changes
    assert len(outcome.changes) == len(set(outcome.changes))


@pytest.mark.parametrize("name", FILES)
def test_a_copy_keeps_all_and_a_rewrite_names_what_goes(name: str, tmp_path: Path) -> None:
    data, names = FILES[name]
    stripped, _ = outcome_of(tmp_path, name, data, Recipe(outputs=[Output(strip="gps")]))
    assert {f"{word} not kept" for word in names} <= set(stripped.changes)
    copied, output = outcome_of(tmp_path, name, data, Recipe(outputs=[Output()]))
    if output == data:
        assert list(copied.changes) == ["bytes copied: nothing to change"]
    else:
        assert {f"{word} not kept" for word in names} <= set(copied.changes)


def test_a_picture_without_strangers_is_not_said_to_lose_any(tmp_path: Path) -> None:
    formats = ("PNG", "GIF", "WEBP", "AVIF", "BMP", "JPEG2000", "TGA", "PPM", "QOI", "SGI", "TIFF", "DDS", "JPEG")
    for format in formats:
        data, name = strangers.saved(format), f"a.{format.lower()}"
        outcome, _ = outcome_of(tmp_path, name, data, Recipe(ops=[Resize("50%")], outputs=[Output()]))
        assert not [change for change in outcome.changes if "not kept" in change], name


@pytest.mark.parametrize("name", ["a.psd", "a.jp2", "a.webp"])
def test_xmp_that_pillow_does_not_hand_over_is_kept(name: str, tmp_path: Path) -> None:
    _, output = outcome_of(tmp_path, name, FILES[name][0], Recipe(outputs=[Output(format="png", frames="first")]))
    assert b"the attic" in output


def test_bytes_behind_a_jpeg_stay_where_only_metadata_change(tmp_path: Path) -> None:
    data, _ = FILES["a.jpg"]
    stripped, output = outcome_of(tmp_path, "a.jpg", data, Recipe(outputs=[Output(strip="gps")]))
    assert output.endswith(strangers.BEHIND) and not [change for change in stripped.changes if "bytes after" in change]
    encoded, _ = outcome_of(tmp_path, "a.jpg", data, Recipe(ops=[Resize("50%")], outputs=[Output()]))
    assert f"{len(strangers.BEHIND)} bytes after the picture not kept" in encoded.changes


def test_a_gif_with_bytes_behind_its_end_mark_is_not_said_to_lack_it(tmp_path: Path) -> None:
    outcome, _ = outcome_of(tmp_path, "a.gif", FILES["a.gif"][0], Recipe(outputs=[Output(format="webp")]))
    assert outcome.warnings == ()
    cut = strangers.saved("GIF", save_all=True, append_images=[Image.new("RGB", (40, 30), "red")])[:-1]
    outcome, _ = outcome_of(tmp_path, "b.gif", cut, Recipe(outputs=[Output(format="webp")]))
    assert outcome.warnings == ("the GIF has no end mark: frames may be missing",)


def test_items_and_boxes_of_a_heic_are_named() -> None:
    assert contents.strangers(strangers.HEIC, "heif") == strangers.HEIC_NAMES
    avif = contents.strangers(strangers.HEIC.replace(b"hvc1", b"av01"), "avif")
    assert avif == strangers.HEIC_NAMES
    two = strangers.meta(strangers.item(1, b"av01"), strangers.item(2, b"av01"))
    assert contents.strangers(strangers.box(b"ftyp", b"avif") + two, "avif") == ["second picture"]


def test_boxes_of_a_jpeg_xl_are_named() -> None:
    assert contents.strangers(strangers.JXL, "jxl") == strangers.JXL_NAMES


def test_the_xmp_of_a_jpeg_xl_is_kept(tmp_path: Path) -> None:
    pytest.importorskip("pillow_jxl")
    data = strangers.saved("JXL", xmp=strangers.XMP, exif=Image.Exif().tobytes())
    outcome, output = outcome_of(tmp_path, "a.jxl", data, Recipe(outputs=[Output(format="png")]))
    assert b"the attic" in output and not [change for change in outcome.changes if "not kept" in change]


@pytest.mark.parametrize("count", [1, 2000])
def test_many_strangers_are_a_few_words(count: int) -> None:
    chunks = b"".join(strangers.png_chunk(b"ab%02X" % (number % 256), b"") for number in range(count))
    data = strangers.saved("PNG")
    assert len(contents.strangers(data[:33] + chunks + data[33:], "png")) <= contents.MOST_NAMES
    blocks = b"".join(b"\x21\xff\x0b%011d\0" % number for number in range(count))
    gif = strangers.saved("GIF")
    assert len(contents.strangers(gif[:-1] + blocks + b";", "gif")) == min(count, contents.MOST_NAMES)
    inner = b"".join(b"ab%02X" % (number % 256) + bytes(4) for number in range(count))
    webp = strangers.riff((b"VP8X", bytes(10)), (b"ANMF", bytes(16) + inner))
    assert len(contents.strangers(webp, "webp")) == min(count, contents.MOST_NAMES)
    metas = (strangers.meta(strangers.item(1, b"ab%02X" % (number % 256))) for number in range(count))
    heif = strangers.box(b"ftyp", b"heic") + b"".join(metas)
    assert len(contents.strangers(heif, "heif")) == min(count, contents.MOST_NAMES)


def test_every_format_that_is_written_is_in_the_table() -> None:
    assert set(codecs.CODECS) <= set(contents.CONTENTS)
    fates = {fate for one in contents.CONTENTS.values() for fate in one.fates.values()}
    assert fates == {contents.ANEW, contents.READ, contents.COMPANION}


def test_every_block_that_is_known_to_a_png_goes_without_a_word() -> None:
    data = strangers.saved("PNG")
    known = [name.encode() for name in contents.CONTENTS["png"].fates if name not in ("IHDR", "IEND")]
    chunks = b"".join(strangers.png_chunk(name, name + b"\0") for name in known)
    assert contents.strangers(data[:33] + chunks + data[33:], "png") == []
    assert list(png_chunks.chunks(data))[-1][0] == b"IEND"


def test_names_of_blocks_are_words() -> None:
    assert contents.word_of(b"\x00\x01\x02\x03", "chunk") == "nameless chunk"
    assert contents.word_of(b"xml ", "box") == "xml box" and contents.bytes_after(3) == "3 bytes after the picture"


def test_a_comment_in_no_known_encoding_keeps_its_bytes_in_a_png(tmp_path: Path) -> None:
    for comment in (b"caf\xc3\xa9", b"caf\xe9 \xa8"):
        data = strangers.saved("JPEG", comment=comment)
        _, output = outcome_of(tmp_path, "a.jpg", data, Recipe(outputs=[Output(format="png")]))
        with Image.open(io.BytesIO(output)) as image:
            text = image.info["Comment"]
        assert text.encode("latin-1") == comment if comment.endswith(b"\xa8") else text == "caf\u00e9"


def test_a_resolution_that_exif_contradicts_is_named_where_exif_is_all_there_is(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x011A], exif[0x011B], exif[0x0128] = 72, 72, 2
    recipe = Recipe(outputs=[Output(format="webp")])
    same, _ = outcome_of(tmp_path, "a.jpg", strangers.saved("JPEG", dpi=(72, 72), exif=exif), recipe)
    other, _ = outcome_of(tmp_path, "a.jpg", strangers.saved("JPEG", dpi=(300, 300), exif=exif), recipe)
    tiff, _ = outcome_of(
        tmp_path, "a.jpg", strangers.saved("JPEG", dpi=(300, 300), exif=exif), Recipe(outputs=[Output(format="tiff")])
    )
    assert "exif resolution not written: tiff" in tiff.changes
    assert "resolution not written: webp" in other.changes and "resolution not written: webp" not in same.changes


def test_what_the_index_of_a_stereo_picture_says_more_is_named_where_it_is_made_anew(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x010F], exif[0x8825] = "maker", {1: "N", 2: (1.0, 2.0, 3.0)}
    file = io.BytesIO()
    ramp = accompanied.ramp((40, 30))
    ramp.save(file, "MPO", save_all=True, append_images=[ramp.transpose(Image.Transpose.FLIP_LEFT_RIGHT)], exif=exif)
    data = file.getvalue()
    recipe = Recipe(outputs=[Output(strip="gps")])
    plain, _ = outcome_of(tmp_path, "a.jpg", data, recipe)
    at = data.index(b"MPF\0") + 4
    order = "<" if data[at : at + 2] == b"II" else ">"
    (place,) = struct.unpack_from(order + "I", data, at + 4)
    (count,) = struct.unpack_from(order + "H", data, at + place)
    block = data[at : data.index(b"MPF\0") + int.from_bytes(data[at - 6 : at - 4], "big") - 2]
    # the same index with a second directory, of one tag: the number of the picture
    second = struct.pack(order + "HHHIII", 1, 0xB101, 4, 1, 1, 0)
    index = bytearray(block + second)
    struct.pack_into(order + "I", index, place + 2 + 12 * count, len(block))
    whole = data[: at - 8] + accompanied.segment(0xE2, b"MPF\0" + bytes(index)) + data[at + len(block) :]
    stereo, _ = outcome_of(tmp_path, "a.jpg", whole, recipe)
    word = "attributes in the index of pictures (MPF) not kept"
    assert word in stereo.changes and word not in plain.changes


def test_the_interoperability_directory_is_named_where_a_tiff_has_none(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x010F] = "maker"
    exif.get_ifd(0x8769)[0xA005] = {1: "R98"}
    data = strangers.saved("JPEG", exif=exif)
    outcome, _ = outcome_of(tmp_path, "a.jpg", data, Recipe(outputs=[Output(format="tiff")]))
    assert "exif interoperability not written: tiff" in outcome.changes
    plain, _ = outcome_of(tmp_path, "a.jpg", strangers.saved("JPEG"), Recipe(outputs=[Output(format="tiff")]))
    assert plain.changes == ()
