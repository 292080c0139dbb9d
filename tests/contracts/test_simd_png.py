"""PNG by pyspng: the pixels and verdicts of Pillow, for every file; and Pillow alone where the package is of no use."""

from __future__ import annotations

import io
import json
import os
import random
import subprocess
import sys
import tracemalloc
import types
import warnings
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy
import pytest
from PIL import Image

from imgbatch.codecs import open_image
from imgbatch.codecs.containers.png_chunks import chunk
from imgbatch.codecs.reading import limits
from imgbatch.codecs.reading.samples import simd_png
from imgbatch.core.errors import HostWarning
from imgbatch.pipeline.decisions import decode_plan
from imgbatch.pipeline.decisions.memory_demand import memory_demand
from tests.contracts import damaged_pngs, plain_pyspng
from tests.contracts.damaged_pngs import MOST, file_of, look, sound

REPO = Path(__file__).parents[2]
HAS_PYSPNG = simd_png.is_installed()
needs_pyspng = pytest.mark.skipif(not HAS_PYSPNG, reason='needs pyspng: pip install "imgbatch[fast]"')


@pytest.fixture(params=[pytest.param("real", marks=needs_pyspng), "stand-in"])
def package(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    if request.param == "stand-in":
        monkeypatch.setitem(sys.modules, "pyspng", plain_pyspng)
    simd_png.find_problem.cache_clear()
    yield request.param
    simd_png.find_problem.cache_clear()


def saved(image: Image.Image, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG", **options)
    return file.getvalue()


def noise(mode: str, size: tuple[int, int]) -> Image.Image:
    return Image.frombytes(mode, size, random.Random(3).randbytes(size[0] * size[1] * len(mode)))


def photograph(mode: str, size: tuple[int, int]) -> Image.Image:
    with Image.open(REPO / "sample_images/travel/2023/desert/dunes.jpg") as image:
        return image.convert(mode).resize(size)


def decode(data: bytes, most: int = MOST) -> Image.Image:
    with limits.pixel_limit(most), open_image(data, ".png", most) as opened:
        (frame,) = opened.decode()[0]
        return frame


# -- the same as Pillow ------------------------------------------------------------------------------------------------


def test_nothing_is_told_otherwise_of_any_file(package: str) -> None:
    counts, different = damaged_pngs.compare(400, seed=2)
    assert not different
    assert counts["read by pyspng"] > 60 and counts["read by Pillow"] > 60 and counts["failed"] > 60


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
@pytest.mark.parametrize("size", [(1, 90), (400, 1), (100, 163), (137, 129)])
def test_pixels_are_those_of_pillow(package: str, mode: str, size: tuple[int, int]) -> None:
    for image in (noise(mode, size), photograph(mode, size)):
        for level in (0, 1, 6):
            told, by_pyspng = look(saved(image, compress_level=level, dpi=(99, 99)))
            assert by_pyspng and told[0][0][3] == image.tobytes()  # type: ignore[index]  # the pixels of its one frame


@needs_pyspng
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_large_pictures_come_in_bands(mode: str) -> None:
    image = photograph(mode, (700, 600))
    assert len(mode) * 700 * 600 > 3 * simd_png._BAND > 9 * simd_png._BLOCK
    told, by_pyspng = look(saved(image), band=simd_png._BAND)
    assert by_pyspng and told[0][0][3] == image.tobytes()  # type: ignore[index]  # the pixels of its one frame


@needs_pyspng
def test_every_sample_of_ours_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    by_pyspng = 0
    for path in sorted((REPO / "sample_images").rglob("*.png")):
        data = path.read_bytes()
        told, it_was = look(data)
        by_pyspng += it_was
        assert told == look(data, installed=False)[0]
    assert by_pyspng


def test_what_stands_beside_the_pixels_is_read_as_ever(package: str) -> None:
    parts = sound(random.Random(1))
    while parts[0][1][9] != 2:
        parts = sound(random.Random(parts[0][1]))
    parts = [one for one in parts if one[0] in (b"IHDR", b"IDAT", b"IEND")]
    behind = [*parts[:-1], (b"tEXt", b"Title\0behind"), (b"eXIf", Image.Exif().tobytes()), parts[-1]]
    cases = {
        "a color that is transparent": [parts[0], (b"tRNS", bytes(6)), *parts[1:]],
        "a text before": [parts[0], (b"tEXt", b"Title\0before"), *parts[1:]],
        "behind": behind,
        "a piece that is empty": [*parts[:-1], (b"IDAT", b""), parts[-1]],
    }
    for name, case in cases.items():
        told, by_pyspng = look(file_of(case))
        assert by_pyspng and told == look(file_of(case), installed=False)[0], name


def kinds() -> dict[str, bytes]:
    image = photograph("RGB", (60, 40))
    animated = io.BytesIO()
    image.save(animated, "PNG", save_all=True, append_images=[image.rotate(90)])
    still = saved(image)
    alone = still[:33] + chunk(b"acTL", bytes((0, 0, 0, 1, 0, 0, 0, 0))) + still[33:]
    return {
        "gray": saved(image.convert("L")), "palette": saved(image.convert("P")), "bits": saved(image.convert("1")),
        "gray with alpha": saved(image.convert("LA")), "16 bits": saved(Image.new("I;16", (60, 40), 999)),
        "animated": animated.getvalue(), "an animation of nothing": alone, "no end": saved(image, dpi=(9, 9))[:-12],
    }  # fmt: skip


@pytest.mark.parametrize("kind", kinds())
def test_other_kinds_are_left_to_pillow(package: str, kind: str) -> None:
    data = kinds()[kind]
    assert look(data) == (look(data, installed=False)[0], False)


def test_a_stream_is_whole_or_left_to_pillow() -> None:
    rows = bytes(range(200))
    stream = zlib.compress(rows)
    assert simd_png._unpack(stream, 200) == rows
    for other, length in ((stream[:-1], 200), (stream[:-4], 200), (stream + b"\0", 200), (stream, 199), (stream, 201)):
        assert simd_png._unpack(other, length) is None
    with pytest.raises(Exception, match="incorrect data check"):
        simd_png._unpack(stream[:-1] + bytes([stream[-1] ^ 1]), 200)
    bomb = zlib.compress(bytes(50_000_000))
    tracemalloc.start()
    assert simd_png._unpack(bomb, 200) is None
    assert tracemalloc.get_traced_memory()[1] < 1_000_000
    tracemalloc.stop()


def test_strangers_files_are_left_to_pillow(package: str) -> None:
    data = saved(photograph("RGB", (60, 40)), dpi=(9, 9))
    assert look(data)[1]
    told, by_pyspng = look(data, untrusted=True)
    assert told == look(data, installed=False)[0] and not by_pyspng


def test_rows_that_are_too_long_for_bands_are_left_to_pillow(package: str) -> None:
    assert not look(saved(noise("RGB", (700, 2)), dpi=(9, 9)))[1]
    assert look(saved(noise("RGB", (600, 2)), dpi=(9, 9)))[1]


def test_numpy_is_loaded_only_where_that_pays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simd_png, "_NUMPY", "numpy_that_nobody_loads")
    monkeypatch.setattr(simd_png, "_pillow_pixels", 0)
    pixels = simd_png._WORTH // 4 + 1
    assert [simd_png._is_worth_numpy(pixels) for _ in range(6)] == [False] * 4 + [True] * 2
    monkeypatch.setattr(simd_png, "_pillow_pixels", 0)
    assert simd_png._is_worth_numpy(simd_png._WORTH)
    monkeypatch.setattr(simd_png, "_pillow_pixels", 0)
    assert not simd_png._is_worth_numpy(1)
    monkeypatch.setattr(simd_png, "_NUMPY", "numpy")
    assert simd_png._is_worth_numpy(1)


@needs_pyspng
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the peak is read from /proc")
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_no_more_memory_is_taken_than_was_reserved(tmp_path: Path, mode: str) -> None:
    data = saved(noise(mode, (3000, 1500)), compress_level=1)  # which cannot be packed: the most bytes there can be
    (tmp_path / "a.png").write_bytes(data)
    code = """if True:
        import re, sys, numpy
        from imgbatch.codecs import open_image
        from imgbatch.codecs.reading import limits
        from imgbatch.codecs.reading.samples import simd_png
        assert not simd_png.find_problem()
        def peak():
            return 1024 * int(re.search(r"VmHWM:\\s*(\\d+)", open("/proc/self/status").read())[1])
        before = peak()
        with limits.pixel_limit(10**8), open_image(open("a.png", "rb").read(), ".png", 10**8) as opened:
            simd_png._is_worth_numpy = lambda _: True
            frames = list(opened.decode()[0])
        print(peak() - before)"""
    environment = {**os.environ, "PYTHONPATH": str(REPO)}
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True)
    with limits.pixel_limit(10**8), open_image(data, ".png", 10**8) as opened:
        demand = memory_demand(opened, decode_plan.full_plan(opened, True, ()), len(data))
    assert done.returncode == 0, done.stderr
    assert 4 * 3000 * 1500 + len(data) < int(done.stdout) < demand


# -- packages that are of no use ---------------------------------------------------------------------------------------


def no_pixels(data: bytes, format: str) -> object:
    return numpy.zeros((20, 23, len(format)), numpy.uint8)


def fails(data: bytes, format: str) -> object:
    raise RuntimeError("pyspng: could not decode image")


class Panic(BaseException):
    pass


def panics(data: bytes, format: str) -> object:
    raise Panic("rust")


BROKEN = {
    "other pixels": (no_pixels, "it gives other pixels than Pillow"),
    "an error": (fails, "RuntimeError: pyspng: could not decode image"),
    "a panic": (panics, "Panic: rust"),
    "another shape": (lambda data, format: numpy.zeros(7, numpy.uint8), "ValueError: cannot reshape"),
    "nothing": (lambda data, format: None, "AttributeError"),
    "other arguments": (lambda data: None, "TypeError"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_package_of_no_use_is_left_alone_with_a_warning(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    module = types.ModuleType("pyspng")
    vars(module)["load"], words = BROKEN[kind]
    monkeypatch.setitem(sys.modules, "pyspng", module)
    monkeypatch.setattr(simd_png, "is_installed", lambda: True)
    simd_png.find_problem.cache_clear()
    image = photograph("RGB", (200, 150))
    with pytest.warns(HostWarning, match=words) as caught:
        assert decode(saved(image, dpi=(9, 9))).tobytes() == image.tobytes()
    assert len(caught) == 1 and simd_png.ADVICE in str(caught[0].message) and "\n" not in str(caught[0].message)
    simd_png.find_problem.cache_clear()


def test_a_package_that_fails_later_is_helped_out(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not simd_png.find_problem()
    monkeypatch.setattr(sys.modules["pyspng"], "load", fails)
    image = photograph("RGB", (200, 150))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert decode(saved(image, dpi=(9, 9))).tobytes() == image.tobytes()


@pytest.mark.parametrize("package_name", ["pyspng", "zlib_ng"])
@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_run_says_once_what_cannot_be_imported(tmp_path: Path, package_name: str, workers: str) -> None:
    sources = tmp_path / "in"
    sources.mkdir()
    for number in range(5):
        photograph("RGB", (200, 150 + number)).save(sources / f"{number}.png", dpi=(9, 9))
    for name in {"pyspng", package_name}:
        (tmp_path / name).mkdir()
        code = "raise ImportError('no such libc')" if name == package_name else ""
        (tmp_path / name / "__init__.py").write_text(code)
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{REPO}"}
    command = [sys.executable, "-m", "imgbatch", "stats", "in", "-j", workers, "--json", "--fail-on", "warning"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    title = "zlib-ng" if package_name == "zlib_ng" else package_name
    assert done.stderr.count(f"warning: {title} is installed and cannot be used (ImportError: no such libc)") == 1
    assert done.stderr.count("until then Pillow decodes PNG") == 1 and simd_png.ADVICE in done.stderr
    records = [json.loads(line) for line in done.stdout.splitlines()]
    assert not any(record.get("warnings") for record in records)


def test_without_the_package_nothing_is_said_or_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simd_png, "is_installed", lambda: False)
    monkeypatch.setitem(sys.modules, "pyspng", None)  # so that importing it fails
    image = photograph("RGB", (200, 150))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert decode(saved(image, dpi=(9, 9))).tobytes() == image.tobytes()
