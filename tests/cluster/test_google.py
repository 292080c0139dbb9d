"""Does a run whose sources and outputs are in Google's store, as we read its manual, keep the promises of a disk?"""

from __future__ import annotations

from pathlib import Path

from imgbatch.storage.registry import store
from tests.cli.conftest import tree
from tests.cluster.steps import SAMPLES, command

RECIPE = ("-E", "broken/**", "--resize", "100", "-f", "webp", "-q", "80")


def objects(bucket: str, folder: str) -> dict[str, bytes]:
    """What the objects below a folder hold, by what follows it."""
    home = f"{bucket}/{folder}/"
    entries = store("gs").walk(home)
    assert entries is not None
    with entries as found:
        return {entry.path.removeprefix(home): store("gs").read(entry.path) for entry in found}


def test_a_run_makes_what_it_makes_on_a_disk_and_leaves_alone_what_others_change(
    google_bucket: str, tmp_path: Path
) -> None:
    for path in SAMPLES.rglob("*"):
        if path.is_file():
            store("gs").write_whole(f"{google_bucket}/in/{path.relative_to(SAMPLES).as_posix()}", path.read_bytes())
    assert command(tmp_path, "run", str(SAMPLES), *RECIPE, "-o", "out").returncode == 0
    expected = tree(tmp_path / "out")
    words = ("run", f"{google_bucket}/in", *RECIPE, "-o", f"{google_bucket}/out")
    done = command(tmp_path, *words)
    assert done.returncode == 0, done.stderr
    assert objects(google_bucket, "out") == expected
    done = command(tmp_path, *words)
    assert done.returncode == 0 and done.stderr.startswith(f"0 ok, {len(expected)} unchanged"), done.stderr
    name = min(expected)
    store("gs").write_whole(f"{google_bucket}/out/{name}", b"somebody's own")
    done = command(tmp_path, *words, "--force")
    assert done.returncode == 2 and f"{name} was changed since imgbatch wrote it" in done.stderr
    assert command(tmp_path, *words, "--force", "--skip-existing").returncode == 0
    assert objects(google_bucket, "out") == {**expected, name: b"somebody's own"}
