"""Does every wrong argument of the library get one sentence with its name, and is a number of numpy's a number?"""

from __future__ import annotations

import asyncio
import contextlib
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy
import pytest
from PIL import Image

import imgbatch as ib
from imgbatch.runs.keywords import note_arguments

RECIPE = ib.Recipe()
DICT = {"ops": [{"name": "resize", "size": "50"}]}
ARRAY = numpy.zeros((40, 30, 3), numpy.uint8)


class Unprintable:
    """What it is cannot even be shown."""

    def __repr__(self) -> str:
        raise RuntimeError


WRONG_PATHS: list[Any] = [
    None, 5, b"photos", [b"photos"], [None], [["photos"]], io.BytesIO(b"x"), [io.BytesIO()], ARRAY, [ARRAY], DICT,
    Image.new("L", (9, 9)), [Image.new("L", (9, 9))], Unprintable(), "a\0b",
]  # fmt: skip
WRONG_RECIPES: list[Any] = [DICT, ib.Resize("50"), [ib.Resize("50")], "recipe.toml", b"x", ARRAY, ib.Output(), 0, ""]
WRONG_OPS: list[Any] = [DICT, "resize", b"x", [5], [ib.Output()], 7, ARRAY, None]
WRONG_NUMBERS: list[Any] = [
    numpy.bool_(True), numpy.array([80]), numpy.datetime64("2026-01-01"), numpy.nan, numpy.float32(0.5),
]  # fmt: skip
TRUE: Any = numpy.bool_(True)
FALSE: Any = numpy.bool_(False)
ONE: Any = numpy.int64(1)
INT: Any = numpy.int64
FLOAT: Any = numpy.float32
RUNS: dict[str, Callable[..., object]] = {
    "run": ib.run, "process": ib.process, "start": ib.start, "estimate": ib.estimate,
}  # fmt: skip


ELSEWHERE: dict[str, tuple[Any, str]] = {
    "format": ("webp", r"of an output: recipe=ib\.Recipe\(outputs=\[ib\.Output\(format='webp'\)\]\)"),
    "set": ({}, r"of an output: .*Output\(set=\.\.\.\)"),
    "exclude": ("*.png", r"of the filters: filters=ib\.Filters\(exclude='\*\.png'\)"),
    "max_depth": (1, r"of the filters: filters=ib\.Filters\(max_depth=1\)"),
    "ops": ([], r"of a recipe: recipe=ib\.Recipe\(ops=\.\.\.\)"),
    "resize": (800, r"an operation: recipe=ib\.Recipe\(ops=\[ib\.Resize\(800\)\]\)"),
    "report": ("a.html", r"Report: go through its \.outcomes .*\.to_json\(\); pages, .* at the shell"),
    "dry_run": (True, r"ib\.estimate\(\.\.\.\) takes the same arguments"),
    "jobs": (4, "say workers=4"),
    "out": ("web", "the folder for the results is output"),
    "srcset": ("a.json", "it is of the shell, imgbatch run --srcset"),
    "on_finish": ("mail", "it is of the shell, imgbatch run --on-finish"),
}


@pytest.fixture
def photos(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "photos"
    folder.mkdir()
    Image.new("RGB", (20, 10)).save(folder / "a.png")
    yield folder
    assert [path.name for path in tmp_path.iterdir()] == ["photos"], "refused before anything is written"


@contextlib.contextmanager
def refusal(name: str) -> Iterator[None]:
    with pytest.raises(ib.UsageError) as caught:
        yield
    line = str(caught.value)
    assert name in line and line.startswith(("expected ", "unknown ")) and "  " not in line, line
    assert "\n" not in line and len(line) < 300, line


def _ids(value: object) -> str:
    return "unprintable" if isinstance(value, Unprintable) else ascii(value)[:25].replace("\0", "0")


def outcomes_of_loop(*arguments: Any, **words: Any) -> list[ib.Outcome]:
    async def gather() -> list[ib.Outcome]:
        return [outcome async for outcome in ib.aprocess(*arguments, **words)]

    return asyncio.run(gather())


@pytest.mark.parametrize("call", [*RUNS.values(), outcomes_of_loop], ids=[*RUNS, "aprocess"])
def test_a_sentence_with_flags_has_a_note_of_the_arguments(photos: Path, call: Callable[..., object]) -> None:
    webp = ib.Recipe(outputs=[ib.Output(format="webp")])
    with pytest.raises(ib.UsageError, match="^--in-place keeps each file's format, got webp; leave out -f, ") as caught:
        call(photos, None, webp, in_place=True, workers=0)
    notes = ["in Python, --in-place is in_place=True, -f is ib.Output(format=...), -o is output"]
    assert caught.value.__notes__ == notes


@pytest.mark.parametrize(
    ("flag", "argument"),
    [
        ("--no-lock", "lock=False"),
        ("--wait 10m", "wait=..."),
        ("--exclude", "filters=ib.Filters(exclude=...)"),
        ("--max-depth 2", "filters=ib.Filters(max_depth=...)"),
        ("--name '{dir}/{n}.{ext}'", "ib.Output(name=...)"),
        ("--flat-field", "ib.FlatField(...)"),
        ("--save-recipe", ""),
        ("a--name or re-o", ""),
    ],
)
def test_each_flag_is_told_as_its_argument(flag: str, argument: str) -> None:
    with pytest.raises(ib.PlanError) as caught, note_arguments():
        raise ib.PlanError(f"say {flag}, and {flag}")
    notes = getattr(caught.value, "__notes__", [])
    assert notes == ([f"in Python, {flag.split()[0]} is {argument}"] if argument else [])


@pytest.mark.parametrize("wrong", WRONG_PATHS, ids=_ids)
def test_paths(photos: Path, wrong: Any) -> None:
    out = photos.parent / "out"
    for call in RUNS.values():
        with refusal("paths"):
            call(wrong, out, RECIPE, workers=0)
    for read in (ib.check, ib.stats):
        with refusal("paths"):
            read(wrong, workers=0)
    with refusal("paths"):
        ib.load(wrong, ib.Resize("9x9!"), workers=0)
    if wrong is not None:
        for call in RUNS.values():
            with refusal("output"):
                call(photos, wrong, RECIPE, workers=0)
    for past in (ib.past_runs, ib.undo, ib.verify):
        with refusal("folder"):
            past(wrong)


@pytest.mark.parametrize("wrong", WRONG_RECIPES, ids=_ids)
def test_a_recipe(photos: Path, wrong: Any) -> None:
    for call in RUNS.values():
        with refusal("recipe"):
            call(photos, photos.parent / "out", wrong, workers=0)


@pytest.mark.parametrize("wrong", WRONG_OPS, ids=_ids)
def test_operations(photos: Path, wrong: Any) -> None:
    image = Image.new("RGB", (9, 9))
    with refusal("recipe"):
        ib.apply(image, wrong)
    with refusal("ops"):
        ib.Recipe(ops=wrong)
    with refusal("ops"):
        ib.stats(photos, wrong, workers=0)
    with refusal("ops"):
        ib.load(photos, wrong, workers=0)
    if not (isinstance(wrong, list) and isinstance(wrong[0], ib.Output)):
        with refusal("outputs"):
            ib.Recipe(outputs=wrong)


@pytest.mark.parametrize("wrong", [ARRAY, "a.png", Path("a.png"), b"x", None, io.BytesIO(), DICT], ids=_ids)
def test_an_image(wrong: Any) -> None:
    with refusal("image"):
        ib.apply(wrong, RECIPE)


@pytest.mark.parametrize("wrong", [DICT, "*.jpg", ib.Settings], ids=_ids)
def test_what_is_made_of_our_classes(photos: Path, wrong: Any) -> None:
    out = photos.parent / "out"
    with refusal("filters"):
        ib.run(photos, out, RECIPE, filters=wrong, workers=0)
    with refusal("filters"):
        ib.check(photos, filters=wrong, workers=0)
    with refusal("ledger"):
        ib.run(photos, out, RECIPE, ledger=wrong, workers=0)
    with refusal("executor"):
        ib.run(photos, out, RECIPE, executor=wrong)
    for name in ("mode", "weight", "auto_orient", "mean_image"):
        with refusal(name):
            ib.stats(photos, workers=0, **{name: wrong})
    for name in ("mode", "auto_orient", "timeout", *([] if isinstance(wrong, str) else ["spill"])):
        with refusal(name):
            ib.load(photos, ib.Resize("9x9!"), workers=1, **{name: wrong})
    for name in ("run", "wait"):
        with refusal(name):
            ib.undo(photos, **{name: wrong})


def test_a_setting_that_does_not_exist_names_the_one_that_does(photos: Path) -> None:
    calls: list[Callable[..., object]] = [ib.run, ib.estimate, ib.check]
    for call in calls:
        words: list[Any] = [photos] if call is ib.check else [photos, photos.parent / "out"]
        with pytest.raises(ib.UsageError, match="unknown setting 'worker'; did you mean 'workers'"):
            call(*words, worker=0)


@pytest.mark.parametrize("kind", [numpy.int8, numpy.uint16, numpy.int64, numpy.float32, numpy.longdouble, numpy.array])
def test_numbers_of_numpy(photos: Path, kind: Callable[[int], Any]) -> None:
    output = ib.Output(quality=kind(80), effort=kind(3), max_bytes=kind(90))
    assert output == ib.Output(quality=80, effort=3, max_bytes=90)
    assert (type(output.quality), type(output.effort), type(output.max_bytes)) == (int, int, int)
    settings = ib.Settings(timeout=kind(3), memory=10**6, max_pixels=kind(9), wait=kind(2))
    assert settings == ib.Settings(timeout=3, memory=10**6, max_pixels=9, wait=2) and type(settings.timeout) is float
    assert ib.Blur(kind(2)) == ib.Blur(2) and type(ib.Blur(kind(2)).sigma) is float
    assert ib.Median(kind(5)) == ib.Median(5)
    assert ib.Filters(min_size=kind(3)) == ib.Filters(min_size=3)
    if kind not in (numpy.float32, numpy.longdouble):
        assert ib.Resize(kind(16)) == ib.Resize("16")
        assert ib.Settings(workers=kind(2), max_failures=kind(3)) == ib.Settings(workers=2, max_failures="3")
        assert ib.stats(photos, workers=kind(0), mean_image=(kind(3), kind(2))).images == 1
        with ib.load(photos, ib.Resize("4x4!"), workers=kind(0), auto_orient=FALSE) as loaded:
            assert loaded.valid.all()


class Place:
    """A path that is no ``pathlib.Path``."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __fspath__(self) -> str:
        return str(self.path)


def done(folder: Place, photos: Place, **settings: Any) -> Place:
    """An output folder with a run in it."""
    assert ib.run(photos, folder, workers=0, **settings).ok
    return folder


#: Each function, called with paths of no common class and numbers of numpy's: `p` is the folder of photos, `new` gives
#: the place of a name.
CALLS: dict[str, Callable[[Place, Callable[[str], Place]], object]] = {
    "run": lambda p, new: ib.run([p], new("out"), workers=INT(0), max_files=INT(9), max_time=FLOAT(60), flat=TRUE),
    "run, places": lambda p, new: ib.run(p, new("out"), workers=0, state=new("s"), quarantine=new("q")),
    "run, array": lambda p, new: ib.run(numpy.array([str(p.path)]), new("out"), workers=INT(0)),
    "stream": lambda p, new: ib.run([p], new("out"), workers=INT(0), stream=TRUE),
    "process": lambda p, new: list(ib.process(p, new("out"), workers=INT(0), progress=FALSE)),
    "start": lambda p, new: ib.start(p, new("out"), workers=INT(0)).result(FLOAT(60)),
    "estimate": lambda p, new: ib.estimate(p, new("out"), workers=INT(0)),
    "check": lambda p, new: ib.check(p, workers=INT(0), quality=TRUE),
    "verify": lambda p, new: ib.verify(done(new("out"), p, state=new("s")), state=new("s"), workers=INT(0), deep=TRUE),
    "stats": lambda p, new: ib.stats(p, workers=INT(0), mean_image=(INT(2), INT(2))),
    "load": lambda p, new: ib.load(p, ib.Resize((INT(4), INT(4)), fit="fill"), workers=INT(1), spill=new("s"),
                                   timeout=FLOAT(60), chunksize=INT(1)).close(),
    "duplicates": lambda p, new: ib.duplicates(p, threshold=INT(4), state=new("s"), workers=INT(0)),
    "sheet": lambda p, new: ib.sheet(p, new("sheet.png"), columns=INT(2), cell=(INT(90), INT(80)), workers=INT(0),
                                     background=(INT(0), INT(0), INT(9))),
    "merge": lambda p, new: ib.merge(done(new("out"), p, shard="0/1"), wait=FLOAT(1), trust_state=FALSE),
    "watch": lambda p, new: next(ib.watch(p, new("out"), poll=FLOAT(0.5), workers=INT(0))),
    "undo": lambda p, new: ib.undo(done(new("out"), p, state=new("s")), INT(1), state=new("s"), wait=FLOAT(1)),
    "past_runs": lambda p, new: ib.past_runs(done(new("out"), p, state=new("s")), state=new("s"), trust_state=FALSE),
}  # fmt: skip


@pytest.mark.parametrize("name", CALLS)
def test_any_kind_of_path_and_number(name: str, tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    Image.new("RGB", (20, 10)).save(tmp_path / "photos" / "a.png")
    result = CALLS[name](Place(tmp_path / "photos"), lambda name: Place(tmp_path / name))
    assert not isinstance(result, ib.Report) or (result.ok and len(result.outcomes) == 1)


def test_switches_of_numpy_and_what_is_no_number() -> None:
    assert ib.Settings(force=TRUE) == ib.Settings(force=True)
    assert ib.Recipe(auto_orient=FALSE).auto_orient is False
    for wrong in WRONG_NUMBERS:
        with refusal("quality"):
            ib.Output(quality=wrong)
    with refusal("force"):
        ib.Settings(force=ONE)


def test_a_class_in_the_place_of_its_instance_is_called_by_its_name() -> None:
    with pytest.raises(ib.UsageError, match=r"got the class Resize"):
        ib.Recipe(ops=[ib.Resize])  # type: ignore[list-item]  # the slip that is tested


@pytest.mark.parametrize("word", ELSEWHERE)
def test_a_keyword_that_belongs_elsewhere_says_where(photos: Path, word: str) -> None:
    value, place = ELSEWHERE[word]
    runs: list[Any] = [*RUNS.values(), ib.watch]
    for run in runs:
        with pytest.raises(ib.UsageError, match=f"{word} is no setting; .*{place}"):
            run(photos, photos.parent / "out", **{word: value})
    others: list[Any] = [ib.check, ib.duplicates]
    for run in others:
        with pytest.raises(ib.UsageError, match=f"{word} is no setting; "):
            run(photos, **{word: value})
