"""Does exiftool see anything in the public files that is neither in what was made of them nor in the record's changes?

All files of shared/images in all ways; ``--way`` and ``--like`` choose. Findings are counted by format, way and group.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from tests.cli.conftest import COMMAND, environment
from tests.exiftool_judge import WAYS, Finding, Tag, findings, tags_of
from tests.faults.soak.tally import Tally
from tests.other_readers import EXIFTOOL

IMAGES = Path(__file__).parents[3].parent / "shared" / "images"
LOST = "seen in the source, neither in the output nor named"


def mirror(files: Iterable[Path], root: Path, place: Path) -> Path:
    """A folder of links to some of the files below `root`, each where it was.

    Parameters
    ----------
    files : iterable of Path
    root : Path
        The folder that they are below.
    place : Path
        An empty folder.
    """
    for file in files:
        link = place / file.relative_to(root)
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(file)
    return place


def walk(folder: Path, ways: Sequence[str], place: Path) -> tuple[int, list[Finding]]:
    """How many outputs were made of the files in a folder, and what exiftool found.

    Parameters
    ----------
    folder : Path
    ways : sequence of str
        Names of WAYS.
    place : Path
        An empty folder, for the outputs.
    """
    records = {way: _records(folder, WAYS[way], place / way) for way in ways}
    sources = tags_of([folder])
    outputs = tags_of([place / way for way in ways])
    count, result = 0, []
    for way, lines in records.items():
        for line in lines:
            source = sources.get(str(folder / line["source"]))
            output = outputs.get(str(place / way / line["outputs"][0]["path"]))
            if source is not None and output is not None and not _is_unknown(source):
                count += 1
                result += findings(way, line["source"], source, output, [*line["changes"], *line["warnings"]])
    return count, result


def _records(folder: Path, words: Sequence[str], out: Path) -> list[dict[str, Any]]:
    """The records of a run that have an output; what cannot be read is for other tests."""
    command = [*COMMAND, "run", str(folder), "-o", str(out), "--name", "{dir}/{name}.{ext}", "--json", "--no-progress"]
    run = subprocess.run([*command, *words], env=environment(IMGBATCH_WORKERS="2"), capture_output=True, check=False)
    assert run.returncode in (0, 1), run.stderr
    lines = [json.loads(line) for line in run.stdout.splitlines()]
    return [line for line in lines if line["event"] == "file" and line["outputs"]]


def _is_unknown(tags: Sequence[Tag]) -> bool:
    """Whether exiftool does not know the format."""
    return not any(tag.place == "File:FileType" for tag in tags)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--way", action="append", choices=WAYS, help="only this one (repeatable)")
    parser.add_argument("--like", default="**/*", metavar="GLOB", help="only these files (default **/*)")
    parser.add_argument("--folder", type=Path, default=IMAGES, help="where the files are")
    words = parser.parse_args()
    if EXIFTOOL is None or not words.folder.is_dir():
        print(f"skipped: {'exiftool is not installed' if EXIFTOOL is None else f'there is no {words.folder}'}")
        return 0
    tally = Tally("exiftool's walk", LOST)
    with tempfile.TemporaryDirectory() as name:
        (Path(name) / "in").mkdir()
        files = [file for file in words.folder.glob(words.like) if file.is_file()]
        folder = mirror(files, words.folder, Path(name) / "in")
        tally.counts["outputs"], seen = walk(folder, words.way or list(WAYS), Path(name) / "out")
    groups = Counter((one.format, one.way, one.tag.group) for one in seen)
    for (format, way, group), number in sorted(groups.items()):
        first = next(one for one in seen if (one.format, one.way, one.tag.group) == (format, way, group))
        where = f"{format} {way} {group} ({number})"
        tally.breach(LOST, where, f"{first.source}: {first.tag.name}={first.tag.value[:30]!r} {list(first.changes)}")
    tally.counts["tags that are lost"] = len(seen)
    return tally.show()


if __name__ == "__main__":
    sys.exit(main())
