"""Wheels: for which systems is there a ready file of each package, so that nobody needs a compiler?

The index is asked for each package and system with what pip would take; nothing is installed.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import tomllib

from tests.matrix.environments import ROOT

#: By what people call a system, the tags of wheels that work there, the newest first.
PLATFORMS = {
    "Linux x86-64": [f"manylinux_2_{minor}_x86_64" for minor in range(28, 16, -1)] + ["manylinux2014_x86_64"],
    "Linux aarch64": [f"manylinux_2_{minor}_aarch64" for minor in range(28, 16, -1)] + ["manylinux2014_aarch64"],
    "musl x86-64": ["musllinux_1_2_x86_64", "musllinux_1_1_x86_64"],
    "musl aarch64": ["musllinux_1_2_aarch64", "musllinux_1_1_aarch64"],
    "macOS arm64": ["macosx_14_0_arm64"],
    "macOS x86-64": ["macosx_14_0_x86_64"],
    "Windows": ["win_amd64"],
}

def packages() -> dict[str, list[str]]:
    """Per extra (and ``""`` for what is always needed) the requirements of users, without their markers."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = {name: words for name, words in project["optional-dependencies"].items() if name != "test"}
    table = {"": project["dependencies"], **extras}
    return {extra: [word.partition(";")[0].strip() for word in words] for extra, words in table.items()}


def newest_wheel(requirement: str, python: str, platform: str) -> str | None:
    """The version of the newest wheel of a package for a Python (``3.13``) on a system; None where there is none."""
    tags = [word for tag in PLATFORMS[platform] for word in ("--platform", tag)]
    command = [sys.executable, "-m", "pip", "install", "-q", "--dry-run", "--report", "-", "--no-deps"]
    kind = ["--only-binary", ":all:", "--ignore-installed", "--python-version", python, *tags]
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run([*command, *kind, "--target", folder, requirement], capture_output=True, encoding="utf-8")
    if done.returncode:
        if "No matching distribution" in done.stderr:
            return None
        raise RuntimeError(done.stderr.strip())
    return str(json.loads(done.stdout)["install"][0]["metadata"]["version"])


def table(python: str) -> list[list[str]]:
    """The lines of a table: a package in each, what is always needed first, and the version for each system."""
    lines = [["package", "extra", *PLATFORMS]]
    for extra, requirements in packages().items():
        for requirement in requirements:
            versions = (newest_wheel(requirement, python, platform) or "-" for platform in PLATFORMS)
            lines.append([requirement, extra, *versions])
    return lines
