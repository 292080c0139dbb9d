"""Whatever files are called: does a plan keep apart what some file system takes for one, and stay in its folder?"""

import contextlib
import os
import tempfile
import unicodedata

from hypothesis import given, settings
from hypothesis import strategies as st

from imgbatch.core.errors import PlanError
from imgbatch.core.job import LedgerEntry, Source
from imgbatch.core.run_settings import InTheWay
from imgbatch.planning.names import fill_late
from imgbatch.planning.plan import plan
from imgbatch.planning.recipe import DEFAULT_NAME, Output, Recipe

PIECES = [
    "a",
    "A",
    "b",
    "é",
    "e\u0301",
    "É",
    "ß",
    "ss",
    "{",
    "}",
    "{n}",
    "%",
    "*",
    " ",
    "\n",
    "-",
    "-1",
    ".",
    "\udcff",
    "x" * 126,
]
STEMS = st.lists(st.sampled_from(PIECES), min_size=1, max_size=3).map("".join)
SUFFIXES = st.sampled_from(["", ".jpg", ".JPG", ".jpeg", ".png", ".ppm", ".tif", ".webp"])
NAMES = st.builds(str.__add__, STEMS, SUFFIXES).filter(
    lambda name: name not in (".", "..") and len(name.encode("utf-8", "surrogateescape")) < 256
)
RELATIVE = st.lists(NAMES, min_size=1, max_size=3).map("/".join)
TEMPLATES = st.just(DEFAULT_NAME) | st.sampled_from([
    DEFAULT_NAME, "{dir}/{name}.{ext}", "{name}", "{stem}", "{dir}/{stem}", "{n:02d}-{stem}.{ext}", "../{dir}/{name}",
    "{stem:.2}.{ext}", "{dir}/{stem}-{width}.{ext}", "{{{stem}}}.{ext}", "{dir}", "{dir}/../{stem}.{ext}",
])  # fmt: skip
OUTPUTS = st.lists(
    st.builds(
        Output,
        name=TEMPLATES,
        format=st.sampled_from(["same", "jpeg", "webp"]),
        dir=st.sampled_from(["", "t", "../out"]),
    ),
    min_size=1,
    max_size=2,
)
ENDINGS = st.sampled_from([".jpg", ".webp", ".ppm.png", "-1.jpg", "-1.webp"])  # of files near the names of a plan
POLICIES: st.SearchStrategy[InTheWay] = st.sampled_from(("refuse", "overwrite", "skip", "rename"))
FORMATS = {".jpg": "jpeg", ".jpeg": "jpeg", ".png": "png", ".tif": "tiff", ".webp": "webp"}


def fold(path: str) -> str:
    """The one spelling of a path on a file system that knows neither case nor composition."""
    return unicodedata.normalize("NFD", unicodedata.normalize("NFD", path).casefold())


def format_of(source: Source) -> str | None:
    return FORMATS.get(os.path.splitext(source.relative)[1].lower())


def put(folder: str, relative: str) -> None:
    """A file of that name, unless another name is in its way."""
    path = os.path.join(folder, relative)
    with contextlib.suppress(OSError):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "xb"):
            pass


@settings(max_examples=300, deadline=None)
@given(
    relatives=st.lists(RELATIVE, min_size=1, max_size=6, unique=True),
    outputs=OUTPUTS,
    present=st.lists(RELATIVE, max_size=2),
    near=st.lists(st.tuples(st.integers(0, 5), ENDINGS), max_size=4),
    ours=st.booleans(),
    flat=st.booleans(),
    inside=st.booleans(),
    policy=POLICIES,
)
def test_a_plan_is_refused_or_safe(
    relatives: list[str],
    outputs: list[Output],
    present: list[str],
    near: list[tuple[int, str]],
    ours: bool,
    flat: bool,
    inside: bool,
    policy: InTheWay,
) -> None:
    with tempfile.TemporaryDirectory() as base:
        base = os.path.realpath(base)
        folder = os.path.join(base, "out")
        root = folder if inside else os.path.join(base, "photos")
        names = [relatives[number % len(relatives)] for number, _ in near]
        for relative in present + [
            os.path.splitext(name)[0] + end for name, (_, end) in zip(names, near, strict=False)
        ]:
            put(folder, relative)
        sources = [Source(os.path.join(root, relative), root, relative) for relative in relatives]

        def owned(path: str) -> LedgerEntry | None:
            number = len(path) % 3
            return LedgerEntry(sources[0].path, number, number == 2) if ours and number else None

        try:
            made = plan(
                sources, Recipe(outputs=outputs), folder, flat=flat, in_the_way=policy, owner_of=owned,
                earlier=lambda source, output: (), format_of=format_of,
            )  # fmt: skip
        except PlanError as error:
            assert "\n" not in str(error) and str(error)
            return

        assert len(made.jobs) + len(made.skipped) == len(sources)
        assert [job.index for job in made.jobs] == sorted({job.index for job in made.jobs})
        originals = {fold(source.path) for source in sources}
        taken: dict[str, tuple[int, int]] = {}
        for job in made.jobs:
            assert job.source.path == sources[job.index].path
            assert job.targets or job.source.problem
            for target in job.targets:
                for path in {target.path, target.other or target.path}:
                    if target.late:
                        path = fill_late(path, 640, 480, "0" * 64)
                    assert path == os.path.normpath(path) and path.startswith(folder + "/")
                    assert all(len(os.fsencode(part)) < 256 for part in path.split("/"))
                    if target.late:
                        continue
                    assert fold(path) not in originals
                    assert taken.setdefault(fold(path), (job.index, target.output)) == (job.index, target.output)
                    assert not os.path.isdir(path)
                    if os.path.lexists(path) and policy != "overwrite":
                        held = owned(path)
                        assert target.replace and held is not None and not held.is_edited
        for name in taken:
            while len(name := os.path.dirname(name)) > len(fold(folder)):
                assert name not in taken
