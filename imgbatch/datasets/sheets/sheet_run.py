"""Sheet run: how does a folder become a contact sheet? Workers make the pictures small, this process draws the pages.

A page is drawn when all of its pictures are there; those of later pages wait on the disk. So a sheet of ten thousand
takes the memory of one page, and its bytes are the same for any number of workers.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal, Unpack

from imgbatch.core.errors import ImageError, PlanError, UsageError
from imgbatch.core.job import Job, Outcome, Source
from imgbatch.core.parameter_kinds import check_path, check_type
from imgbatch.core.parameters import from_table
from imgbatch.core.report import Report
from imgbatch.core.run_settings import Filters, Settings
from imgbatch.datasets.sheets.layout import SheetLayout
from imgbatch.datasets.sheets.page import PageArtist
from imgbatch.datasets.sheets.page_files import SIDES, PageFiles, format_of_sheet, other_pages, paths_of
from imgbatch.operations import Resize
from imgbatch.pipeline.previews.cell import Cell, CellTask
from imgbatch.planning.names import picture_values
from imgbatch.reporters.progress import carry_out
from imgbatch.runs.base import Run
from imgbatch.runs.keywords import ResizeKeywords, read_only_settings
from imgbatch.runs.workload import Path
from imgbatch.storage.registry import refuse_remote, refuse_unknown_stores
from imgbatch.storage.temporary import numbered_name, remove_numbered_files, sweep, temporary_name

if TYPE_CHECKING:
    from PIL.Image import Image


class SheetRun(Run):
    """A run that shows images on the pages of a contact sheet.

    Parameters
    ----------
    paths, settings, filters
        As of :class:`runs.base.Run`; with `overwrite` in the settings, files in the way are replaced.
    out : path
        Ends in ``.jpg``, ``.png``, ``.webp`` or ``.pdf``.
    layout : SheetLayout, optional
    auto_orient : bool
        Whether pictures are turned upright as EXIF says.

    Attributes
    ----------
    page_paths : list of str
        The files of the sheet (absolute), once it is prepared.
    """

    def __init__(
        self,
        paths: Sequence[Path] | Path,
        out: Path,
        layout: SheetLayout | None = None,
        *,
        settings: Settings | None = None,
        filters: Filters | None = None,
        auto_orient: bool = True,
    ) -> None:
        super().__init__(paths, settings, filters)
        self._name = check_path("out", out, "a file name such as sheet.jpg")
        refuse_unknown_stores(self._name)
        refuse_remote("the sheet", self._name)
        self._layout = SheetLayout() if layout is None else check_type("layout", layout, SheetLayout, "a SheetLayout")
        format = format_of_sheet(self._name)
        self._layout.refuse_beyond(SIDES[format], format)
        self._font = None if self._layout.font is None else _font(self._layout.font)
        self._auto_orient = check_type("auto_orient", auto_orient, bool, "true or false")
        self._folder = os.path.dirname(os.path.abspath(self._name))
        self._place = temporary_name(self._folder)
        self._files = PageFiles(self._name)
        self._pending: dict[int, Outcome] = {}
        self._order: list[int] = []  # the indices of the jobs, as they are shown
        self._page = 0
        self.page_paths: list[str] = []

    def prepare(self) -> None:
        """Find the sources; PlanError when something is in the way. Only removes what a killed one has left."""
        super().prepare()
        sweep(self._folder)
        jobs = self._in_order()
        self._order = [job.index for job in jobs]
        self.workload.todo = jobs
        self.page_paths = paths_of(self._name, self._layout.pages(len(jobs)))
        sources = {name for job in jobs for name in (job.source.path, os.path.realpath(job.source.path))}
        for path in self.page_paths:
            if path in sources or os.path.realpath(path) in sources:
                raise PlanError(f"{path} is one of the sources, which are never overwritten; choose another -o")
            if os.path.isdir(path):
                raise PlanError(f"{path} is a folder; choose another -o")
            if os.path.lexists(path) and not self.settings.overwrite:
                raise PlanError(f"{path} is in the way; replace it with --overwrite, or choose another -o")

    def _in_order(self) -> Sequence[Job]:
        layout = self._layout
        jobs: Sequence[Job] = self.workload.todo
        if layout.order == "size":
            jobs = sorted(jobs, key=lambda job: job.source.size)
        elif layout.order == "date":
            jobs = sorted(jobs, key=lambda job: _date(job.source))
        return list(jobs)[::-1] if layout.reverse else jobs

    def _work(self) -> Iterator[Outcome]:
        layout = self._layout
        os.makedirs(self._folder, exist_ok=True)
        self._artist = PageArtist(layout, len(self._order), self._font)
        self._choose_resampler([Resize(layout.cell)])
        task = CellTask(
            layout.box, layout.caption, layout.background, self._place, self.settings.max_pixels, self._auto_orient
        )
        with contextlib.closing(self._do_all(task)) as outcomes:
            for outcome in outcomes:
                self._pending[outcome.index] = outcome
                self._draw_pages()
                yield outcome
        if not self._order:
            self._files.add(self._artist.draw((), 0))
        if missing := "".join(sorted(self._artist.missing_letters)):
            self.report.warnings.append(f"the font of the sheet has no {missing[:20]!r}; choose another with font=FILE")

    def _draw_pages(self) -> None:
        """Draw the next pages, as far as all of their pictures are there."""
        count = self._layout.per_page
        while indices := self._order[self._page * count : (self._page + 1) * count]:
            if not all(index in self._pending for index in indices):
                return
            cells = [self._cell(self._pending.pop(index)) for index in indices]
            self._files.add(self._artist.draw(cells, self._page))
            self._page += 1

    def _cell(self, outcome: Outcome) -> tuple[Outcome, Image | None, str]:
        from PIL import Image as Images

        if not isinstance(outcome, Cell):
            caption = os.path.basename(outcome.source.relative) if self._layout.caption else ""
            return outcome, None, caption
        name = numbered_name(self._place, outcome.index)
        with open(name, "rb") as file:
            image = Images.frombytes("RGB", outcome.size, file.read())
        os.unlink(name)
        return outcome, image, outcome.caption

    @contextlib.contextmanager
    def _session(self) -> Iterator[None]:
        """After the block the files are put in place if all of the work was done; else nothing is left."""
        try:
            yield
            if self.report.stopped is None:
                self._files.place(self.page_paths, self.settings.overwrite)
                self.report.bytes_out = sum(map(os.path.getsize, self.page_paths))
                if self.settings.overwrite:
                    self._warn_of_other_pages()
        finally:
            self._clear()

    def _warn_of_other_pages(self) -> None:
        """Say that pages of a former sheet, which had more of them, lie beside this one: it may be somebody's work."""
        if others := list(map(os.path.basename, other_pages(self._name, len(self.page_paths)))):
            files = f"{others[0]} and {len(others) - 1} more files" if len(others) > 1 else others[0]
            self.report.warnings.append(f"of another sheet, and left alone beside this one: {files}")

    def abort(self) -> None:
        """Stop at once, and remove what was begun."""
        super().abort()
        self._clear()

    def _clear(self) -> None:
        """Remove what is not in its place, and pictures that wait for their page."""
        self._files.release()
        remove_numbered_files(self._place)


def sheet(
    paths: Sequence[Path] | Path,
    out: Path,
    *,
    columns: int = 5,
    rows: int = 6,
    cell: str | tuple[int, int] = "300x300",
    caption: str = "{name}",
    title: str = "",
    order: Literal["name", "date", "size"] = "name",
    reverse: bool = False,
    background: str | tuple[int, ...] = "white",
    font: Path | None = None,
    overwrite: bool = False,
    filters: Filters | None = None,
    auto_orient: bool = True,
    progress: bool = False,
    **settings: Unpack[ResizeKeywords],
) -> Report:
    """Show images on a contact sheet, small, with their names; a picture that cannot be read has a cell that says why.

    Parameters
    ----------
    paths : path or sequence of paths
        Files, folders (recursive) and globs.
    out : path
        ``sheet.jpg``, ``.png`` or ``.webp`` (several pages become ``sheet-1.jpg``, ``sheet-2.jpg`` ...), or ``.pdf``.
    columns, rows : int
        Pictures side by side, and one below the other on a page.
    cell : str or (int, int)
        Width and height in px of the room of a picture, which is not enlarged: ``"300x300"``.
    caption : str
        Below each picture, with fields as of :class:`imgbatch.Text`: ``"{name}\\n{width}x{height}"``.
    title : str
        Above the pictures of each page.
    order : "name", "date" or "size"
        By name, by the date on which they were taken (else modified), or by bytes.
    reverse : bool
        The last first.
    background : str or tuple of int
        Of the page: a color, ``"white"`` or ``(255, 255, 255)``.
    font : path, optional
        A TrueType or OpenType file; the font that comes with Pillow, which has Latin letters, when not given.
    overwrite : bool
        Whether files in the way are replaced.
    filters : Filters, optional
        Which files of folders and globs count.
    auto_orient : bool
        Whether the EXIF orientation is applied first.
    progress : bool
        Whether a bar of tqdm's shows how far it is, as of :func:`imgbatch.run`.
    **settings
        As :func:`imgbatch.stats` has them.

    Returns
    -------
    Report
        ``.ok``, ``.failed``, ``.outcomes`` in the order of the sources.

    Raises
    ------
    UsageError, PlanError
        Before the first image is opened: a wrong value, a missing source, a file in the way.
    EngineError
        Workers cannot be started.
    """
    words: dict[str, Any] = {
        "columns": columns, "rows": rows, "cell": cell, "caption": caption, "title": title, "order": order,
        "reverse": reverse, "background": background, "font": None if font is None else os.fspath(font),
    }  # fmt: skip
    options = read_only_settings(settings, ResizeKeywords)
    options = dataclasses.replace(options, overwrite=check_type("overwrite", overwrite, bool, "true or false"))
    run = SheetRun(
        paths, out, from_table(SheetLayout, words), settings=options, filters=filters, auto_orient=auto_orient
    )
    carry_out(run, progress)
    return run.report


def _font(path: str) -> bytes:
    """The bytes of a font's file; UsageError where it is none."""
    from imgbatch.operations.overlays import fonts

    try:
        with open(path, "rb") as file:
            data = file.read()
        fonts.font(data, 10)
    except OSError as error:
        raise UsageError(f"expected a font for --font, got {path!r}: {error.strerror or error}") from None
    return data


def _date(source: Source) -> datetime.datetime:
    """When a picture was taken, else when its file was modified; both as a clock on the wall shows it."""
    moment = None
    with contextlib.suppress(ImageError):
        moment = picture_values(source, {"date"})["date"]
    if isinstance(moment, datetime.datetime):
        return moment.replace(tzinfo=None)
    return datetime.datetime.fromtimestamp(source.mtime_ns / 1e9)
