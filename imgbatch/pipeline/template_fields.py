"""Template fields: what is known of one file that an operation may ask for? Its names, size, date, EXIF tags.

The answer to :meth:`operations.base.Operation.of_file`: each value is looked up when it is asked for, so that a run
whose operations ask for nothing pays nothing.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from imgbatch.core.job import Job
from imgbatch.operations import Operation
from imgbatch.planning.names import split_name

if TYPE_CHECKING:
    from datetime import datetime

    from PIL.Image import Exif, Image

    from imgbatch.codecs import SourceImage

_EXIF = "exif."
_EXIF_IFD = 0x8769


class TemplateFields(Mapping[str, Any]):
    """Values by name, each made when it is asked for; a value that is None counts as not there.

    Parameters
    ----------
    makers : mapping of str to callable
        What gives each value, by its name.
    exif : callable
        Gives the EXIF, read once for all tags.
    fields : set of str, optional
        Gets ``n`` and ``mtime`` where they are used: the file's content and name do not decide them.
    """

    def __init__(
        self, makers: Mapping[str, Callable[[], Any]], exif: Callable[[], Exif], fields: set[str] | None = None
    ) -> None:
        self._makers, self._read = makers, exif
        self._fields: set[str] = set() if fields is None else fields
        self._tags: dict[str, str] | None = None

    def __getitem__(self, key: str) -> Any:
        if key.startswith(_EXIF):
            return self._exif[key.removeprefix(_EXIF)]
        if key == "n":
            self._fields.add(key)
        value = self._date() if key == "date" else self._makers[key]()
        if value is None:
            raise KeyError(key)
        return value

    def __iter__(self) -> Iterator[str]:
        yield from self._makers
        yield from (_EXIF + name for name in self._exif)

    def __len__(self) -> int:
        return len(self._makers) + len(self._exif)

    @property
    def _exif(self) -> dict[str, str]:
        if self._tags is None:
            self._tags = tag_texts(self._read())
        return self._tags

    def _date(self) -> Any:
        from datetime import datetime  # few captions have a date

        for tag in ("DateTimeOriginal", "DateTimeDigitized", "DateTime"):
            try:
                return datetime.strptime(self._exif.get(tag, "")[:19], "%Y:%m:%d %H:%M:%S")
            except ValueError:
                continue
        self._fields.add("mtime")
        return self._makers["date"]()


def bind_fields(
    ops: Sequence[Operation], job: Job, picture: SourceImage, fields: set[str] | None = None
) -> tuple[Operation, ...]:
    """`ops` with their texts filled in for the file of a job.

    Parameters
    ----------
    ops : sequence of Operation
    job : Job
        Gives the name, the number ``{n}`` (from 1) and the day of the last change.
    picture : SourceImage
        Gives the upright size in px and the EXIF.
    fields : set of str, optional
        Gets what the operations ask for that is no part of the file's content or name.
    """
    if not needs_fields(ops):
        return tuple(ops)
    source = job.source
    folder, name = posixpath.split(source.relative)
    stem, suffix = split_name(name)

    def exif() -> Exif:
        from PIL.Image import Exif as Block

        block = Block()
        if picture.metadata.exif:
            block.load(b"Exif\0\0" + picture.metadata.exif)
        return block

    facts = TemplateFields(
        {
            "name": lambda: name, "stem": lambda: stem, "ext": lambda: suffix[1:], "dir": lambda: folder,
            "width": lambda: picture.upright_size[0], "height": lambda: picture.upright_size[1],
            "n": lambda: job.index + 1, "date": lambda: _day(source.mtime_ns),
        },
        exif,
        fields,
    )  # fmt: skip
    return tuple(op.of_file(facts) for op in ops)


def bind_image_fields(ops: Sequence[Operation], image: Image) -> tuple[Operation, ...]:
    """`ops` for a picture in memory: its file's name where it has one, and its EXIF."""
    if not needs_fields(ops):
        return tuple(ops)
    name = posixpath.basename(str(getattr(image, "filename", "") or "").replace("\\", "/"))
    stem, suffix = split_name(name)
    facts = TemplateFields(
        {
            "name": lambda: name or None, "stem": lambda: stem or None, "ext": lambda: suffix[1:] or None,
            "width": lambda: image.width, "height": lambda: image.height, "date": lambda: None,
        },
        image.getexif,
    )  # fmt: skip
    return tuple(op.of_file(facts) for op in ops)


def tag_texts(exif: Exif) -> dict[str, str]:
    """The tags of the picture and of how it was taken, by their names, as text."""
    from PIL.ExifTags import TAGS

    texts = {}
    for block in (exif, exif.get_ifd(_EXIF_IFD)):
        for tag, value in block.items():
            text = _as_text(value)
            if tag in TAGS and text:
                texts[TAGS[tag]] = text
    return texts


def _as_text(value: object) -> str:
    if isinstance(value, bytes):
        value = value.removeprefix(b"ASCII\0\0\0").decode("utf-8", "replace")
    if isinstance(value, tuple):
        return " ".join(map(_as_text, value))
    if isinstance(value, str):
        return " ".join(value.replace("\0", " ").split())
    try:
        return f"{float(value):g}"  # type: ignore[arg-type]  # a number or a ratio; what is neither has no text
    except (TypeError, ValueError, ZeroDivisionError):
        return ""


def needs_fields(ops: Sequence[Operation]) -> bool:
    """Whether any of `ops` wants to know something of its file."""
    return any(type(op).of_file is not Operation.of_file for op in ops)


def _day(mtime_ns: int) -> datetime | None:
    from datetime import datetime

    try:
        return datetime.fromtimestamp(mtime_ns / 1e9)
    except (ValueError, OverflowError, OSError):
        return None
