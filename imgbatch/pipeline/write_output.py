"""Output file: how does an output get to its place? Whole or not at all, and over nothing that is not ours."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from imgbatch import codecs
from imgbatch.core.errors import ImageError
from imgbatch.core.job import Job, Target
from imgbatch.core.quantities import Size
from imgbatch.pipeline.decisions.decode_plan import sizes_along
from imgbatch.planning.names import fill_late
from imgbatch.planning.recipe import Output
from imgbatch.storage.base import Storage
from imgbatch.storage.registry import storage_of

if TYPE_CHECKING:
    from imgbatch.codecs.writing.encode import EncodedFile
    from imgbatch.pipeline.image_task import ImageTask
    from imgbatch.pipeline.steps import ImageContext


def output_format(target: Target, modes: Iterable[str]) -> str:
    """The planned format for pixels of those modes, or TIFF: in place of a PNG that cannot hold them."""
    if target.other is not None and not all(codecs.holds(target.format, mode) for mode in modes):
        return "tiff"
    return target.format


def output_path(target: Target, format: str, size: Size | None, digest: str) -> str:
    """Where a picture goes.

    Parameters
    ----------
    target : Target
        Its other path, if any, is meant where the format is another one.
    format : str
        See :func:`output_format`.
    size : (int, int) or None
        Width and height in px for names that hold them; None, as long as they are not known: the template.
    digest : str
        Of the source (:func:`storage.atomic_write.content_hash`), whose first 16 digits are ``{hash}``.

    Raises
    ------
    ImageError
        Kind ``io``: the name is longer than file systems take.
    """
    path = target.path if format == target.format or target.other is None else target.other
    if target.late and size is not None:
        from imgbatch.planning.folders import too_long_sentence, unusable  # other names were looked at when planned

        path = fill_late(path, *size, digest[:16])
        if unusable(path, os.sep):
            raise ImageError("io", too_long_sentence(path))
    return path


def refuse_long_names(image: ImageContext) -> None:
    """ImageError, before anything is written, for a name that gets too long by the size of its picture.

    What only the pixels can tell is seen when the file is to be written (:func:`output_path`).
    """
    recipe, picture = image.task.recipe, image.picture
    for target, output in zip(image.job.targets, image.outputs, strict=True):
        if target.late:
            start = picture.upright_size if recipe.auto_orient else picture.size
            try:
                size = sizes_along((*recipe.ops, *output.ops), start)[-1]
                output_path(target, target.format, size, image.source_hash)
            except ImageError:
                image.timer.enter("write")
                raise


def write_output(
    path: str, job: Job, target: Target, file: EncodedFile, output: Output, again: bool, task: ImageTask
) -> int:
    """Write an encoded picture, with its source's times and mode where these are kept; its :meth:`Storage.version`.

    All that may fail is done before it is in its place: there, without a record, it would be in the next run's way.

    Parameters
    ----------
    path : str
        Its :func:`output_path`.
    again : bool
        Whether a worker was lost that may have written the file already, perhaps on another machine: then one that
        holds these very bytes is taken for ours. Clocks are not asked, since those of two machines differ.
    task : ImageTask
        Its root is never left. Where a run was killed before this one (`is_continuation`) and may have put there what
        it could not record, the same holds, and for what a power cut left of the bytes. Any other file is foreign.

    Raises
    ------
    ImageError
        Kind ``exists`` for a file in the way that may not be replaced.
    """
    store = task.output_store or storage_of(path)
    replace = target.replace or path in target.earlier_outputs
    like = job.source.path if output.preserve else None
    version = dict(target.versions).get(path)
    try:
        if replace and version is not None:
            with contextlib.suppress(FileNotFoundError):  # gone meanwhile
                return store.version(store.replace_version(path, file.data, version, like=like))
        write = store.write_whole if replace and version is None else store.create_exclusively
        return store.version(write(path, file.data, like=like))
    except FileExistsError:
        if task.is_continuation and _is_cut(store, path, file.data):
            return store.version(store.write_whole(path, file.data, like=like))
        may_be_ours = again or task.is_continuation
        if not (may_be_ours and store.holds(path, file.data)):
            raise ImageError("exists", _refusal(path, target, may_be_ours)) from None
    if like is not None:
        store.preserve(path, like)
    return store.version(store.stat(path))


def refuse_another_picture(path: str, file: EncodedFile, output: Output, earlier: EncodedFile, other: Output) -> None:
    """Nothing where an output is the file that another one has written, as renditions wider than the picture are.

    These are one picture, be it made in two ways.

    Parameters
    ----------
    path : str
        Of both.
    file, output
        What is to be written, and for which wish.
    earlier, other
        The same of what is there.

    Raises
    ------
    ImageError
        Kind ``exists``: it is another picture.
    """
    same_size = (file.width, file.height) == (earlier.width, earlier.height)
    if earlier.data != file.data and not (same_size and _are_renditions_of_one(output, other)):
        raise ImageError("exists", f"two outputs would both be {path}; give them different --name or dir")


def smaller_file(image: ImageContext, file: EncodedFile, output: Output) -> EncodedFile:
    """`file`, or the source's bytes where it saves less than was asked for: 0 % where nothing was said.

    Parameters
    ----------
    image : ImageContext
    file : EncodedFile
        May be replaced by its source.
    output : Output
        The wish for it.
    """
    data = image.data
    share = float((output.min_savings or "0%").removesuffix("%"))
    if len(file.data) < len(data) * (1 - share / 100) or len(data) > (output.max_bytes or len(data)):
        return file
    from imgbatch.codecs.writing.encode import EncodedFile  # who encoded a file has it loaded

    saving = f"{100 * (1 - len(file.data) / len(data)):.1f}%"
    change = f"original's bytes kept: encoding would save {saving}"
    return EncodedFile(
        data, file.format, *image.picture.size, file.frames, changes=[change], has_position=file.has_position
    )


def _are_renditions_of_one(output: Output, other: Output) -> bool:
    """Whether two outputs differ in nothing but the width that they ask for."""
    if output.rendition is None or other.rendition is None:
        return False
    return replace(output, ops=output.ops[:-1]) == replace(other, ops=other.ops[:-1])


def _is_cut(store: Storage, path: str, data: bytes) -> bool:
    """Whether a file is what a power cut leaves of these bytes: their beginning, or nothing."""
    if store.properties.whole_after_power_cut:
        return False
    with contextlib.suppress(OSError):
        status = store.stat(path, follow_links=False)
        whole = stat.S_ISREG(status.st_mode) and status.st_size < len(data)
        return whole and data.startswith(store.read_prefix(path, status.st_size))
    return False


def _refusal(path: str, target: Target, may_be_ours: bool) -> str:
    if target.late:
        return f"{path} is there already, foreign or made of another source; add {{name}} or {{hash}} to --name"
    if may_be_ours:
        return (
            f"{path} exists, and is not what is made now: it may be somebody's, or of a worker or run that was killed, "
            "or whose ledger was damaged; move it away, or --overwrite"
        )
    return f"{path} exists and was not made by imgbatch; choose another -o or --name"
