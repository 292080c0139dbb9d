"""Recipe: what shall be made of every image?

A Recipe is operations and outputs. It is the same thing whether it was typed as flags, read from TOML or built in
Python, and has one canonical form; the digest of an output's canonical form says whether a file made earlier is still
what the recipe would make. recipe_file.py reads and writes the TOML, renditions.py has ``--widths``.
"""

# Without `from __future__ import annotations`: every start of a command would compile the texts of the fields again.
import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field, replace
from string import Formatter
from typing import TYPE_CHECKING, Annotated, Any, Literal

from imgbatch.codecs.encoder_options import SAME, Encoding, Format
from imgbatch.codecs.registry import CODECS, WRITTEN
from imgbatch.core.errors import UsageError, unknown, wrong_value
from imgbatch.core.file_parameter import map_paths
from imgbatch.core.frozen_dataclass import frozen
from imgbatch.core.parameter_kinds import Grammar, Switch, check_type, check_width, spell_path
from imgbatch.core.parameters import Brief, Heading, to_table
from imgbatch.operations import Operation, Resize
from imgbatch.operations.base import EXIF
from imgbatch.operations.registry import is_builtin

if TYPE_CHECKING:
    import os

    from imgbatch.pixels.color import Color

#: The fields of a name template (names.py fills them in).
NAME_FIELDS = ("dir", "stem", "ext", "name", "width", "height", "format", "n", "hash", "date", "mtime", "recipe")
DEFAULT_NAME = "{dir}/{stem}.{ext}"
#: Options that came later: one that is not used does not count, so that what was made before it came stays.
_LATER = ("gainmap", "compression", "depth", "set")
#: What counts instead of ``auto`` where that became another sampling, so that only what it is true of is made again.
_WHOLE_CHROMA = "auto, 4:4:4"
_CANONICAL = 4  # changes when the same recipe would give other files, so that these are made again


def canonical_name(template: str) -> str:
    """The template itself when its fields are known; UsageError with the nearest field when not."""
    try:
        parts = list(Formatter().parse(template))
    except ValueError as error:
        raise UsageError(f"expected a name template for name, got {template!r}: {error}") from None
    for _, key, spec, conversion in parts:
        if key is not None and key.startswith(EXIF):
            from imgbatch.operations.support import text_placeholders  # few names have such a field

            text_placeholders.check_tag(key)
        elif key is not None and key not in NAME_FIELDS:
            raise unknown(key, "field of a name template", (*NAME_FIELDS, "exif.Model"))
        if key is not None:
            check_width(key, spec or "", "name")
        if conversion:
            raise UsageError(f"expected no conversion (!{conversion}) for name, got {template!r}")
    if not template or template.endswith("/"):
        raise wrong_value("a template that names a file", "name", template)
    return template


def name_fields(template: str) -> set[str]:
    """The fields that a template uses."""
    return {key for _, key, _, _ in Formatter().parse(template) if key}


def canonical_dir(word: str) -> str:
    """The folder as typed; UsageError when it is empty."""
    if "\0" in word:
        raise ValueError(word)
    return word


NAME = Grammar(
    "a name template such as {dir}/{stem}.{ext}", canonical_name, (DEFAULT_NAME, "{stem}-{width}x{height}.{ext}")
)


@frozen
class Output(Encoding):
    """The wish for one file per source: folder, name, format and its options, and operations of its own.

    ``dir`` is relative to the output folder of the run; ``ops`` follow the recipe's own operations.
    """

    dir: Annotated[
        str, Grammar("a folder", canonical_dir, ("", "thumbs"), spell_path), "folder below the output folder"
    ] = ""
    name: Annotated[str, NAME, "how files are named", Brief("how files are named: '{dir}/{stem}-{width}.{ext}'")] = (
        DEFAULT_NAME
    )
    preserve: Annotated[bool, Switch(), "keep the source's times and mode", Heading("metadata")] = False
    ops: Sequence[Operation] = ()

    if TYPE_CHECKING:

        def __init__(
            self, format: Format = "same", quality: int | str | None = None,
            subsampling: Literal["auto", "4:4:4", "4:2:2", "4:2:0"] = "auto",
            progressive: bool = False, optimize: bool = False, lossless: bool = False,
            compression: Literal["keep", "none", "deflate", "lzw", "jpeg", "zstd", "g4"] = "keep",
            effort: int | None = None, depth: Literal["keep", "8", "16"] = "keep", colors: int | None = None,
            max_bytes: int | str | None = None, min_ssim: float | None = None, min_quality: int | None = None,
            then_shrink: bool = False, min_savings: str | None = None, background: Color = "#ffffff",
            frames: str = "all",
            icc: Literal["keep", "srgb", "none"] = "keep", gainmap: Literal["keep", "drop"] = "keep",
            assume_icc: str | os.PathLike[str] | None = None, strip: str | None = None, keep: str | None = None,
            set: Mapping[str, str | Sequence[str]] | None = None, dir: str | os.PathLike[str] = "",
            name: str = "{dir}/{stem}.{ext}", preserve: bool = False, ops: Operation | Iterable[Operation] = (),
        ) -> None: ...  # fmt: skip

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "ops", check_ops(self.ops))

    def renditions(self, widths: Iterable[int]) -> "tuple[Output, ...]":
        """This output once per width in px, for ``srcset`` (renditions.py)."""
        from imgbatch.planning.renditions import renditions  # which knows Output

        return renditions(self, widths)

    @property
    def rendition(self) -> int | None:
        """The width in px that a rendition asks for; None: it is none."""
        last = self.ops[-1] if self.ops else None
        match = re.fullmatch(r"(\d+)x", last.size) if isinstance(last, Resize) and not last.upscale else None
        return int(match[1]) if match and "width" in name_fields(self.name) else None


@frozen
class Recipe:
    """Operations and outputs; ``auto_orient`` applies the EXIF orientation first.

    Examples
    --------
    >>> import imgbatch as ib
    >>> recipe = ib.Recipe(ops=[ib.Resize("1600")], outputs=[ib.Output(format="webp", quality=80)])
    """

    ops: Sequence[Operation] = ()
    outputs: Sequence[Output] = field(default_factory=lambda: (Output(),))
    auto_orient: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "ops", check_ops(self.ops))
        several = not isinstance(self.outputs, Output) and isinstance(self.outputs, Iterable)
        outputs: tuple[Any, ...] = tuple(self.outputs) if several else (self.outputs,)
        if not outputs or not all(isinstance(output, Output) for output in outputs):
            raise wrong_value("at least one Output", "outputs", self.outputs)
        object.__setattr__(self, "outputs", outputs)
        if len({output.assume_icc for output in outputs} - {None}) > 1:
            raise wrong_value("one profile", "assume_icc of all outputs", "several; a picture has one source")
        object.__setattr__(self, "auto_orient", check_type("auto_orient", self.auto_orient, bool, "true or false"))

    def __repr__(self) -> str:
        parts = [f"{name}={list(some)!r}" for name, some in (("ops", self.ops), ("outputs", self.outputs)) if some]
        return f"Recipe({', '.join([*parts, *(() if self.auto_orient else ('auto_orient=False',))])})"

    @property
    def every_op(self) -> tuple[Operation, ...]:
        """Its operations, then those of its outputs."""
        return (*self.ops, *(op for output in self.outputs for op in output.ops))

    def map_ops(self, change: Callable[[Operation], Operation]) -> "Recipe":
        """The recipe with each operation, those of the outputs too, changed."""
        outputs = [replace(output, ops=tuple(map(change, output.ops))) for output in self.outputs]
        return replace(self, ops=tuple(map(change, self.ops)), outputs=outputs)

    def map_paths(self, change: Callable[[str], str]) -> "Recipe":
        """The recipe with each name of a file that it needs changed."""
        outputs = [map_paths(output, change) for output in self.outputs]
        return replace(self, outputs=outputs).map_ops(lambda op: map_paths(op, change))

    def canonical(self, output: int, contents: Mapping[str, str] | None = None) -> dict[str, Any]:
        """All that decides the bytes and the name of one output, defaults spelled out.

        Files that are needed count by their `contents` (the SHA-256 of each by its name) where these are known,
        so that it does not matter where they lie; operations that are not ours by the file that holds their code.
        """
        wish = self.outputs[output]
        hashes = contents or {}
        ops = [map_paths(op, lambda path: hashes.get(path, path)) for op in (*self.ops, *wish.ops)]
        table = to_table(map_paths(wish, lambda path: hashes.get(path, path)), everything=True)
        explicit = to_table(wish)
        return {
            "canonical": _CANONICAL,
            "auto_orient": self.auto_orient,
            "ops": [_op_facts(op) for op in ops],
            "output": {key: value for key, value in table.items() if key not in _LATER or key in explicit}
            | ({"subsampling": _WHOLE_CHROMA} if _may_have_whole_chroma(wish) else {}),
        }

    def output_digest(self, output: int, contents: Mapping[str, str] | None = None) -> str:
        """16 hex digits that differ when that output would; `contents` as for :meth:`canonical`."""
        return _digest(self.canonical(output, contents))

    @property
    def digest(self) -> str:
        """16 hex digits of the whole recipe."""
        return self.digest_with({})

    def digest_with(self, contents: Mapping[str, str]) -> str:
        """16 hex digits of the whole recipe; `contents` as for :meth:`canonical`."""
        text = "".join(self.output_digest(index, contents) for index in range(len(self.outputs)))
        return hashlib.sha256(text.encode("ascii")).hexdigest()[:16]

    def digest_of_explicit(self, contents: Mapping[str, str]) -> str:
        """16 hex digits of the explicit values, without defaults and our own number: the same in every version.

        For files that are changed where they lie, which must not be changed again because imgbatch was updated.
        """
        recipe = self.map_paths(lambda path: contents.get(path, path))
        ops = [_op_facts(op, everything=False) for op in recipe.every_op]
        return _digest([self.auto_orient, ops, [to_table(output) for output in recipe.outputs]])


def _may_have_whole_chroma(output: Output) -> bool:
    """Whether ``auto`` may sample the colors of an output as 4:4:4, by the highest quality that it may get."""
    if output.subsampling != "auto" or output.quality == "keep":
        return False
    quality = output.quality or (100 if output.min_ssim is not None else 0)
    formats = CODECS if output.format == SAME else (output.format,)
    least = [whole for name in formats if (whole := WRITTEN[name].whole_chroma) is not None]
    return isinstance(quality, int) and bool(least) and quality >= min(least)


def _digest(facts: object) -> str:
    import json  # not in workers, which have the recipe but no use for its digest

    return hashlib.sha256(json.dumps(facts, sort_keys=True, ensure_ascii=True).encode("ascii")).hexdigest()[:16]


def check_ops(ops: object, name: str = "ops") -> tuple[Operation, ...]:
    """`ops`, the argument of that name, as a tuple of operations; UsageError when something else is among them."""
    if isinstance(ops, Operation):
        return (ops,)
    if isinstance(ops, (str, bytes, Mapping)) or hasattr(ops, "read") or not isinstance(ops, Iterable):
        raise wrong_value("a list of operations such as [Resize('1600')]", name, ops)
    items = tuple(ops)
    for op in items:
        if not isinstance(op, Operation):
            raise wrong_value("operations such as Resize('1600')", name, op)
        if not is_builtin(type(op)):
            from imgbatch.operations.custom import check_parameters

            check_parameters(op)
    return items


def op_table(op: Operation, folder: str | None = None) -> dict[str, Any]:
    """The table of one operation in a recipe in `folder`."""
    if is_builtin(type(op)):
        return {"name": op.word, **to_table(op)}
    from imgbatch.operations import plugins

    return {"name": plugins.spell(type(op), folder), **to_table(op)}


def _op_facts(op: Operation, everything: bool = True) -> dict[str, Any]:
    """All of one operation, its code too where that is not ours."""
    facts = {"name": op.word}
    if not is_builtin(type(op)):
        from imgbatch.operations import plugins

        facts["code"] = plugins.code(type(op))
    return {**facts, **to_table(op, everything)}
