"""Features: what do imgbatch and other batch tools do with a bad file, a taken name, a second run?

``python -m tests.benchmarks.features [--sharp PROGRAM] [--img2dataset PROGRAM]`` tries it with every tool that is
installed, on copies of the samples, and prints the first rows of README's table of features. sharp is the program of
npm's sharp-cli; img2dataset gets the pictures from a web server of this process.
"""

from __future__ import annotations

import argparse
import functools
import http.server
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

SAMPLES = Path(__file__).parents[2] / "sample_images"
GOOD, OTHER, CUT = "travel/2024/coast/evening.jpg", "travel/2024/coast/morning.jpg", "broken/truncated.jpg"
FOREIGN = b"somebody else's"

#: Makes small pictures of files below the current folder in ``out``; the finished process.
Tool = Callable[[list[str]], "subprocess.CompletedProcess[str]"]


def run(*words: str) -> subprocess.CompletedProcess[str]:
    """A finished process of a command."""
    environment = {**os.environ, "PYTHONPATH": str(SAMPLES.parent)}
    return subprocess.run(words, capture_output=True, text=True, check=False, env=environment)


def imgbatch(sources: list[str]) -> subprocess.CompletedProcess[str]:
    """The folder of the sources, with its folders."""
    return run(sys.executable, "-m", "imgbatch", "run", "in", "-o", "out", "--resize", "400", "--no-progress")


def imgbatch_flat(sources: list[str]) -> subprocess.CompletedProcess[str]:
    """As the others name their results: without folders."""
    return run(sys.executable, "-m", "imgbatch", "run", "in", "-o", "out", "--resize", "400", "--flat")


def mogrify(sources: list[str]) -> subprocess.CompletedProcess[str]:
    """ImageMagick."""
    return run("mogrify", "-path", "out", "-resize", "400", *sources)


def vipsthumbnail(sources: list[str]) -> subprocess.CompletedProcess[str]:
    """libvips."""
    return run("vipsthumbnail", "-s", "400", "-o", f"{Path.cwd()}/out/%s.jpg", *sources)


def sharp(program: str, sources: list[str]) -> subprocess.CompletedProcess[str]:
    """npm's sharp-cli."""
    return run(program, "-i", *sources, "-o", "out", "resize", "400")


def img2dataset(program: str, sources: list[str]) -> subprocess.CompletedProcess[str]:
    """img2dataset, into a shard."""
    with web_server() as address:
        Path("urls.txt").write_text("".join(f"{address}/{source}\n" for source in sources))
        return run(
            program, "--url_list", "urls.txt", "--output_folder", "out", "--output_format", "webdataset",
            "--image_size", "400", "--processes_count", "1", "--thread_count", "2",
        )  # fmt: skip


@contextmanager
def web_server() -> Iterator[str]:
    """The address of a server of the current folder."""

    class Silent(http.server.SimpleHTTPRequestHandler):
        def log_message(self, format: str, *values: object) -> None:
            """Nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Silent, directory=os.getcwd()))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


@contextmanager
def pictures(**names: str) -> Iterator[list[str]]:
    """A folder with ``in`` of these samples (``__`` for a slash) and an empty ``out``, as the current one."""
    before = os.getcwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        os.mkdir("out")
        sources = []
        for name, sample in names.items():
            sources.append(f"in/{name.replace('__', '/')}.jpg")
            Path(sources[-1]).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(SAMPLES / sample, sources[-1])
        try:
            yield sources
        finally:
            os.chdir(before)


def results() -> list[str]:
    """The pictures in ``out``, also those inside a shard, as paths below it."""
    names = []
    for path in sorted(Path("out").rglob("*")):
        if path.suffix == ".tar" and path.read_bytes() != FOREIGN:
            with tarfile.open(path) as tar:
                names += [member for member in tar.getnames() if member.endswith(".jpg")]
        elif path.suffix == ".jpg":
            names.append(path.relative_to("out").as_posix())
    return names


def truncated(tool: Tool) -> str:
    """What becomes of a JPEG that ends early."""
    with pictures(cut=CUT, z=OTHER) as sources:
        done = tool(sources)
        if len(results()) == 2:
            return f"written, exit {done.returncode}"
        return "fails, named" if done.returncode else "fails, exit 0"


def others(tool: Tool) -> str:
    """Whether the files after a broken one are done."""
    with pictures(a=GOOD, cut=CUT, z=OTHER) as sources:
        tool(sources)
        return "done" if len(results()) >= 2 else "not done"


def same_name(tool: Tool) -> str:
    """What becomes of two sources with one name for their results."""
    with pictures(a=GOOD, sub__a=OTHER) as sources:
        done = tool(sources)
        count = len(results())
        return {0: "refused" if done.returncode else "none", 1: "one lost"}.get(count, "numbered")


def foreign_file(tool: Tool) -> str:
    """What becomes of a file in the way that the tool did not write."""
    with pictures(a=GOOD) as sources:
        tool(sources)
        (name,) = [path for path in Path("out").rglob("*") if path.suffix in (".jpg", ".tar")]
        shutil.rmtree("out")
        name.parent.mkdir(parents=True)
        name.write_bytes(FOREIGN)
        done = tool(sources)
        if name.read_bytes() != FOREIGN:
            return "overwritten"
        return "refused" if done.returncode else "left"


def second_run(tool: Tool) -> str:
    """What is made again when there is a new file."""
    with pictures(a=GOOD, z=OTHER) as sources:
        tool(sources)
        before = {path: path.stat().st_mtime_ns for path in Path("out").rglob("*.[jt]*") if path.suffix != ".json"}
        shutil.copy(SAMPLES / GOOD, "in/new.jpg")
        tool([*sources, "in/new.jpg"])
        again = [path for path, time in before.items() if path.stat().st_mtime_ns != time]
        if again:
            return "everything"
        return "only what changed" if len(results()) == 3 else "done shards stay"


def folders(tool: Tool) -> str:
    """Whether the folders below the source are there in the results."""
    with pictures(a=GOOD, sub__b=OTHER) as sources:
        tool(sources)
        return "yes" if any("/" in name for name in results()) else "no"


ROWS: dict[str, Callable[[Tool], str]] = {
    "truncated JPEG": truncated, "the other files then": others, "two sources, one name": same_name,
    "foreign file in the way": foreign_file, "second run": second_run, "folders are mirrored": folders,
}  # fmt: skip


def main() -> None:
    """Print the rows."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.features", description=__doc__)
    parser.add_argument("--sharp", default=shutil.which("sharp"))
    parser.add_argument("--img2dataset", default=shutil.which("img2dataset"))
    arguments = parser.parse_args()
    tools: dict[str, Tool] = {"imgbatch": imgbatch}
    tools |= {tool.__name__: tool for tool in (mogrify, vipsthumbnail) if shutil.which(tool.__name__)}
    if arguments.sharp:
        tools["sharp-cli"] = functools.partial(sharp, os.path.abspath(arguments.sharp))
    if arguments.img2dataset:
        tools["img2dataset"] = functools.partial(img2dataset, os.path.abspath(arguments.img2dataset))
    print(f"| | {' | '.join(tools)} |")
    for title, row in ROWS.items():
        cells = [row(imgbatch_flat if row is same_name and tool is imgbatch else tool) for tool in tools.values()]
        print(f"| {title} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
