"""Limits that are put back, and what exceptions mean."""

from __future__ import annotations

import errno
import io
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor

import pytest
from PIL import Image, ImageFile, UnidentifiedImageError

from imgbatch.codecs import errors
from imgbatch.codecs.reading import limits
from imgbatch.core.errors import BLAME, KINDS, ImageError, Phase


@pytest.mark.parametrize(
    ("error", "phase", "kind"),
    [
        (UnidentifiedImageError("x"), "decode", "unidentified"),
        (OSError("image file is truncated (3 bytes not processed)"), "decode", "truncated"),
        (OSError("Truncated File Read"), "decode", "truncated"),
        (SyntaxError("Failed to decode frame 0: Truncated data"), "decode", "truncated"),
        (OSError("broken data stream when reading image file"), "decode", "corrupt"),
        (OSError("cannot find loader for this WMF file"), "decode", "unsupported"),
        (NotImplementedError("Unimplemented pixel format"), "decode", "unsupported"),
        (Image.DecompressionBombError("Image size (9 pixels) exceeds limit of 4 pixels"), "decode", "too_large"),
        (MemoryError(), "ops", "memory"),
        (PermissionError(errno.EACCES, "Permission denied"), "read", "permission"),
        (OSError(errno.ENOSPC, "No space left on device"), "write", "no_space"),
        (OSError(errno.EIO, "Input/output error"), "read", "io"),
        (ValueError("bad"), "decode", "corrupt"),
        (IndexError(), "decode", "corrupt"),
        (ZeroDivisionError("division by zero"), "decode", "corrupt"),
        (RuntimeError("boom"), "ops", "operation"),
        (OSError("no errno at all"), "ops", "operation"),
        (OSError("cannot write mode XYZ as PNG"), "encode", "mode"),
        (ValueError("Invalid quality setting"), "encode", "unsupported"),
        (AttributeError("no attribute"), "encode", "internal"),
        (ImageError("frames", "said"), "ops", "frames"),
    ],
)
def test_kinds(error: Exception, phase: Phase, kind: str) -> None:
    answer, message = errors.classify(error, phase)
    assert answer == kind and answer in KINDS
    assert message and "\n" not in message


def test_sentences_are_one_line_even_of_hostile_exceptions() -> None:
    class Hostile(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    assert errors.classify(Hostile(), "ops") == ("operation", "it cannot work on this picture")
    try:
        raise Hostile
    except Hostile as error:
        assert errors.classify(error, "ops") == ("operation", "Hostile"), "of an operation that is not ours"
    assert errors.classify(ValueError("a\nb\0c"), "decode") == ("corrupt", "a b?c")


def test_image_errors_let_interrupts_pass() -> None:
    with pytest.raises(KeyboardInterrupt), errors.image_errors("decode"):
        raise KeyboardInterrupt
    with pytest.raises(ImageError) as failure, errors.image_errors("decode"):
        raise SyntaxError("odd")
    assert failure.value.kind == "corrupt"


def test_limits_are_put_back_by_the_last_user() -> None:
    before = Image.MAX_IMAGE_PIXELS
    with limits.pixel_limit(1000):
        assert Image.MAX_IMAGE_PIXELS == 500
        with limits.pixel_limit(4000):
            assert Image.MAX_IMAGE_PIXELS == 2000
        assert Image.MAX_IMAGE_PIXELS == 500
        with pytest.raises(ZeroDivisionError), limits.pixel_limit(10):
            raise ZeroDivisionError
    assert before == Image.MAX_IMAGE_PIXELS


def test_half_pictures_are_refused_inside_and_the_hosts_choice_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    with limits.pixel_limit(1000):
        assert not ImageFile.LOAD_TRUNCATED_IMAGES
    assert ImageFile.LOAD_TRUNCATED_IMAGES


def test_the_limit_is_exact() -> None:
    limits.check_pixels((10, 10), 100)
    with pytest.raises(ImageError, match=r"101 pixels \(101x1\) exceed --max-pixels 100") as failure:
        limits.check_pixels((101, 1), 100)
    assert failure.value.kind == "too_large"
    with pytest.raises(ImageError, match="--frames first"):
        limits.check_pixels((10, 10), 100, frames=2)


def test_no_reader_starts_a_program_or_lacks_a_signature() -> None:
    readers = limits.readers()
    assert {"JPEG", "PNG", "TIFF", "PSD"} <= set(readers)
    assert not {"EPS", "WMF", "PDF", "FPX", "MIC", "HDF5", "GRIB", "BUFR", "MPEG", "IPTC"} & set(readers)
    assert all(Image.OPEN[name][1] is not None for name in readers)


def test_warnings_become_sentences_once() -> None:
    with warnings.catch_warnings(record=True) as record:
        warnings.simplefilter("always")
        for _ in range(2):
            warnings.warn("odd\nthing", stacklevel=1)
        warnings.warn("large", Image.DecompressionBombWarning, stacklevel=1)
    assert limits.format_warnings(record) == ["odd thing"]


def test_inner_pictures_are_limited_too() -> None:
    file = io.BytesIO()
    Image.new("RGB", (64, 64)).save(file, "ICO", sizes=[(64, 64)])
    with limits.pixel_limit(1000), pytest.raises(Image.DecompressionBombError):
        Image.open(io.BytesIO(file.getvalue())).load()


def test_what_is_caught_is_not_shown_and_what_programmers_are_warned_of_is_not_told() -> None:
    with warnings.catch_warnings(record=True) as display, limits.warning_recorder(1000) as record:
        for category in (UserWarning, DeprecationWarning, ResourceWarning, Image.DecompressionBombWarning):
            for _ in range(2):  # from one place, which Python's default would show once
                warnings.warn(f"a {category.__name__}", category, stacklevel=1)
        warnings.warn("odd thing", RuntimeWarning, stacklevel=1)
    assert limits.format_warnings(record) == ["a UserWarning", "odd thing"]
    assert not display
    assert sum(message.category is UserWarning for message in record) == 2


def test_threads_hear_their_own_warnings_and_leave_the_host_as_it_was() -> None:
    def work(number: int) -> list[str]:
        with limits.warning_recorder(100) as messages:
            everybody.wait(60)  # all have come before the first one leaves
            warnings.warn(f"file {number}", UserWarning, stacklevel=1)
            everybody.wait(60)
            if number:
                first_left.wait(60)
        if not number:
            first_left.set()
        return limits.format_warnings(messages)

    everybody, first_left = threading.Barrier(4), threading.Event()
    with warnings.catch_warnings(record=True, action="always") as display:
        state = (list(warnings.filters), warnings.showwarning)
        with ThreadPoolExecutor(3) as threads:
            answers = [threads.submit(work, number) for number in range(3)]
            everybody.wait(60)
            warnings.warn("the host's", UserWarning, stacklevel=1)
            everybody.wait(60)
            assert [answer.result(60) for answer in answers] == [["file 0"], ["file 1"], ["file 2"]]
        assert (list(warnings.filters), warnings.showwarning) == state
        warnings.warn("the host's, later", UserWarning, stacklevel=1)
    assert [str(message.message) for message in display] == ["the host's", "the host's, later"]


def test_inside_another_files_work_the_inner_one_hears() -> None:
    with limits.warning_recorder(100) as outer:
        with limits.warning_recorder(100) as inner:
            warnings.warn("inside", UserWarning, stacklevel=1)
        warnings.warn("outside", UserWarning, stacklevel=1)
    assert (limits.format_warnings(inner), limits.format_warnings(outer)) == (["inside"], ["outside"])


def test_of_every_kind_it_is_known_whose_trouble_it_is() -> None:
    """The ledger, quarantine and the end of a run all ask there."""
    assert set(BLAME) == set(KINDS)


def test_a_process_of_its_own_keeps_the_router_and_sets_again_what_is_altered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "_keeps_router", True)
    before = warnings.showwarning, list(warnings.filters)
    try:
        with limits.warning_recorder(1) as first:
            warnings.warn("one", stacklevel=1)
        router = limits._router[0]
        with limits.warning_recorder(1) as second:
            warnings.warn("two", stacklevel=1)
            assert limits._router == [router]
            warnings.simplefilter("ignore")  # as an operation may do
        with limits.warning_recorder(1) as third:
            warnings.warn("three", stacklevel=1)
        assert [limits.format_warnings(messages) for messages in (first, second, third)] == [
            ["one"],
            ["two"],
            ["three"],
        ]
    finally:
        limits._router.pop().close()
    assert (warnings.showwarning, list(warnings.filters)) == before
