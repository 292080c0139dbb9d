"""Who is measured beside imgbatch? One function per contender: its command for a workload, or why there is none.

A command is a list of words, run in the folder of the sources, into an empty folder. What a contender cannot do, and
what is not installed, is said by :class:`NoPeer`.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.data import REPO
from tests.benchmarks.workloads import QUALITY, Shape, Workload

ENGINES = Path(__file__).parent / "engines"
Command = list[str]


class NoPeer(Exception):
    """Why a contender does not run this workload."""


@dataclass(frozen=True)
class Tools:
    """Where the peers live, apart from PATH: an interpreter with pyvips and cv2, a folder node_modules."""

    python: str = sys.executable
    node_modules: Path | None = None

    def path_of(self, name: str) -> str:
        path = shutil.which(name)
        if path is None:
            raise NoPeer(f"{name} is not on PATH")
        return path

    def python_with(self, module: str) -> str:
        if subprocess.run([self.python, "-c", f"import {module}"], capture_output=True).returncode:
            raise NoPeer(f"{self.python} has no module {module}; see --python")
        return self.python

    def environment(self) -> dict[str, str]:
        """The surroundings of every command; NODE_PATH leads to sharp.

        PYTHONPATH must not lead here: imgbatch would be compiled at every start where nothing may write next to it.
        """
        more = {} if self.node_modules is None else {"NODE_PATH": str(self.node_modules)}
        return {**{name: word for name, word in os.environ.items() if name != "PYTHONPATH"}, **more}

    def sharp_cli(self) -> list[str]:
        for folder in (str(self.node_modules or ""), *os.environ.get("NODE_PATH", "").split(os.pathsep)):
            script = Path(folder) / "sharp-cli" / "bin" / "cli.js"
            if folder and script.is_file():
                return [self.path_of("node"), str(script)]
        raise NoPeer("sharp-cli is not in --node-modules or NODE_PATH")


@dataclass(frozen=True)
class Case:
    """One workload, where its files are and go, and with how many processes."""

    workload: Workload
    source: Path
    target: Path
    work: Path
    cores: int
    tools: Tools

    @property
    def spec(self) -> str:
        return self.workload.spec(self.cores)

    def shell(self, line: Callable[[Shape, str], str]) -> Command:
        """A shell that does `line` for every shape; the shape's folder is there, and quoted."""
        lines = []
        for shape in self.workload.shapes:
            folder = shlex.quote(str(self.target / shape.folder))
            lines += [f"mkdir -p {folder}", line(shape, folder)]
        return ["sh", "-ec", "\n".join(lines)]

    @property
    def batch(self) -> int:
        """How many files a process of xargs gets, so that every processor has several turns."""
        return max(1, min(200, sum(1 for _ in self.source.iterdir()) // (4 * self.cores)))


def imgbatch(case: Case) -> Command:
    load, shapes = case.workload, case.workload.shapes
    words = [sys.executable, "-m", "imgbatch", "run", ".", "-o", str(case.target), "-Q"]
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
    return [*words, "-f", load.format, *([] if load.format == "png" else ["-q", str(QUALITY)])]


def mogrify(case: Case) -> Command:
    case.tools.path_of("mogrify")
    return case.shell(lambda shape, folder: f"mogrify -path {folder} {_magick(case, shape, '4:2:0')} *")


def gm(case: Case) -> Command:
    case.tools.path_of("gm")

    def line(shape: Shape, folder: str) -> str:
        height = shape.height or shape.width
        hint = f"-size {shape.width}x{height} "  # a JPEG is decoded at the smallest scale that will do
        words = f"gm mogrify {hint}-output-directory {folder} {_magick(case, shape, '2x2')}"
        return f"printf '%s\\0' * | xargs -0 -P{case.cores} -n{case.batch} env OMP_NUM_THREADS=1 {words}"

    return case.shell(line)


def _magick(case: Case, shape: Shape, sampling: str) -> str:
    words = "-auto-orient "
    if shape.cover:
        box = f"{shape.width}x{shape.height}"
        words += f"-resize {box}^ -gravity center -extent {box}"
    else:
        words += f"-resize '{shape.width}x{shape.height or 10 * shape.width}>'"
    if case.workload.soften:
        words += " -blur 0x2 -unsharp 0x1+1+0"
    if case.workload.format != "png":
        words += f" -quality {QUALITY}"
    return words + {"jpeg": f" -sampling-factor {sampling}", "webp": " -format webp"}.get(case.workload.format, "")


def vipsthumbnail(case: Case) -> Command:
    return case.shell(lambda shape, folder: f"{_vipsthumbnail(case, shape, folder)} *")


def vipsthumbnail_xargs(case: Case) -> Command:
    def line(shape: Shape, folder: str) -> str:
        words = _vipsthumbnail(case, shape, folder)
        return f"printf '%s\\0' * | xargs -0 -P{case.cores} -n{case.batch} env VIPS_CONCURRENCY=1 {words}"

    return case.shell(line)


def _vipsthumbnail(case: Case, shape: Shape, folder: str) -> str:
    case.tools.path_of("vipsthumbnail")
    if case.workload.soften:
        raise NoPeer("vipsthumbnail has no blur")
    quality = "" if case.workload.format == "png" else f"[Q={QUALITY}]"
    if shape.cover:
        size = f"{shape.width}x{shape.height} --smartcrop centre"
    else:
        size = f"'{shape.width}x{shape.height or ''}>'"
    return f"vipsthumbnail --size {size} -o {folder}/%s{case.workload.suffix}{quality}"


def sharp(case: Case) -> Command:
    return _sharp(case, "separate")


def sharp_cascade(case: Case) -> Command:
    if len(case.workload.shapes) < 2:
        raise NoPeer("a cascade needs several sizes")
    return _sharp(case, "cascade")


def _sharp(case: Case, way: str) -> Command:
    node = case.tools.path_of("node")
    if subprocess.run([node, "-e", 'require("sharp")'], env=case.tools.environment(), capture_output=True).returncode:
        raise NoPeer("node has no module sharp; see --node-modules")
    return [node, str(ENGINES / "with_sharp.cjs"), way, case.spec, str(case.source), str(case.target)]


def sharp_cli(case: Case) -> Command:
    program = shlex.join(case.tools.sharp_cli())
    format = case.workload.format
    options = f"-f {format} " + ("" if format == "png" else f"-q {QUALITY} ") + "--autoOrient"
    soften = " -- blur 2 -- sharpen 1" if case.workload.soften else ""

    def line(shape: Shape, folder: str) -> str:
        fit = "cover" if shape.cover else "inside --withoutEnlargement"
        size = f"{shape.width} {shape.height or 10 * shape.width}"
        return f"{program} -i * -o {folder} {options} resize {size} --fit {fit}{soften} >/dev/null"

    return case.shell(line)


def pyvips_pool(case: Case) -> Command:
    python = case.tools.python_with("pyvips")
    return [python, str(ENGINES / "with_pyvips.py"), case.spec, str(case.source), str(case.target)]


def opencv_pool(case: Case) -> Command:
    python = case.tools.python_with("cv2")
    return [python, str(ENGINES / "with_opencv.py"), case.spec, str(case.source), str(case.target)]


def pillow(way: str) -> Callable[[Case], Command]:
    script = str(ENGINES / "with_pillow.py")
    return lambda case: [sys.executable, script, way, case.spec, str(case.source), str(case.target)]


FLOOR = "Pillow floor"  # its seconds are what it prints
#: The contenders, in the order of the tables; imgbatch is the first.
CONTENDERS: dict[str, Callable[[Case], Command]] = {
    "imgbatch": imgbatch,
    FLOOR: pillow("floor"),
    "OpenCV Pool": opencv_pool,
    "sharp": sharp,
    "sharp, cascade": sharp_cascade,
    "sharp-cli": sharp_cli,
    "vipsthumbnail": vipsthumbnail,
    "vipsthumbnail, xargs": vipsthumbnail_xargs,
    "pyvips Pool": pyvips_pool,
    "Pillow Pool": pillow("pool"),
    "Pillow loop": pillow("loop"),
    "gm, xargs": gm,
    "mogrify": mogrify,
}


def commands(case: Case) -> dict[str, Command | NoPeer]:
    """Every contender's command for a case, or why it has none."""
    makers = CONTENDERS
    if case.workload.key == "W7":
        from tests.benchmarks import loading

        words = ["env", f"PYTHONPATH={REPO}", sys.executable, "-m", "tests.benchmarks.loading"]
        words += ["--folder", str(case.source), "--size", "224"]
        return {name: [*words, "--workers", str(case.cores), "--only", name] for name in loading.CONTENDERS}
    found: dict[str, Command | NoPeer] = {}
    for name, make in makers.items():
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
        "mogrify": ["mogrify", "-version"],
        "gm": ["gm", "version"],
        "vipsthumbnail": ["vips", "--version"],
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
