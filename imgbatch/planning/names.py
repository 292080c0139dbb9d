"""Names: what is a file called? Name templates, filled in two steps, and when two names are the same.

Planning fills in what is known before the pixels; ``{width}``, ``{height}`` and ``{hash}`` are left for work. The
folder and the collisions are plan.py's.
"""

from __future__ import annotations

import functools
import os
import re
import unicodedata
from collections.abc import Iterable, Mapping
from string import Formatter
from typing import Any

from imgbatch.codecs.registry import WRITTEN
from imgbatch.core.errors import BLAME, ImageError, UsageError, kind_of_errno, one_line
from imgbatch.core.job import Source
from imgbatch.operations.base import EXIF
from imgbatch.storage.registry import storage_of

LATE = frozenset({"width", "height", "hash"})
STATE = ".imgbatch"  # the folder of our own in an output folder; no image may be written below it
NAME_BYTES = 255  # what file systems take for one name

_LATE_EXAMPLE = (1, 1, "0" * 16)

NO_TAG = "unknown"  # what stands for a tag that a picture does not have
_PART_BYTES = 100  # of a tag in a name
_UNSAFE = r'[/\\:*?"<>|]+'  # compiled when it is needed
_HEAD = 256 * 1024  # bytes of a JPEG that nearly always hold all before its pixels

Part = tuple[str, str | None, str]


def fill_early(template: str, values: Mapping[str, Any]) -> str:
    """`template` with the early fields filled in.

    When it has late fields the result is again a template (braces that came from names are doubled), else a name.
    """
    if is_late(template):
        return "".join(
            escape(literal) + ("" if key is None else _fill_or_keep(key, values, spec))
            for literal, key, spec in _parts(template)
        )
    name = ""
    for literal, key, spec in _parts(template):
        name += literal
        if key is not None:
            name += _format(key, values[key], spec) if spec else str(values[key])
    return name


def fill_late(path: str, width: int, height: int, digest: str) -> str:
    """The name that a late template stands for.

    Parameters
    ----------
    path : str
        The template: the result of :func:`fill_early`, below its folder.
    width, height : int
        In px, as encoded.
    digest : str
        The source's content hash in hex.
    """
    values = {"width": width, "height": height, "hash": digest}
    return "".join(
        literal + ("" if key is None else _format(key, values[key], spec or ""))
        for literal, key, spec, _ in Formatter().parse(path)
    )


@functools.cache
def example() -> dict[str, Any]:
    """Values that stand for any source's, to try a template with."""
    import datetime  # workers have no use for it

    return {
        "dir": "", "stem": "x", "ext": "jpg", "name": "x.jpg", "format": "jpeg", "n": 1, "recipe": "0" * 16,
        "date": datetime.datetime(2000, 1, 1), "mtime": datetime.datetime(2000, 1, 1),
    }  # fmt: skip


def with_exif(template: str) -> dict[str, str]:
    """The fields of a template that are EXIF tags, with values to try it with."""
    return {key: "x" for _, key, _ in _parts(template) if key is not None and key.startswith(EXIF)}


def picture_values(source: Source, fields: Iterable[str]) -> dict[str, Any]:
    """What a template asks of the picture itself: ``date`` and ``exif.`` fields; a date that is not there is None.

    Only the head of a JPEG is read; elsewhere what is asked for may stand behind the pixels.

    Parameters
    ----------
    source : Source
    fields : iterable of str

    Raises
    ------
    ImageError
        It cannot be read now, so that its name is not known.
    """
    from imgbatch import codecs
    from imgbatch.codecs.metadata.texts.capture_date import capture_date
    from imgbatch.codecs.metadata.texts.exif_text import texts_of_file

    store, suffix = storage_of(source.path), split_name(source.relative.rpartition("/")[2])[1]
    try:
        data = store.read_prefix(source.path, _HEAD)
        is_jpeg = codecs.format_of(data[: codecs.PREFIX]) == "jpeg"
        metadata = codecs.read_metadata(data, suffix) if is_jpeg else None
        if metadata is None and (not is_jpeg or len(data) == _HEAD):
            data = store.read(source.path)
            metadata = codecs.read_metadata(data, suffix)
    except FileNotFoundError:
        data, metadata = b"", None  # who reads it will say so
    except OSError as error:
        raise ImageError(kind_of_errno(error.errno), one_line(error.strerror or str(error))) from error
    except ImageError as error:
        if BLAME[error.kind] != "file":
            raise
        metadata = None  # who decodes it will say what is wrong
    metadata = metadata or codecs.Metadata()
    values: dict[str, Any] = {"date": capture_date(metadata, data) if "date" in fields else None}
    tag_fields = [field for field in fields if field.startswith(EXIF)]
    tags = texts_of_file(metadata.exif, data) if tag_fields else {}
    return values | {field: safe(tags.get(field.removeprefix(EXIF), "")) or NO_TAG for field in tag_fields}


def safe(text: str) -> str:
    """`text` as a part of a name that every system takes: no separators, nothing hidden, not too long."""
    visible = "".join(character if character.isprintable() else " " for character in text)
    part = " ".join(re.sub(_UNSAFE, "-", visible).split()).strip(". ")
    return os.fsencode(part)[:_PART_BYTES].decode("utf-8", "ignore").rstrip(". ")


def fill_example(path: str) -> str:
    """A name such as a late template will give, to see where it leads."""
    return fill_late(path, *_LATE_EXAMPLE)


def check_template(template: str) -> None:
    """UsageError when no source can get a name from `template`: a format that does not fit, a NUL byte."""
    for _, key, spec in _parts(template):
        if key in LATE and "/" in spec:
            raise UsageError(f"expected a format without / for {{{key}}} in a name, got {spec!r}")
    result = fill_early(template, {**example(), **with_exif(template)})
    name = fill_example(result) if is_late(template) else result
    try:
        usable = b"\0" not in os.fsencode(name)
    except UnicodeEncodeError:
        usable = False
    if not usable:
        raise UsageError(f"expected a name template that files can have, got {template!r}")


@functools.lru_cache(maxsize=256)
def is_late(template: str) -> bool:
    """Whether the template has fields that are only known with the pixels."""
    return any(key in LATE for _, key, _ in _parts(template))


def escape(text: str) -> str:
    """`text` as a template that stands for itself."""
    return text.replace("{", "{{").replace("}", "}}")


def _fill_or_keep(key: str, values: Mapping[str, Any], spec: str) -> str:
    if key in LATE:
        return "{" + key + (":" + spec if spec else "") + "}"
    return escape(_format(key, values[key], spec))


@functools.lru_cache(maxsize=256)  # one template names all files
def _parts(template: str) -> tuple[Part, ...]:
    return tuple((literal, key, spec or "") for literal, key, spec, _ in Formatter().parse(template))


def _format(key: str, value: Any, spec: str) -> str:
    try:
        return format(value, spec)
    except (ValueError, TypeError) as error:
        raise UsageError(f"expected a format that fits {{{key}}} for name, got {spec!r}: {error}") from None


# -- names -------------------------------------------------------------------------------------------------------------


def split_name(name: str) -> tuple[str, str]:
    """Stem and suffix (with its dot): the last one only, and none in ``.hidden``, ``...jpg`` or ``name.``."""
    dot = name.rfind(".")
    if dot <= 0 or dot == len(name) - 1 or not name[:dot].strip("."):
        return name, ""
    return name[:dot], name[dot:]


def extension(suffix: str, format: str) -> str:
    """What ``{ext}`` is (without a dot): the source's own suffix where it fits the format to write, else the usual."""
    suffixes = WRITTEN[format].suffixes
    return suffix[1:] if suffix.lower() in suffixes else suffixes[0][1:]


def added_extension(suffix: str, format: str) -> str:
    """``{ext}`` where the source's format cannot be written: ``scan.ppm`` -> ``scan.ppm.png``."""
    suffixes = WRITTEN[format].suffixes
    return extension(suffix, format) if not suffix or suffix.lower() in suffixes else suffix[1:] + suffixes[0]


def numbered_name(name: str, number: int) -> str:
    """``name-1.ext``, for ``--rename``."""
    stem, suffix = split_name(name)
    return f"{stem}-{number}{suffix}"


def too_long(name: str) -> bool:
    """Whether no file system takes so long a name."""
    return len(name) * 4 > NAME_BYTES and len(os.fsencode(name)) > NAME_BYTES


def key(path: str) -> str:
    """The same for two names that some file system takes for one: upper and lower case, composed and decomposed."""
    if path.isascii():
        return path.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", path).casefold())
