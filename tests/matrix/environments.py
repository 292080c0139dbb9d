"""Environments: which ones must imgbatch work in, and how is one made? By uv, from pyproject.toml's own bounds."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
#: What runs the tests; these may be of any version.
TOOLS = ("pytest", "pytest-xdist", "hypothesis")
#: The extras of users, and those that only tests need.
EXTRAS = tuple(
    name
    for name in tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    if name != "test"
)
#: Where interpreters lie that are on no PATH.
_ELSEWHERE = ("~/.pyenv/versions/*/bin", "~/.local/share/uv/python/*/bin", "/opt/python*/bin", "/opt/python*/usr/bin")


@dataclass(frozen=True)
class Environment:
    """A Python, and what is installed into it.

    Parameters
    ----------
    name : str
    python : str
        ``major.minor``.
    resolution : str
        uv's: ``highest``, or ``lowest-direct``: the lower bounds of pyproject.toml.
    pins : tuple of str
        Requirements on top of those of pyproject.toml.
    extras : tuple of str
    """

    name: str
    python: str
    resolution: str = "highest"
    pins: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()


ENVIRONMENTS = (
    Environment("lowest of all", "3.11", "lowest-direct", extras=EXTRAS),
    Environment("lowest", "3.11", "lowest-direct"),
    Environment("numpy 1.26", "3.12", pins=("pillow==12.0.*", "numpy==1.26.*")),
    Environment("numpy 2.0", "3.12", pins=("pillow==12.0.*", "numpy==2.0.*")),
    Environment("newest", "3.11"),
    Environment("newest", "3.12"),
    Environment("newest", "3.13"),
    Environment("newest of all", "3.13", extras=EXTRAS),
    Environment("newest", "3.14"),
    Environment("newest of all", "3.14", extras=tuple(name for name in EXTRAS if name != "turn")),  # has no wheel yet
)


def version_of(python: str) -> tuple[int, ...] | None:
    """The full version of an interpreter; None where it does not start."""
    try:
        said = subprocess.run([python, "-c", "import platform; print(platform.python_version())"], capture_output=True)
    except OSError:
        return None
    numbers = re.match(rb"(\d+)\.(\d+)\.(\d+)\s*$", said.stdout)  # no beta
    return tuple(map(int, numbers.groups())) if numbers else None


def interpreters(more: Iterable[str]) -> dict[tuple[int, ...], str]:
    """The interpreters of this machine and `more`, by version."""
    folders = os.environ.get("PATH", "").split(os.pathsep)
    found = [path for folder in folders for path in Path(folder or ".").glob("python3.*[0-9]")]
    for pattern in map(os.path.expanduser, _ELSEWHERE):
        found += [path for path in Path("/").glob(pattern[1:] + "/python3.*") if re.search(r"3\.\d+$", path.name)]
    versions = {version_of(path): path for path in dict.fromkeys(map(str, [*found, *more]))}
    return {version: path for version, path in versions.items() if version is not None}


def choose(environment: Environment, there: dict[tuple[int, ...], str]) -> str | None:
    """The interpreter for an environment: the oldest of its minor version for the lowest, else the newest."""
    minor = tuple(map(int, environment.python.split(".")))
    fitting = sorted(version for version in there if version[:2] == minor)
    if not fitting:
        return None
    return there[fitting[0] if environment.resolution != "highest" else fitting[-1]]


def make(environment: Environment, python: str, folder: Path) -> tuple[Path, str]:
    """A virtual environment in `folder`; its interpreter, and the versions in it for a table.

    Raises
    ------
    subprocess.CalledProcessError
        Something cannot be installed; `stderr` says what.
    """
    uv = shutil.which("uv")
    if uv is None:
        raise FileNotFoundError("expected uv for the environments, and it is missing: pip install uv")

    def call(*words: str | Path) -> str:
        return subprocess.run([uv, *words], check=True, capture_output=True, encoding="utf-8", cwd=ROOT).stdout

    call("venv", "-q", "-p", python, folder)
    into = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    extras = [word for extra in environment.extras for word in ("--extra", extra)]
    wheels = ("--only-binary", ":all:")
    call("pip", "install", "-q", "-p", into, "--resolution", environment.resolution, *wheels, "-r", "pyproject.toml",
         *extras, *environment.pins)  # fmt: skip
    versions = dict(line.split("==") for line in call("pip", "freeze", "-p", into).splitlines() if "==" in line)
    call("pip", "install", "-q", "-p", into, *TOOLS)
    names = ("pillow", "numpy", "tqdm")
    return into, " ".join(versions[name] for name in names)
