"""Steps: what do the tests of runs in object stores do over and over? Fill a bucket, start the command, look again."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.cli.conftest import COMMAND, environment

SAMPLES = Path(__file__).parents[2] / "sample_images"
Result = subprocess.CompletedProcess[str]


def command(place: Path, *words: str, **variables: str) -> Result:
    """Run the command in a folder of its own, whose state home it has, too."""
    return subprocess.run(
        [*COMMAND, *words], cwd=place, env=_environment(place, variables), capture_output=True, encoding="utf-8",
        timeout=300, stdin=subprocess.DEVNULL,
    )  # fmt: skip


def start(place: Path, *words: str, **variables: str) -> subprocess.Popen[str]:
    """As :func:`command`, without waiting; it is the first of a process group."""
    return subprocess.Popen(
        [*COMMAND, *words], cwd=place, env=_environment(place, variables), stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, encoding="utf-8", stdin=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip


def _environment(place: Path, variables: dict[str, str]) -> dict[str, str]:
    more = {"XDG_STATE_HOME": str(place / "state home"), "IMGBATCH_WORKERS": "2", **variables}
    return environment(**{"HOME": os.environ.get("HOME", "/"), **more})


def fill(client: Any, bucket: str, folder: Path, prefix: str) -> dict[str, bytes]:
    """Put the files of a folder into a bucket; what was put, by key."""
    contents = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            key = f"{prefix}/{path.relative_to(folder).as_posix()}"
            contents[key] = path.read_bytes()
            client.put_object(Bucket=bucket, Key=key, Body=contents[key])
    return contents


def names(client: Any, bucket: str, prefix: str) -> set[str]:
    """The objects below a prefix, by what follows it."""
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=f"{prefix}/")
    return {one["Key"].removeprefix(f"{prefix}/") for page in pages for one in page.get("Contents", ())}


def objects(client: Any, bucket: str, prefix: str) -> dict[str, bytes]:
    """What the objects below a prefix hold, by what follows it."""
    contents = {}
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix and f"{prefix}/"):
        for one in page.get("Contents", ()):
            body = client.get_object(Bucket=bucket, Key=one["Key"])["Body"].read()
            contents[one["Key"].removeprefix(f"{prefix}/")] = body
    return contents


def start_without(place: Path, package: str, *words: str, **variables: str) -> Result:
    """As :func:`command`, where a package is not installed."""
    code = (
        f"import sys; sys.modules[{package!r}] = None; from imgbatch.__main__ import main; sys.exit(main({[*words]!r}))"
    )
    return subprocess.run(
        [sys.executable, "-c", code], cwd=place, env=_environment(place, variables), capture_output=True,
        encoding="utf-8", timeout=300, stdin=subprocess.DEVNULL,
    )  # fmt: skip
