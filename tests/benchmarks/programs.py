"""Programs of the shell: what does one type for a workload, to use every processor and no pixel more than needed?

ImageMagick's mogrify and gm get the size that is wanted as a hint, so that a JPEG is decoded at the smallest scale that
will do (vipsthumbnail does so by itself), and xargs gives each processor a process that has one thread.
"""

from __future__ import annotations

import shlex
from pathlib import Path

from tests.benchmarks import marks
from tests.benchmarks.case import Case, Command, NoPeer
from tests.benchmarks.other_pictures import SCAN
from tests.benchmarks.workloads import QUALITY, Shape


def mogrify(case: Case) -> Command:
    """ImageMagick."""
    case.tools.path_of("mogrify")

    def line(shape: Shape, folder: str) -> str:
        hint = f"-define jpeg:size={shape.width}x{shape.height or shape.width} "
        words = f"{hint}-path {folder} {_magick(case, shape, '4:2:0')}{_marks(case)}"
        return case.each(f"env MAGICK_THREAD_LIMIT=1 mogrify {words}")

    return case.shell(line)


def gm(case: Case) -> Command:
    """GraphicsMagick."""
    case.tools.path_of("gm")
    if case.workload.marks:
        raise NoPeer("gm lays no picture into a corner that is measured from the right or from below")

    def line(shape: Shape, folder: str) -> str:
        words = _magick(case, shape, "2x2")
        if case.workload.format == "gif":  # its mogrify has no -coalesce
            return _loop(case, f'gm convert "$f" {words} {folder}/"$f"', "OMP_NUM_THREADS=1")
        hint = f"-size {shape.width}x{shape.height or shape.width} "
        return case.each(f"env OMP_NUM_THREADS=1 gm mogrify {hint}-output-directory {folder} {words}")

    return case.shell(line)


def _magick(case: Case, shape: Shape, sampling: str) -> str:
    """The words that ImageMagick and GraphicsMagick share."""
    animated = case.workload.format == "gif"
    words = "-coalesce " if animated else "-auto-orient "
    if shape.cover:
        box = f"{shape.width}x{shape.height}"
        words += f"-resize {box}^ -gravity center -extent {box}"
    else:
        words += f"-resize '{shape.width}x{shape.height or 10 * shape.width}>'"
    if case.workload.soften:
        words += " -blur 0x2 -unsharp 0x1+1+0"
    if not case.workload.lossless:
        words += f" -quality {QUALITY}"
    options = {"jpeg": f" -sampling-factor {sampling}", "webp": " -format webp"}
    return words + options.get(case.workload.format, "")


def _marks(case: Case) -> str:
    if case.workload.format == "gif":
        return " -layers optimize"
    if not case.workload.marks:
        return ""
    at = f"{marks.MARGIN},{marks.MARGIN} 0,0"
    margin = f"+{marks.MARGIN}+{marks.MARGIN}"
    parts = [
        *(f"-gravity {corner} -draw {shlex.quote(f'image over {at} {chr(39)}{path}{chr(39)}')}"
          for corner, path in (("northwest", case.marks.image), ("southeast", case.marks.faded))),
        f"-font {shlex.quote(str(case.marks.font))} -pointsize {marks.LETTERS} -gravity southwest",
        f"-fill black -stroke black -strokewidth {2 * marks.OUTLINE} -annotate {margin} '%t'",
        f"-stroke none -fill white -annotate {margin} '%t'",
        f"-gravity northeast -annotate {margin} {shlex.quote(marks.LINE)}",
    ]  # fmt: skip
    return " " + " ".join(parts)


def _loop(case: Case, line: str, variable: str = "LC_ALL=C") -> str:
    """`line` for one file after the other, "$f", on every processor at once."""
    return case.each(f"env {variable} sh -ec {shlex.quote(f'for f; do {line}; done')} sh")


def vipsthumbnail(case: Case) -> Command:
    """One process, with as many threads as libvips likes."""
    return case.shell(lambda shape, folder: f"{_vipsthumbnail(case, shape, folder)} {_files(case)}")


def vipsthumbnail_xargs(case: Case) -> Command:
    """A process of one thread for each processor."""

    def line(shape: Shape, folder: str) -> str:
        words = f"env VIPS_CONCURRENCY=1 {_vipsthumbnail(case, shape, folder)}"
        return case.each(words) if case.workload.format != "gif" else _loop(case, f'{words} "$f[n=-1]"')

    return case.shell(line)


def _files(case: Case) -> str:
    """All files, of an animation all frames."""
    if case.workload.format != "gif":
        return "*"
    return " ".join(shlex.quote(f"{path.name}[n=-1]") for path in sorted(case.source.iterdir()))


def _vipsthumbnail(case: Case, shape: Shape, folder: str) -> str:
    case.tools.path_of("vipsthumbnail")
    if case.workload.soften:
        raise NoPeer("vipsthumbnail has no blur")
    if case.workload.marks:
        raise NoPeer("vipsthumbnail lays nothing over")
    if case.workload.format == "tiff":
        raise NoPeer("vipsthumbnail makes 8 bits of 16")
    quality = "" if case.workload.lossless else f"[Q={QUALITY}]"
    if shape.cover:
        size = f"{shape.width}x{shape.height} --smartcrop centre"
    else:
        size = f"'{shape.width}x{shape.height or ''}>'"
    return f"vipsthumbnail --size {size} -o {folder}/%s{case.workload.suffix}{quality}"


def vips(case: Case) -> Command:
    """``vips resize``, which keeps 16 bits, by a scale: the scans have one size."""
    if case.workload.format != "tiff":
        raise NoPeer("vipsthumbnail stands for it")
    case.tools.path_of("vips")

    def line(shape: Shape, folder: str) -> str:
        scale = shape.width / max(SCAN)
        return _loop(case, f'vips resize "$f[access=sequential]" {folder}/"$f" {scale}', "VIPS_CONCURRENCY=1")

    return case.shell(line)


def gifsicle(case: Case) -> Command:
    """Its way of resizing that is nearest to Lanczos, which also mixes colors; the palette has 256 again."""
    if case.workload.format != "gif":
        raise NoPeer("gifsicle has GIF only")
    case.tools.path_of("gifsicle")

    def line(shape: Shape, folder: str) -> str:
        words = f"--resize-fit {shape.width}x{shape.height} --resize-method lanczos3 --resize-colors 256"
        return _loop(case, f'gifsicle {words} "$f" -o {folder}/"$f"')

    return case.shell(line)


def sharp_cli(case: Case) -> Command:
    """The command of sharp."""
    load = case.workload
    if load.marks or load.format == "tiff":
        raise NoPeer("sharp-cli writes no texts" if load.marks else "sharp-cli makes 8 bits of 16")
    program = shlex.join(case.tools.sharp_cli())
    options = f"-f {load.format} " + ("" if load.lossless else f"-q {QUALITY} ")
    options += "--animated" if load.format == "gif" else "--autoOrient"
    soften = " -- blur 2 -- sharpen 1" if load.soften else ""

    def line(shape: Shape, folder: str) -> str:
        fit = "cover" if shape.cover else "inside --withoutEnlargement"
        size = f"{shape.width} {shape.height or 10 * shape.width}"
        return f"{program} -i * -o {folder} {options} resize {size} --fit {fit}{soften} >/dev/null"

    return case.shell(line)


def path_with(path: Path) -> str:
    """`path` as imgbatch takes it within a flag's value: quoted where it holds a comma."""
    return f'"{path}"' if "," in str(path) else str(path)
