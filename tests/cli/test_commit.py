"""Do the hooks of pre-commit and the examples of workflows do what they say, in a real git repository?"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from PIL import Image

from imgbatch.cli.commands.service.commit import arguments
from tests.cli.conftest import ROOT, damage, environment

EXAMPLES = ROOT / ".github" / "examples"

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="needs git")


class Repository:
    """A git repository with a remote of its own, and the commands that a workflow finds: git, imgbatch and python."""

    def __init__(self, place: Path) -> None:
        self.folder = place / "repository"
        programs = place / "programs"
        programs.mkdir()
        for name, words in (("python", ""), ("imgbatch", " -m imgbatch")):
            (programs / name).write_text(f'#!/bin/sh\nexec "{sys.executable}"{words} "$@"\n')
            (programs / name).chmod(0o755)
        people = {
            f"GIT_{who}_{what}": value
            for who in ("AUTHOR", "COMMITTER")
            for what, value in (("NAME", "Ann Example"), ("EMAIL", "ann@example.org"))
        }
        alone = {"HOME": str(place), "GIT_CONFIG_NOSYSTEM": "1", "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}
        self.variables = environment(BASE="origin/main", **people, **alone)
        for name in list(self.variables):
            if name in ("GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE"):  # of a hook that runs these tests
                del self.variables[name]
        subprocess.run(["git", "init", "-q", "--bare", "-b", "main", place / "origin"], check=True, env=self.variables)
        subprocess.run(["git", "clone", "-q", place / "origin", self.folder], env=self.variables, capture_output=True)
        self.sh("git checkout -q -b main")
        self.save("web/old.jpg", noise())
        self.commit("Begin")
        self.sh("git push -q origin main && git checkout -q -b change && git push -q -u origin change")

    def sh(self, script: str, code: int = 0) -> str:
        """Run a script as a workflow does; what it said."""
        done = subprocess.run(
            ["bash", "-e", "-o", "pipefail", "-c", script], cwd=self.folder, env=self.variables, capture_output=True,
            encoding="utf-8",
        )  # fmt: skip
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    def save(self, name: str, image: Image.Image) -> Path:
        """A picture with far more bytes than it needs."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        image.save(path, quality=98, compress_level=0)
        return path

    def commit(self, message: str) -> None:
        """All that is there."""
        self.sh(f"git add --all && git commit -q -m '{message}'")


def noise() -> Image.Image:
    """A picture that a JPEG of high quality needs many bytes for."""
    return Image.effect_noise((320, 240), 60).convert("RGB")


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path)


def steps(workflow: str) -> list[str]:
    """The scripts of a workflow's steps, but for the installation."""
    text = (EXAMPLES / workflow).read_text(encoding="utf-8")
    blocks = re.findall(r"^ {8}run: \|\n((?: {10}.*\n)+)", text, flags=re.MULTILINE)
    scripts = [re.sub("^ {10}", "", block, flags=re.MULTILINE) for block in blocks]
    assert len(scripts) + text.count("run: pip install imgbatch\n") == len(re.findall(r"\brun:", text))
    return scripts


def test_each_path_is_a_pattern_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a[1]*?.png", "b.png"):
        Path(name).touch()
    words = arguments(["-q", "60", "b.png", "a[1]*?.png"], "state")
    assert words[:2] == ["run", "."]
    assert words[words.index("--state") :] == [
        "--state", "state", "-q", "60", "--include", "/b.png", "--include", "/a[[]1][*][?].png",
    ]  # fmt: skip


def test_hook_replaces_pictures_of_the_commit_and_no_others(repository: Repository) -> None:
    first, second = repository.save("new.png", noise()), repository.save("deep/er/new.jpg", noise())
    other = repository.save("web/new.png", noise())
    before = {path: path.read_bytes() for path in (first, second, other)}
    hook = "python -m imgbatch.cli.commands.service.commit -q 60 new.png deep/er/new.jpg"
    repository.sh(hook)
    assert first.stat().st_size < len(before[first])
    assert second.stat().st_size < len(before[second])
    assert other.read_bytes() == before[other]
    assert repository.sh("git status --porcelain --ignored") == "?? deep/\n?? new.png\n?? web/new.png\n"
    after = {path: path.read_bytes() for path in before}
    assert "2 unchanged" in repository.sh(hook)
    assert {path: path.read_bytes() for path in before} == after
    repository.sh('imgbatch undo . --state "$(git rev-parse --git-path imgbatch)"')
    assert {path: path.read_bytes() for path in before} == before


def test_hook_by_itself_keeps_all_pixels_of_a_png(repository: Repository) -> None:
    picture = noise()
    path = repository.save("new.png", picture)
    repository.sh("python -m imgbatch.cli.commands.service.commit new.png")
    with Image.open(path) as smaller:
        assert smaller.tobytes() == picture.tobytes()


def test_hook_without_a_picture_or_a_repository(repository: Repository, tmp_path: Path) -> None:
    repository.sh("python -m imgbatch.cli.commands.service.commit")
    repository.save("new.png", noise())
    said = repository.sh("mv .git ../away && python -m imgbatch.cli.commands.service.commit new.png", code=2)
    assert said.startswith("imgbatch: expected a git repository, got ")


def test_workflow_fails_on_a_damaged_picture(repository: Repository) -> None:
    (check,) = steps("check-pictures.yml")
    repository.sh(check)  # nothing has changed
    repository.save("a b.png", noise())
    repository.commit("Add a picture")
    assert "1 ok" in repository.sh(check)
    damage(repository.save("torn.JPG", noise()))
    repository.commit("Add a damaged picture")
    assert "torn.JPG" in repository.sh(check, code=123)  # xargs: one of its commands failed


def test_workflow_commits_smaller_pictures(repository: Repository) -> None:
    shrink, commit = steps("optimize-pictures.yml")
    old = (repository.folder / "web" / "old.jpg").read_bytes()
    path = repository.save("a b.jpg", noise())
    size = path.stat().st_size
    repository.commit("Add a picture")
    repository.sh(f"{shrink}\n{commit}")
    assert path.stat().st_size < size
    assert (repository.folder / "web" / "old.jpg").read_bytes() == old
    assert repository.sh("git log -1 --format=%s origin/change") == "Make pictures smaller\n"
    head = repository.sh("git rev-parse HEAD")
    repository.sh(f"rm -rf .git/imgbatch\n{shrink}\n{commit}")  # the next run of the workflow: a fresh clone
    assert repository.sh("git rev-parse HEAD") == head


@pytest.mark.skipif(find_spec("pre_commit") is None, reason="needs pip install pre-commit")
@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="pre-commit takes hooks from a git repository only")
def test_pre_commit_runs_the_hooks_of_this_repository(repository: Repository, tmp_path: Path) -> None:
    repository.save("new.png", noise())
    repository.commit("Add a picture")
    repository.variables["PRE_COMMIT_HOME"] = str(tmp_path / "pre-commit")
    del repository.variables["PYTHONPATH"]  # imgbatch is what pre-commit installs
    call = f"{sys.executable} -m pre_commit try-repo --all-files {ROOT}"
    assert "Passed" in repository.sh(f"{call} imgbatch-check")
    assert "files were modified by this hook" in repository.sh(f"{call} imgbatch-optimize", code=1)
    assert "Passed" in repository.sh(f"{call} imgbatch-optimize")
    damage(repository.save("torn.jpg", noise()))
    repository.sh("git add --all")
    assert "torn.jpg" in repository.sh(f"{call} imgbatch-check", code=1)


def test_example_has_the_hooks_of_this_repository() -> None:
    """The same commands, but that the example installs imgbatch by name and adds flags."""
    hooks, example = ((ROOT / ".pre-commit-hooks.yaml").read_text(), (EXAMPLES / "pre-commit-config.yaml").read_text())
    for word in ("id", "entry", "files"):
        pattern = re.compile(rf"^\W*{word}: (.*)$", flags=re.MULTILINE)
        assert pattern.findall(hooks) == pattern.findall(example), word


def test_hook_takes_a_file_for_the_value_of_a_flag(repository: Repository) -> None:
    (repository.folder / "logo.png").write_bytes((ROOT / "sample_images/png/soft-alpha.png").read_bytes())
    path = repository.save("new.png", noise())
    before, logo = path.read_bytes(), (repository.folder / "logo.png").read_bytes()
    repository.sh("python -m imgbatch.cli.commands.service.commit --min-savings 0% --watermark logo.png new.png")
    assert path.read_bytes() != before and (repository.folder / "logo.png").read_bytes() == logo
