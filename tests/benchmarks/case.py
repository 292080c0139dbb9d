"""Case: a workload with its folders and tools; what is each contender's command made from?

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

from tests.benchmarks.marks import Marks
from tests.benchmarks.workloads import Shape, Workload

ENGINES = Path(__file__).parent / "engines"
Command = list[str]


class NoPeer(Exception):
    """Why a contender does not run this workload."""


@dataclass(frozen=True)
class Tools:
    """Where the contenders live, apart from PATH.

    `python` is an interpreter with pyvips and cv2, `node_modules` a folder, `fast` an interpreter with imgbatch[fast].
    """

    python: str = sys.executable
    node_modules: Path | None = None
    fast: str | None = None

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
    def marks(self) -> Marks:
        return Marks(self.work / "marks")

    @property
    def spec(self) -> str:
        return self.workload.spec(self.cores, self.marks.spec() if self.workload.marks else None)

    def shell(self, line: Callable[[Shape, str], str]) -> Command:
        """A shell that does `line` for every shape; the shape's folder is there, and quoted."""
        lines = []
        for shape in self.workload.shapes:
            folder = shlex.quote(str(self.target / shape.folder))
            lines += [f"mkdir -p {folder}", line(shape, folder)]
        return ["sh", "-ec", "\n".join(lines)]

    def each(self, words: str, files: int | None = None) -> str:
        """A line of a shell: `words` over all files, on every processor at once, so many files a process."""
        return f"printf '%s\\0' * | xargs -0 -P{self.cores} -n{files or self.batch} {words}"

    @property
    def batch(self) -> int:
        """How many files a process of xargs gets, so that every processor has several turns."""
        return max(1, min(200, sum(1 for _ in self.source.iterdir()) // (4 * self.cores)))
