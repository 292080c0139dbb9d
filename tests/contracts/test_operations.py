"""What does every operation promise? The same tests for each of them, over every mode that a file can have."""

from __future__ import annotations

import ast
import contextlib
import inspect
import pickle
import subprocess
import sys
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from PIL import Image

from imgbatch.core.errors import KINDS, ImageError, UsageError
from imgbatch.core.parameters import from_table, from_words, parameters, summary, to_table, to_words
from imgbatch.operations import Operation, all_operations, apply_all, get_operation
from imgbatch.operations.support.resampling import resampler
from tests.outside import ready
from tests.properties.strategies import operations
from tests.resamplers import NAMES, needs_cykooz

#: Modes that at least one of the formats can hold.
SAVABLE = {"1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr", "LAB", "I", "F", "I;16", "I;16B"}
MODES = ("1", "L", "L+t", "LA", "P", "P+t", "PA", "RGB", "RGB+t", "RGBA", "CMYK", "YCbCr", "LAB")
DEEP = ("I;16", "I;16+t", "I;16B", "I", "F")
SIZES = ((7, 5), (1, 1), (1, 6), (6, 1))
INFO = {"icc_profile": b"profile", "dpi": (300, 300)}


def picture(kind: str, size: tuple[int, int] = (7, 5), seed: int = 7) -> Image.Image:
    """A noisy picture of that mode, the same at every call; ``+t`` with a transparent color in the header."""
    mode, _, transparent = kind.partition("+")
    random = np.random.default_rng(seed)
    shape = (size[1], size[0])
    if mode in ("I;16", "I;16B"):
        made = Image.fromarray(random.integers(0, 65536, shape).astype(">u2" if mode == "I;16B" else "<u2"))
    elif mode == "I":
        made = Image.fromarray(random.integers(-70000, 70000, shape).astype(np.int32))
    elif mode == "F":
        made = Image.fromarray(random.normal(0, 1000, shape).astype(np.float32))
    else:
        base = Image.fromarray(random.integers(0, 256, (*shape, 4), dtype=np.uint8), "RGBA")
        if mode == "P":
            made = base.convert("RGB").quantize(5)
        elif mode == "PA":
            made = base.convert("RGB").quantize(5).convert("PA")
            made.putalpha(base.getchannel("A"))
        elif mode == "LAB":
            made = Image.merge("LAB", base.split()[:3])
        elif mode in ("LA", "RGBA"):
            made = base.convert(mode)
        elif mode == "CMYK":
            made = Image.merge("CMYK", base.split())
        else:
            made = base.convert("RGB").convert(mode)
    assert made.mode == mode
    made.info.update(INFO)
    if transparent:
        key = made.getpixel((0, 0))
        made.info["transparency"] = bytes([0, 128, 255]) if mode == "P" else key
    return made


def state(image: Image.Image) -> tuple[object, ...]:
    """All that must not change in an argument."""
    return image.mode, image.size, image.tobytes(), image.getpalette(), dict(image.info)


def outcome(operation: Operation, image: Image.Image) -> tuple[object, ...] | str:
    """What the operation makes of a copy of `image`, comparable; the message when it refuses."""
    given = image.copy()
    before = state(given)
    try:
        made = ready(operation).apply(given)
    except ImageError as error:
        assert error.kind in KINDS
        message = str(error)
        assert message and "\n" not in message and len(message) < 300
        assert state(given) == before
        return message
    assert state(given) == before, "the argument was changed"
    assert made.mode in SAVABLE
    assert made.width >= 1 and made.height >= 1
    assert {key: made.info.get(key) for key in INFO} == INFO, "the header was lost"
    if made.mode in ("LA", "RGBA", "PA", "CMYK") or (made.mode != image.mode):
        assert "transparency" not in made.info, "a transparent color of another mode was left in the header"
    return state(made)


def samples() -> Iterator[Operation]:
    """The example of every operation, and what stands for "all defaults"."""
    for cls in all_operations():
        yield from_words(cls, cls.example)
        if cls.example and not any(field.is_required for field in parameters(cls)):
            yield cls()


SAMPLES = list(dict.fromkeys(samples()))
pytestmark = pytest.mark.filterwarnings("ignore:text. the file has no")  # these pictures have no name and no date
each_class = pytest.mark.parametrize("cls", all_operations(), ids=lambda cls: str(cls.word))
each_sample = pytest.mark.parametrize(
    ("operation", "engine"),
    [
        pytest.param(op, engine, id=f"{op.word} {to_words(op)}".strip() + f" {engine}" * (op.word == "resize"),
                     marks=[needs_cykooz] if engine == "cykooz" else [])
        for op in SAMPLES
        for engine in (NAMES if op.word == "resize" else NAMES[:1])
    ],
    indirect=["engine"],
)  # fmt: skip


@pytest.fixture(autouse=True)
def engine(request: pytest.FixtureRequest) -> Iterator[None]:
    """What resizes in a test: the engine without extras, unless the test asks for each."""
    with resampler.use(getattr(request, "param", "numpy")):
        yield


@contextlib.contextmanager
def picture_of(kind: str, size: tuple[int, int] = (7, 5)) -> Iterator[Image.Image]:
    """A picture of that mode; what fails within the block names it."""
    try:
        yield picture(kind, size)
    except BaseException as error:
        error.add_note(f"with a picture {kind}, {size[0]}x{size[1]} px")
        raise


@each_sample
def test_gives_a_savable_image_or_one_line(operation: Operation) -> None:
    same = (
        operation,
        pickle.loads(pickle.dumps(operation)),
        from_words(type(operation), to_words(operation)),
        from_table(type(operation), to_table(operation)),
    )
    for kind in MODES + DEEP:
        with picture_of(kind) as image:
            first = outcome(operation, image)
            assert [outcome(one, image) == first for one in same] == [True] * 4, "deterministic, however it was said"


@each_sample
def test_tiny_images(operation: Operation) -> None:
    for kind in MODES + DEEP:
        for size in SIZES[1:]:
            with picture_of(kind, size) as image:
                outcome(operation, image)


@each_sample
def test_everyday_modes_are_never_refused(operation: Operation) -> None:
    for kind in ("L", "LA", "P", "P+t", "PA", "RGB", "RGB+t", "RGBA", "1"):
        with picture_of(kind, (40, 30)) as image:
            assert not isinstance(outcome(operation, image), str)


@each_sample
def test_deep_samples_are_never_cut_silently(operation: Operation) -> None:
    for kind in DEEP:
        with picture_of(kind, (40, 30)) as image:
            try:
                made = ready(operation).apply(image)
            except ImageError as error:
                assert error.kind in ("mode", "operation")
            else:
                assert made.mode == kind.partition("+")[0]


@each_sample
def test_frames_keep_one_size_and_mode(operation: Operation) -> None:
    frames = [picture("RGBA", (40, 30), seed) for seed in range(3)]
    before = [state(frame) for frame in frames]
    made = list(apply_all([ready(operation)], frames))
    assert len({frame.size for frame in made}) == 1 and len({frame.mode for frame in made}) == 1
    assert [state(frame) for frame in frames] == before


@settings(max_examples=100, deadline=None)
@given(operations())
def test_random_parameters(operation: Operation) -> None:
    for kind in ("RGBA", "P+t", "I;16"):
        first = outcome(operation, picture(kind, (9, 4)))
        assert outcome(from_words(type(operation), to_words(operation)), picture(kind, (9, 4))) == first


@each_class
def test_is_documented(cls: type[Operation]) -> None:
    line = summary(cls)
    assert 10 <= len(line) <= 100 and line.endswith((".", "``."))
    assert cls.group in ("geometry", "filters", "tone and color", "alpha", "marks", "shared frames")
    assert cls.word.isidentifier() and cls.word == cls.word.lower()
    doc = inspect.getdoc(cls) or ""
    for field in parameters(cls):
        assert f"\n{field.name} : " in doc, f"{field.name} is missing under Parameters"
        assert field.help and "\n" not in field.help
        assert field.kind.describe()


@each_class
def test_example_is_right(cls: type[Operation]) -> None:
    made = from_words(cls, cls.example)
    assert from_words(cls, to_words(made)) == made
    assert bool(cls.example) == bool(parameters(cls)), "an example where there is something to say"
    assert hash(made) == hash(from_words(cls, cls.example))


@each_class
def test_is_found_by_its_name(cls: type[Operation]) -> None:
    assert get_operation(cls.word) is cls and get_operation(cls.word.replace("_", "-")) is cls


def test_names_differ_and_the_nearest_is_offered() -> None:
    assert len({cls.word for cls in all_operations()}) == len(all_operations())
    with pytest.raises(UsageError, match="unknown operation 'resise'; did you mean 'resize'"):
        get_operation("resise")


def test_operations_open_no_files_and_know_no_processes() -> None:
    forbidden = {"os", "io", "pathlib", "multiprocessing", "threading", "subprocess", "random", "time"}
    for path in {inspect.getfile(cls) for cls in all_operations()}:
        with open(path, encoding="utf-8") as source:
            tree = ast.parse(source.read())
        for node in ast.walk(tree):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not forbidden & {name.partition(".")[0] for name in names}, path
            assert not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "open"), path


def test_reading_words_loads_neither_pillow_nor_numpy() -> None:
    words = [(cls.word, cls.example) for cls in all_operations() if not any("color" in f.help for f in parameters(cls))]
    code = (
        "import sys\n"
        "from imgbatch.core.parameters import from_words, summary\n"
        "from imgbatch.operations import get_operation\n"
        f"for word, example in {words!r}:\n"
        "    summary(get_operation(word)); from_words(get_operation(word), example)\n"
        "print(sorted({'PIL', 'numpy'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
