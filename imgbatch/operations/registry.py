"""Operations table: which operations are there, and in which module is each?

An operation is its file and one line of MODULES. From that follow the public names, the lazy imports, the help, and,
by ``python -m tests.make_stubs``, what type checkers see.
"""

from __future__ import annotations

import importlib

TYPE_CHECKING = False  # as in imgbatch/__init__.py
if TYPE_CHECKING:
    from imgbatch.operations.base import Operation

#: The module of each operation's class, in the order of the docs. A class is called as its `word`, but for underscores
#: and capitals: BoxBlur is box_blur.
MODULES = {
    "Resize": "geometry.resize",
    "Crop": "geometry.crop",
    "Trim": "geometry.trim",
    "Pad": "geometry.pad",
    "Border": "geometry.pad",
    "Rotate": "geometry.rotate",
    "Flip": "geometry.flip",
    "Flop": "geometry.flip",
    "Blur": "filters.blur",
    "BoxBlur": "filters.blur",
    "Unsharp": "filters.sharpen",
    "Sharpen": "filters.sharpen",
    "Median": "filters.rank",
    "Min": "filters.rank",
    "Max": "filters.rank",
    "Edges": "filters.edges",
    "Emboss": "filters.edges",
    "Denoise": "filters.denoise",
    "Brightness": "tone.levels",
    "Contrast": "tone.levels",
    "Saturation": "tone.levels",
    "Sharpness": "filters.sharpen",
    "Gamma": "tone.levels",
    "Levels": "tone.levels",
    "Modulate": "tone.modulate",
    "Autocontrast": "tone.levels",
    "Equalize": "tone.levels",
    "Clahe": "tone.clahe",
    "Grayscale": "tone.grayscale",
    "Sepia": "tone.sepia",
    "Tint": "tone.tint",
    "Invert": "tone.levels",
    "Posterize": "tone.effects",
    "Solarize": "tone.effects",
    "Threshold": "tone.effects",
    "Lut": "tone.lut",
    "WhiteBalance": "tone.white_balance",
    "Flatten": "alpha",
    "Alpha": "alpha",
    "Watermark": "overlays.watermark",
    "Text": "overlays.text",
    "FlatField": "sensor.flat_field",
    "DarkFrame": "sensor.dark_frame",
    "MatchHistogram": "tone.match_histogram",
}
_NAMES = {name.lower(): name for name in MODULES}


def is_builtin(cls: type[Operation]) -> bool:
    """Whether an operation came with imgbatch."""
    return cls.__module__.startswith("imgbatch.operations.")


def _class(name: str) -> type[Operation]:
    cls: type[Operation] = getattr(importlib.import_module(f"imgbatch.operations.{MODULES[name]}"), name)
    return cls


def all_operations() -> tuple[type[Operation], ...]:
    """Every operation, in the order of the docs; loads them all."""
    return tuple(map(_class, MODULES))


def find_operation(word: str) -> type[Operation] | None:
    """The operation of that name (dashes count as underscores), if there is one. No other is loaded."""
    word = word.replace("-", "_")
    name = _NAMES.get(word.replace("_", ""))
    operation = None if name is None else _class(name)
    return operation if operation is not None and operation.word == word else None


def get_operation(word: str) -> type[Operation]:
    """The operation of that name (dashes count as underscores); UsageError with the nearest name when there is none."""
    operation = find_operation(word)
    if operation is None:
        from imgbatch.core.errors import unknown

        raise unknown(word, "operation", [operation.word for operation in all_operations()])
    return operation
