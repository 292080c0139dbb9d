"""What is done with one image? ``work(job, desk) -> Outcome``: read, decode, operate, encode, write.

The only code that runs in a worker. It never raises for a bad image: an error is that file's value.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import time
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from imgbatch import codecs, color
from imgbatch.codecs import guard, reading
from imgbatch.codecs.base import Encoded, Metadata, Motion
from imgbatch.errors import ImageError, Phase
from imgbatch.files import replacing
from imgbatch.job import Desk, Failure, Job, Outcome, Status, Target, Written
from imgbatch.naming import fill_late
from imgbatch.operations import Operation, Size, through
from imgbatch.recipe import Output, Recipe

if TYPE_CHECKING:
    from PIL.Image import Image

_SINGLE = ("first", "1")


@dataclass(frozen=True)
class ImageWork:
    """The work of a run: what the recipe makes of an image.

    Attributes
    ----------
    recipe : Recipe
    max_pixels : int
        Pictures with more pixels (all frames together) fail.
    started_ns : int
        When the run began, in the file system's clock (time.time_ns): a job that is done again after a worker's
        death may replace what appeared at its target since then, because that worker put it there.
    """

    recipe: Recipe
    max_pixels: int
    started_ns: int

    def open(self) -> None:
        """Load Pillow's readers before the first file is timed."""
        guard.readers()

    def blame(self, job: Job, status: Status, failure: Failure) -> Outcome:
        """The Outcome of a job whose worker could not give one."""
        return Outcome(job.index, job.source, status, error=failure)

    def __call__(self, job: Job, desk: Desk) -> Outcome:
        """One image through the house."""
        if job.source.problem is not None:
            return self.blame(job, "failed", job.source.problem)
        made = _Made(_Clock(desk))
        with guard.limited(self.max_pixels), warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            for category in (DeprecationWarning, ResourceWarning):
                warnings.simplefilter("ignore", category)
            try:
                self._make(job, made, desk)
            except Exception as error:  # noqa: BLE001 - one file's error is that file's value, never the batch's
                made.fail(guard.classify(error, made.clock.phase))
        return Outcome(
            job.index,
            job.source,
            "failed" if made.failure else "ok",
            outputs=tuple(made.written),
            error=made.failure,
            warnings=tuple(dict.fromkeys([*made.warnings, *guard.told(caught)])),
            changes=tuple(dict.fromkeys(made.changes)),
            ms=made.clock.spent(),
        )

    def _make(self, job: Job, made: _Made, desk: Desk) -> None:
        data = reading.read(job.source.path)
        made.clock.enter("decode")
        suffix = os.path.splitext(job.source.path)[1].lower()
        with reading.probe(data, suffix, self.max_pixels) as opened:
            try:
                self._follow(job, made, desk, opened, data)
            finally:
                made.changes[:0] = opened.changes
                made.warnings += opened.warnings

    def _follow(self, job: Job, made: _Made, desk: Desk, opened: reading.Opened, data: bytes) -> None:
        """The way of an opened picture: decoded and operated on once, then into each output."""
        outputs = [self.recipe.outputs[target.output] for target in job.targets]
        _refuse_motion(opened, job.targets, outputs)
        auto = self.recipe.auto_orient
        size = opened.upright_size if auto else opened.size
        wanted = self._wanted(size, outputs)
        desk.reserve(_needed(opened, wanted or size, len(data)))
        decoded, motion = opened.decode(_most_frames(outputs), wanted, orient=auto)
        common = _settled(self.recipe.ops, size) if wanted else self.recipe.ops
        ink = opened.mode in color.INK
        if ink and any(op.on_screen for op in common):
            decoded, ink = color.on_screen(decoded, opened.metadata.icc), False
            opened.metadata.icc = None
            made.changes.append(f"mode: {opened.mode} -> sRGB")
        frames = list(made.clock.operating(common, decoded))
        last = len(job.targets) - 1
        for number, (target, output) in enumerate(zip(job.targets, outputs, strict=True)):
            own = output.ops if self.recipe.ops or not wanted else _settled(output.ops, size)
            try:
                shown = _first(frames, output) if number == last else [frame.copy() for frame in _first(frames, output)]
                metadata = opened.metadata
                if ink and any(op.on_screen for op in own):
                    shown = list(color.on_screen(shown, metadata.icc))
                    metadata = Metadata(metadata.exif, None)
                    made.changes.append(f"mode: {opened.mode} -> sRGB")
                shown = list(made.clock.operating(own, shown))
                made.clock.enter("encode")
                format = _format(target, shown)
                encoded = codecs.encode(shown, format, output, metadata, _slice(motion, len(shown)))
                made.changes += encoded.changes
                made.clock.enter("write")
                path = self._write(job, target, format, output, encoded, data, desk.again)
                made.wrote(target, path, encoded)
            except Exception as error:  # noqa: BLE001 - the other outputs are still written
                made.fail(guard.classify(error, made.clock.phase))

    def _wanted(self, size: Size, outputs: Sequence[Output]) -> Size | None:
        """How many pixels of the original will do for all outputs; None: all of them."""
        wishes = []
        for output in outputs:
            ops = (*self.recipe.ops, *output.ops)
            wish = ops[0].demand(size) if ops else None
            if wish is None:
                return None
            wishes.append(wish)
        if not wishes:
            return None
        return max(width for width, _ in wishes), max(height for _, height in wishes)

    def _write(
        self, job: Job, target: Target, format: str, output: Output, encoded: Encoded, data: bytes, again: bool
    ) -> str:
        path = target.path if format == target.format or target.other is None else target.other
        if target.late:
            digest = hashlib.sha256(data).hexdigest()[:16]
            path = fill_late(path, encoded.width, encoded.height, digest)
        replace = target.replace or path in target.mine or (again and self._ours_since(path))
        try:
            with replacing(path, replace=replace) as file:
                file.write(encoded.data)
        except FileExistsError:
            message = f"{path} exists and was not made by imgbatch; choose another -o or --name"
            raise ImageError("exists", message) from None
        if output.preserve:
            found = os.stat(job.source.path)
            os.chmod(path, found.st_mode & 0o777)
            os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns))
        return path

    def _ours_since(self, path: str) -> bool:
        with contextlib.suppress(OSError):
            return os.lstat(path).st_ctime_ns >= self.started_ns
        return False


@dataclass
class _Made:
    """What has become of a job so far."""

    clock: _Clock
    written: list[Written] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    changes: list[str] = field(default_factory=list)
    failure: Failure | None = None

    def fail(self, failure: Failure | tuple[object, str]) -> None:
        """Keep the first failure: the later ones often follow from it."""
        if isinstance(failure, Failure):
            found = failure
        else:
            kind, message = failure
            found = Failure(kind, self.clock.phase, message)  # type: ignore[arg-type]  # classify gives a Kind
        self.failure = self.failure or found

    def wrote(self, target: Target, path: str, encoded: Encoded) -> None:
        self.written.append(
            Written(
                target.output, path, encoded.format, encoded.width, encoded.height, len(encoded.data),
                encoded.quality, encoded.frames, os.stat(path).st_mtime_ns,
            )  # fmt: skip
        )


class _Clock:
    """Milliseconds per phase, and the word to the desk when a phase begins."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._ms: dict[str, float] = {}
        self._began = time.perf_counter()
        self.phase: Phase = "read"
        desk.phase("read")

    def enter(self, phase: Phase) -> None:
        if phase == self.phase:
            return
        now = time.perf_counter()
        self._ms[self.phase] = self._ms.get(self.phase, 0.0) + (now - self._began) * 1000
        self._began = now
        self.phase = phase
        self._desk.phase(phase)

    def spent(self) -> dict[str, float]:
        """All phases so far, in the order they were entered."""
        now = time.perf_counter()
        self._ms[self.phase] = self._ms.get(self.phase, 0.0) + (now - self._began) * 1000
        self._began = now
        return self._ms

    def operating(self, ops: Iterable[Operation], frames: Iterable[Image]) -> Iterator[Image]:
        """`ops` over `frames`, with the time of what makes the frames counted as their own phase."""
        source: Phase = "decode" if self.phase == "decode" else "ops"
        self.enter(source)
        for frame in through(ops, self._counted(frames, source)):
            yield frame
            self.enter(source)

    def _counted(self, frames: Iterable[Image], source: Phase) -> Iterator[Image]:
        for frame in frames:
            self.enter("ops")
            yield frame
            self.enter(source)


def _needed(opened: reading.Opened, wanted: Size, data: int) -> int:
    """About how many bytes the picture will take: what is decoded, twice what comes of it, and the file itself."""
    width, height = opened.size
    if opened.format == "jpeg":  # decoded at half, a quarter or an eighth where that will do
        long, wish = max(width, height), max(wanted)
        scale = next((scale for scale in (8, 4, 2) if long >= scale * wish), 1)
        width, height = width // scale, height // scale
    frames = opened.frame_count if opened.format in ("gif", "png", "webp", "avif", "tiff") else 1
    return 4 * (width * height + (1 + frames) * wanted[0] * wanted[1]) + data


def _settled(ops: Sequence[Operation], size: Size) -> Sequence[Operation]:
    """`ops` with the first one's numbers settled for the original's size: what it will see has fewer pixels."""
    return (ops[0].settled(size), *ops[1:]) if ops else ops


def _most_frames(outputs: Sequence[Output]) -> str:
    wishes = [output.frames for output in outputs]
    if not wishes or all(wish in _SINGLE for wish in wishes):
        return "first"
    if "all" in wishes:
        return "all"
    return str(max(int(wish) for wish in wishes if wish != "first"))


def _first(frames: list[Image], output: Output) -> list[Image]:
    if output.frames == "all":
        return frames
    return frames[:1] if output.frames == "first" else frames[: int(output.frames)]


def _slice(motion: Motion, count: int) -> Motion:
    return Motion(motion.durations[:count], motion.loop)


def _format(target: Target, frames: list[Image]) -> str:
    """The planned format, or TIFF where it was planned as PNG for want of a writer and PNG cannot hold the mode."""
    if target.other is not None and not all(codecs.holds(target.format, frame.mode) for frame in frames):
        return "tiff"
    return target.format


def _refuse_motion(opened: reading.Opened, targets: Sequence[Target], outputs: Sequence[Output]) -> None:
    """Several frames into a format that holds one: say so before anything is decoded."""
    for target, output in zip(targets, outputs, strict=True):
        if output.frames not in _SINGLE and not codecs.codec(target.format).multiframe and opened.frame_count > 1:
            raise ImageError(
                "frames",
                f"{opened.frame_count} frames, but {target.format} holds one; use --frames first, or -f webp",
            )
