"""The public test images through whole runs: each ends as its list says, and what was made is whole.

The images are beside the project, not part of it; without them these tests are skipped.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageSequence

import imgbatch as ib
from imgbatch.codecs.reading import optional_readers
from tests.other_readers import needs_imagemagick

CORPUS = Path(__file__).parents[2].parent / "shared" / "images"
LIST = CORPUS / "expected.jsonl"
READ_BY_PLUGINS = {
    suffix
    for name, extra in optional_readers.EXTRAS.items()
    if optional_readers.is_installed(name)
    for suffix in extra.suffixes
}

pytestmark = pytest.mark.skipif(not LIST.exists(), reason="the public test images are not beside the project")


def expectations() -> dict[str, str]:
    """How each file may end, by its path: ok, error, too-large."""
    records: list[dict[str, Any]] = [json.loads(line) for line in LIST.read_text(encoding="utf-8").splitlines()]
    may = {record["file"]: record["expect"] for record in records}
    return {file: "ok" if Path(file).suffix in READ_BY_PLUGINS else wish for file, wish in may.items()}


def result_of(outcome: ib.Outcome) -> str:
    if outcome.error is None:
        return "ok"
    return "too-large" if outcome.error.kind == "too_large" else "error"


@pytest.mark.parametrize("format", ["same", "webp"])
def test_every_file_ends_as_its_list_says(tmp_path: Path, format: Any) -> None:
    output = ib.Output(format=format, name="{dir}/{name}.{ext}", effort=0)
    report = ib.run([CORPUS], tmp_path, ib.Recipe(ops=[ib.Resize("200"), ib.Flop()], outputs=[output]), workers=2)
    may = expectations()
    for outcome in report.outcomes:
        wish, got = may.pop(outcome.source.relative), result_of(outcome)
        if "multipage" in outcome.source.relative and format == "webp":
            wish = "error"  # its pages differ in size, which no animation can
        allowed = ("ok", "error", "too-large") if wish == "ok-or-error" else (*wish.split("-or-"),)
        assert got in allowed, f"{outcome.source.relative}: {got}, expected {wish}: {outcome.error}"
        assert outcome.ok == bool(outcome.outputs), "a picture or a failure, never both"
        if outcome.error is not None:
            assert outcome.error.message and "\n" not in outcome.error.message
    assert all(not wish.startswith("ok") for wish in may.values()), f"not found: {may}"
    written = {Path(made.path) for outcome in report.outcomes for made in outcome.outputs}
    found = {path for path in tmp_path.rglob("*") if path.is_file() and ".imgbatch" not in path.parts}
    assert found == written, "nothing half-written, nothing left behind"
    for path in written:
        with Image.open(path) as image:
            frames = sum(bool(frame.tobytes()) for frame in ImageSequence.Iterator(image))
            assert frames == getattr(image, "n_frames", 1)


@needs_imagemagick
def test_another_reader_finds_nothing_wrong_with_what_was_made(tmp_path: Path) -> None:
    ops = [ib.Resize("64"), ib.Flop()]
    good = sorted(path for path in (CORPUS / "good").iterdir() if path.is_dir() and path.name != "metadata")
    for format in ("jpeg", "png", "webp", "tiff", "gif", "bmp"):
        # without what came with the sources: profiles and tags that it warns of there, too
        output = ib.Output(format=format, frames="first", name="{dir}/{name}.{ext}", effort=0, icc="none", strip="all")
        report = ib.run(good, tmp_path / format, ib.Recipe(ops=ops, outputs=[output]), workers=2)
        written = [str(made.path) for outcome in report.outcomes for made in outcome.outputs]
        assert len(written) == len(report.outcomes)
        done = subprocess.run(["identify", "-regard-warnings", *written], capture_output=True, text=True, check=False)
        assert done.returncode == 0 and not done.stderr, done.stderr
