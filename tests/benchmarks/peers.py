"""Peers: who is measured beside imgbatch, and by which command? One table for each kind of task.

The shell's programs are in programs.py, what one would write with a library is in engines/.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable

from tests.benchmarks import marks
from tests.benchmarks.case import ENGINES, Case, Command, NoPeer, Tools
from tests.benchmarks.programs import (
    gifsicle,
    gm,
    mogrify,
    path_with,
    sharp_cli,
    vips,
    vipsthumbnail,
    vipsthumbnail_xargs,
)
from tests.benchmarks.workloads import QUALITY

Maker = Callable[[Case], Command]


def imgbatch(case: Case, python: str = sys.executable) -> Command:
    """The command of an interpreter's imgbatch."""
    load, shapes = case.workload, case.workload.shapes
    if load.task == "load":
        return _loading("imgbatch")(case, python)
    if load.task == "stats":
        return [python, "-m", "imgbatch", "stats", ".", "--json", "-Q"]
    words = [python, "-m", "imgbatch", "run", ".", "-o", str(case.target), "-Q"]
    if len(shapes) > 1:
        recipe = case.work / f"{load.key}.toml"
        recipe.write_text("".join(
            f'[[output]]\ndir = "{shape.folder}"\nformat = "{load.format}"\nquality = {QUALITY}\n'
            f'[[output.op]]\nname = "resize"\nsize = "{shape.width}x"\n\n' for shape in shapes
        ))  # fmt: skip
        return [*words, "-r", str(recipe)]
    (shape,) = shapes
    size = f"{shape.width}x{shape.height},fit=cover" if shape.cover else str(shape.width)
    words += ["--resize", size, *(["--blur", "2", "--unsharp=1"] if load.soften else [])]
    words += _marks(case) if load.marks else []
    return [*words, "-f", load.format, *([] if load.lossless else ["-q", str(QUALITY)])]


def _marks(case: Case) -> list[str]:
    mark = f"{path_with(case.marks.image)},size={marks.SIZE[0]},margin={marks.MARGIN}"
    text = f"size={marks.LETTERS},margin={marks.MARGIN},font={path_with(case.marks.font)}"
    return [
        "--watermark", f"{mark},gravity=northwest",
        "--watermark", f"{mark},gravity=southeast,opacity={marks.FADED}",
        "--text", f'"{{stem}}",{text},gravity=southwest,outline=black,outline_width={marks.OUTLINE}',
        "--text", f'"{marks.LINE}",{text},gravity=northeast',
    ]  # fmt: skip


def imgbatch_fast(case: Case) -> Command:
    """The same of the interpreter where the extra is installed."""
    if case.tools.fast is None:
        raise NoPeer("there is no --fast PYTHON")
    return imgbatch(case, case.tools.fast)


def sharp(case: Case) -> Command:
    """sharp as one would write it, in JavaScript."""
    return _sharp(case, "separate")


def sharp_cascade(case: Case) -> Command:
    """One decode for all sizes."""
    if len(case.workload.shapes) < 2:
        raise NoPeer("a cascade needs several sizes")
    return _sharp(case, "cascade")


def _sharp(case: Case, way: str) -> Command:
    node = case.tools.path_of("node")
    if subprocess.run([node, "-e", 'require("sharp")'], env=case.tools.environment(), capture_output=True).returncode:
        raise NoPeer("node has no module sharp; see --node-modules")
    threads = f"UV_THREADPOOL_SIZE={max(4, case.cores)}"
    return ["env", threads, node, str(ENGINES / "with_sharp.cjs"), way, case.spec, str(case.source), str(case.target)]


def pyvips_pool(case: Case) -> Command:
    """libvips in processes of Python."""
    python = case.tools.python_with("pyvips")
    return [python, str(ENGINES / "with_pyvips.py"), case.spec, str(case.source), str(case.target)]


def opencv_pool(case: Case) -> Command:
    """OpenCV in processes of Python."""
    python = case.tools.python_with("cv2")
    return [python, str(ENGINES / "with_opencv.py"), case.spec, str(case.source), str(case.target)]


def pillow(way: str) -> Maker:
    """Pillow by hand: "pool", "loop" or "floor"."""

    def make(case: Case) -> Command:
        if case.workload.format == "tiff":
            raise NoPeer("Pillow makes 8 bits of 16 bits of color")
        if way == "floor" and case.workload.format == "gif":
            raise NoPeer("nothing can be left out of an animation")
        return [sys.executable, str(ENGINES / "with_pillow.py"), way, case.spec, str(case.source), str(case.target)]

    return make


def _loading(way: str) -> Callable[..., Command]:
    """A folder as one array of 224x224 px."""

    def make(case: Case, python: str = sys.executable) -> Command:
        return [python, str(ENGINES / "as_array.py"), way, str(case.source), "224", str(case.cores)]

    return make


def statistics_of(way: str) -> Maker:
    """Figures of all pixels, by numpy, Pillow or OpenCV."""

    def make(case: Case) -> Command:
        python = case.tools.python_with("cv2") if way == "opencv" else sys.executable
        return [python, str(ENGINES / "with_numpy.py"), way, str(case.source), str(case.cores)]

    return make


FLOOR = "Pillow floor"  # its seconds are what it prints
#: The contenders, in the order of the tables; imgbatch is the first. What follows a comma is another way of the same.
CONTENDERS: dict[str, Maker] = {
    "imgbatch": imgbatch,
    "imgbatch [fast]": imgbatch_fast,
    FLOOR: pillow("floor"),
    "OpenCV Pool": opencv_pool,
    "sharp": sharp,
    "sharp, cascade": sharp_cascade,
    "sharp-cli": sharp_cli,
    "vipsthumbnail": vipsthumbnail,
    "vipsthumbnail, xargs": vipsthumbnail_xargs,
    "vips, xargs": vips,
    "pyvips Pool": pyvips_pool,
    "Pillow Pool": pillow("pool"),
    "Pillow loop": pillow("loop"),
    "gifsicle, xargs": gifsicle,
    "gm, xargs": gm,
    "mogrify, xargs": mogrify,
}
LOADERS: dict[str, Maker] = {
    "imgbatch": imgbatch,
    "imgbatch [fast]": imgbatch_fast,
    "Pillow Pool": _loading("pool"),
    "Pillow Pool, draft": _loading("pool-draft"),
    "Pillow loop": _loading("loop"),
    "Pillow loop, draft": _loading("loop-draft"),
}
STATISTICIANS: dict[str, Maker] = {
    "imgbatch": imgbatch,
    "imgbatch [fast]": imgbatch_fast,
    "numpy Pool": statistics_of("numpy"),
    "Pillow Pool": statistics_of("pillow"),
    "OpenCV Pool": statistics_of("opencv"),
}


def commands(case: Case) -> dict[str, Command | NoPeer]:
    """Every contender's command for a case, or why it has none."""
    found: dict[str, Command | NoPeer] = {}
    for name, make in {"load": LOADERS, "stats": STATISTICIANS}.get(case.workload.task, CONTENDERS).items():
        try:
            found[name] = make(case)
        except NoPeer as why:
            found[name] = why
    if case.workload.key == "W9":
        found["imgbatch --help"] = [sys.executable, "-m", "imgbatch", "--help"]
        found["bare Python"] = [sys.executable, "-c", "pass"]
        found.pop(FLOOR)
    return found


def versions(tools: Tools) -> list[str]:
    """A line for each program that is there, as it tells its version."""
    asked = {
        "imgbatch": [sys.executable, "-m", "imgbatch", "--version"],
        "imgbatch [fast]": [tools.fast or "", "-c", "from importlib.metadata import version as v; print('[fast]: "
                            "imgbatch', v('imgbatch'), 'cykooz-resizer', v('cykooz-resizer'), 'pyspng', v('pyspng'))"],
        "mogrify": ["mogrify", "-version"],
        "gm": ["gm", "version"],
        "vipsthumbnail": ["vips", "--version"],
        "gifsicle": ["gifsicle", "--version"],
        "node": ["node", "-e", 'console.log("node", process.version, "sharp", require("sharp").versions.sharp,'
                 ' "libvips", require("sharp").versions.vips)'],
        "pyvips": [tools.python, "-c", "import pyvips as v; print('pyvips', v.__version__, 'libvips', "
                   "'.'.join(str(v.version(i)) for i in range(3)))"],
        "OpenCV": [tools.python, "-c", "import cv2; print('OpenCV', cv2.__version__)"],
    }  # fmt: skip
    said = []
    for name, command in asked.items():
        if shutil.which(command[0]) is None:
            continue
        answer = subprocess.run(command, env=tools.environment(), capture_output=True, text=True)
        lines = answer.stdout.splitlines()
        said.append(lines[0] if lines and not answer.returncode else f"{name}: not there")
    return said
