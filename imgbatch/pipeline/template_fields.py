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
from imgbatch.operations.base import EXIF
from imgbatch.planning.names import split_name

if TYPE_CHECKING:
    from datetime import datetime

    from PIL.Image import Image

    from imgbatch.codecs import SourceImage


class TemplateFields(Mapping[str, Any]):
    """Values by name, each made when it is asked for; a value that is None counts as not there.

    Parameters
    ----------
    makers : mapping of str to callable
        What gives each value, by its name.
    tags : callable
        Gives the EXIF tags as text, read once for all.
    fields : set of str, optional
        Gets ``n`` and ``mtime`` where they are used: the file's content and name do not decide them.
    """

    def __init__(
        self,
        makers: Mapping[str, Callable[[], Any]],
        tags: Callable[[], Mapping[str, str]],
        fields: set[str] | None = None,
    ) -> None:
        self._makers, self._read = makers, tags
        self._fields: set[str] = set() if fields is None else fields
        self._tags: Mapping[str, str] | None = None

    def __getitem__(self, key: str) -> Any:
        if key.startswith(EXIF):
            return self._exif[key.removeprefix(EXIF)]
        value = self._makers[key]()
        if value is None and key == "date":
            key = "mtime"
            value = self._makers[key]()
        if value is None:
            raise KeyError(key)
        if key in ("n", "mtime"):
            self._fields.add(key)
        return value

    def __iter__(self) -> Iterator[str]:
        yield from self._makers
        yield from (EXIF + name for name in self._exif)

    def __len__(self) -> int:
        return len(self._makers) + len(self._exif)

    @property
    def _exif(self) -> Mapping[str, str]:
        if self._tags is None:
            self._tags = self._read()
        return self._tags


def bind_fields(
    ops: Sequence[Operation],
    job: Job,
    picture: SourceImage,
    data: bytes,
    upright: bool,
    fields: set[str] | None = None,
) -> tuple[Operation, ...]:
    """`ops` with their texts filled in for the file of a job.

    Parameters
    ----------
    ops : sequence of Operation
    job : Job
        Gives the name, the number ``{n}`` (from 1) and the day of the last change.
    picture : SourceImage
        Gives the upright size in px and the metadata.
    data : bytes
        The file.
    upright : bool
        Whether the picture's orientation is applied first.
    fields : set of str, optional
        Gets what the operations ask for that is no part of the file's content or name.
    """
    if not needs_fields(ops):
        return tuple(ops)
    source = job.source
    folder, name = posixpath.split(source.relative)
    stem, suffix = split_name(name)

    def date() -> datetime | None:
        from imgbatch.codecs.metadata.texts.capture_date import capture_date

        return capture_date(picture.metadata, data)

    def tags() -> Mapping[str, str]:
        from imgbatch.codecs.metadata.texts.exif_text import texts_of_file  # few operations ask for them

        return texts_of_file(picture.metadata.exif, data)

    facts = TemplateFields(
        {
            "name": lambda: name, "stem": lambda: stem, "ext": lambda: suffix[1:], "dir": lambda: folder,
            "width": lambda: picture.upright_size[0], "height": lambda: picture.upright_size[1],
            "n": lambda: job.index + 1, "date": date, "mtime": lambda: _day(source.mtime_ns),
            "orientation": lambda: picture.sensor_orientation(upright),
        },
        tags,
        fields,
    )  # fmt: skip
    return tuple(op.of_file(facts) for op in ops)


def bind_image_fields(ops: Sequence[Operation], image: Image, orientation: int = 1) -> tuple[Operation, ...]:
    """`ops` for a picture in memory: its file's name where it has one, and its EXIF.

    Parameters
    ----------
    ops : sequence of Operation
    image : Image
    orientation : int
        EXIF's 1..8, from which it was turned upright.
    """
    if not needs_fields(ops):
        return tuple(ops)
    from imgbatch.codecs.metadata.texts.capture_date import date_of_tags
    from imgbatch.codecs.metadata.texts.exif_text import texts_of_exif

    name = posixpath.basename(str(getattr(image, "filename", "") or "").replace("\\", "/"))
    stem, suffix = split_name(name)
    facts = TemplateFields(
        {
            "name": lambda: name or None, "stem": lambda: stem or None, "ext": lambda: suffix[1:] or None,
            "width": lambda: image.width, "height": lambda: image.height,
            "date": lambda: next(date_of_tags(texts_of_exif(image.getexif())), None), "mtime": lambda: None,
            "orientation": lambda: orientation,
        },
        lambda: texts_of_exif(image.getexif()),
    )  # fmt: skip
    return tuple(op.of_file(facts) for op in ops)


def needs_fields(ops: Sequence[Operation]) -> bool:
    """Whether any of `ops` wants to know something of its file."""
    return any(type(op).of_file is not Operation.of_file for op in ops)


def _day(mtime_ns: int) -> datetime | None:
    from datetime import datetime

    try:
        return datetime.fromtimestamp(mtime_ns / 1e9)
    except (ValueError, OverflowError, OSError):
        return None
