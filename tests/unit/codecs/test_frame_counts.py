"""Many frames, and frames other than the first one promised: refused by their headers, before memory is taken."""

from __future__ import annotations

import io
import struct
import subprocess
import sys
import warnings
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from imgbatch import codecs
from imgbatch.codecs.containers import tiff_pages
from imgbatch.codecs.reading import limits
from imgbatch.core.errors import ImageError

LIMIT = 1_000_000


@pytest.fixture(autouse=True)
def within_limits() -> Iterator[None]:
    with limits.pixel_limit(LIMIT):
        yield


def gif(size: tuple[int, int], sizes: list[tuple[int, int]]) -> bytes:
    """A GIF of a canvas, whose frames say these sizes; the pixels of large ones end where they begin."""

    def frame(size: tuple[int, int]) -> bytes:
        head, pixels = struct.pack("<cHHHHB", b",", 0, 0, *size, 0), b"\x02\x01\x44\0"
        if size < (100, 100):
            file = io.BytesIO()
            Image.new("L", size).save(file, "GIF", optimize=False)
            pixels = file.getvalue().partition(head)[2][:-1]
        return head + pixels

    frames = {one: frame(one) for one in set(sizes)}
    start = b"GIF89a" + struct.pack("<HHBBB", *size, 0x80, 0, 0) + bytes(6)
    return start + b"".join(frames[one] for one in sizes) + b";"


def apng(count: int) -> bytes:
    """A gray pixel that says it is `count` frames, and holds one."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)) + chunk(b"acTL", struct.pack(">II", count, 0))
    frame = chunk(b"fcTL", struct.pack(">5I2H2B", 0, 1, 1, 0, 0, 1, 10, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + frame + chunk(b"IDAT", zlib.compress(b"\0\7")) + chunk(b"IEND", b"")


def tiff(*sizes: tuple[int, int]) -> bytes:
    file = io.BytesIO()
    first, *others = (Image.new("1", size) for size in sizes)
    first.save(file, "TIFF", save_all=True, append_images=others, compression="group4")
    return file.getvalue()


def refusal(data: bytes) -> tuple[str, str]:
    with pytest.raises(ImageError) as failure:
        list(codecs.open_image(data, "", LIMIT).decode()[0])
    return failure.value.kind, str(failure.value)


def test_pages_are_counted_by_their_own_sizes_before_one_is_decoded() -> None:
    warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # as every worker has it
    pages = list(codecs.open_image(tiff((900, 900), (10, 10), (9, 9)), "", LIMIT).decode()[0])
    assert [page.size for page in pages] == [(900, 900), (10, 10), (9, 9)]
    kind, message = refusal(tiff((10, 10), (900, 900), (900, 900)))
    assert kind == "too_large" and message.startswith("1620100 pixels (in 3 pages) exceed --max-pixels 1000000")
    assert "--frames first" in message
    picture = codecs.open_image(tiff((10, 10), (900, 900), (900, 900)), "", LIMIT)
    assert len(list(picture.decode("2")[0])) == 2


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("compression", ["raw", "tiff_deflate", "tiff_lzw", "jpeg"])
def test_a_page_among_many_is_found_at_once(big: bool, compression: str, monkeypatch: pytest.MonkeyPatch) -> None:
    sheets = [Image.linear_gradient("L").resize((30, 20)).rotate(40 * number) for number in range(6)]
    file = io.BytesIO()
    sheets[0].save(file, "TIFF", save_all=True, append_images=sheets[1:], compression=compression, big_tiff=big)

    def decode_all() -> list[bytes]:
        return [page.tobytes() for page in codecs.open_image(file.getvalue(), "", LIMIT).decode()[0]]

    plain = decode_all()
    directories: list[int] = []
    monkeypatch.setattr(tiff_pages, "MANY", 2)
    point_at = tiff_pages.Pages.point_at

    def listening(self: tiff_pages.Pages, directory: int) -> None:
        directories.append(directory)
        point_at(self, directory)

    monkeypatch.setattr(tiff_pages.Pages, "point_at", listening)
    assert decode_all() == plain and len(set(directories)) == 6
    assert compression == "jpeg" or plain == [sheet.tobytes() for sheet in sheets]


def outgrown(count: int) -> bytes:
    """A GIF of 10x10 px, and then `count` frames of 900x900."""
    files = []
    for side in (10, 900):
        file = io.BytesIO()
        Image.new("L", (side, side)).save(file, "GIF")
        data = file.getvalue()
        start = 13 + 3 * 2 ** ((data[10] & 7) + 1)  # behind the header and its table of colors
        files.append((data[:start], data[start:-1]))
    (head, small), (_, large) = files
    return head + small + large * count + b";"


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_frames_that_outgrow_what_the_header_says_count_while_they_are_decoded() -> None:
    picture = codecs.open_image(outgrown(1), "", LIMIT)
    assert picture.size == (10, 10) and len(list(picture.decode()[0])) == 2
    kind, message = refusal(outgrown(2))
    assert kind == "too_large" and "exceed --max-pixels 1000000" in message


def test_a_bomb_behind_a_harmless_first_frame_is_refused() -> None:
    for data in (gif((10, 10), [(10, 10), (60_000, 60_000)]), tiff((10, 10), (20_000, 20_000))):
        kind, message = refusal(data)
        assert kind == "too_large" and "exceed --max-pixels 1000000" in message


def test_a_number_of_frames_that_is_a_lie_is_no_work() -> None:
    assert refusal(apng(2**31 - 1))[0] == "too_large"
    assert refusal(apng(900_000))[0] == "truncated"
    assert refusal(gif((100, 100), [(1, 1)] * 40_000))[0] == "too_large"


@pytest.mark.skipif(sys.platform != "linux", reason="the peak of memory is read from /proc")
def test_refusing_takes_no_memory(tmp_path: Path) -> None:
    """40,000 frames of a megapixel, and frames of gigapixels behind a small one, through a whole run."""
    (tmp_path / "harmless.gif").write_bytes(gif((4, 4), [(4, 4)] * 2))
    bad = tmp_path / "bad"
    bad.mkdir()
    (bad / "many.gif").write_bytes(gif((1000, 1000), [(1000, 1000)] * 40_000))
    (bad / "hidden.gif").write_bytes(gif((10, 10), [(10, 10), (60_000, 60_000)]))
    (bad / "page.tif").write_bytes(tiff((10, 10), (30_000, 30_000)))
    (bad / "lie.png").write_bytes(apng(2**31 - 1))
    code = f"""if True:
        from pathlib import Path
        import imgbatch as ib

        def peak():
            return int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0])

        recipe = ib.Recipe(ops=[ib.Flip()], outputs=[ib.Output(format="webp")])
        folder = {str(tmp_path)!r}
        ib.run([folder + "/harmless.gif"], folder + "/before", recipe, workers=0)
        before = peak()
        report = ib.run([folder + "/bad"], folder + "/out", recipe, workers=0)
        print(peak() - before, *sorted(outcome.error.kind for outcome in report.failed))
    """
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert not process.returncode, process.stderr
    growth, *kinds = process.stdout.split()
    assert kinds == ["too_large"] * 4
    assert int(growth) < 30_000, f"{growth} kB more"
