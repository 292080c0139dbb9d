"""Are sums exact, of one piece at every moment, and is nothing left of them afterwards?"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy
import pytest
from numpy.typing import NDArray

from imgbatch.core.errors import EngineError, UsageError
from imgbatch.pixels.exact_sums import Layout, Sheet, Sums, Totals, add, zero

ROOT = Path(__file__).parents[3]
RANDOM = numpy.random.default_rng(7)


def picture(channels: int = 3, height: int = 40, width: int = 30) -> NDArray[numpy.uint8]:
    low, high = sorted(RANDOM.integers(0, 256, 2))
    return RANDOM.integers(low, high + 1, (height, width, channels)).astype(numpy.uint8)


def histogram(image: NDArray[numpy.uint8]) -> NDArray[Any]:
    return numpy.stack([numpy.bincount(image[:, :, c].ravel(), minlength=256) for c in range(image.shape[2])])


def sheet(layout: Layout, image: NDArray[numpy.uint8]) -> Sheet:
    new_sheet = Sheet(layout)
    new_sheet.add(histogram(image), image if layout.grid else None)
    return new_sheet


def assert_sums_of(sums: Sums, images: list[NDArray[numpy.uint8]]) -> None:
    values = numpy.concatenate([image.reshape(-1, image.shape[2]) for image in images]).astype(object)
    assert (sums.images, sums.pixels) == (len(images), len(values))
    assert sums.sum.tolist() == values.sum(axis=0).tolist()
    assert sums.sum_squares.tolist() == (values * values).sum(axis=0).tolist()
    assert sums.min.tolist() == values.min(axis=0).tolist()
    assert sums.max.tolist() == values.max(axis=0).tolist()
    assert (sums.histogram == sum(histogram(image) for image in images)).all()


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("in_shared_memory", [True, False])
def test_sums_are_those_of_all_pixels(channels: int, in_shared_memory: bool) -> None:
    images = [picture(channels, 10 + number, 20) for number in range(12)]
    layout = Layout(channels)
    with Totals(layout, in_shared_memory) as totals:
        for image in images:
            totals.add(sheet(layout, image).record)
        assert_sums_of(totals.read(), images)


def test_an_empty_record_adds_nothing_to_the_extremes() -> None:
    layout = Layout(1)
    with Totals(layout) as totals:
        totals.add(Sheet(layout).record)
        totals.add(sheet(layout, numpy.full((2, 2, 1), 200, numpy.uint8)).record)
        totals.add(Sheet(layout).record)
        sums = totals.read()
    assert (sums.images, sums.min.tolist(), sums.max.tolist()) == (1, [200], [200])


def test_no_overflow_for_a_million_million_pixels() -> None:
    layout = Layout(1)
    record = Sheet(layout).record
    brightest = numpy.zeros((1, 256), numpy.int64)
    brightest[0, 255] = 10**12
    one = Sheet(layout)
    one.add(brightest)
    for _ in range(100):
        add(record, one.record)
    assert int(record["sum_squares"][0]) == 100 * 10**12 * 255 * 255
    assert int(record["pixels"]) == 10**14


def test_the_order_does_not_matter() -> None:
    layout = Layout(3, (30, 40))
    sheets = [sheet(layout, picture()) for _ in range(20)]
    records = []
    for order in (range(20), reversed(range(20)), RANDOM.permutation(20)):
        record = Sheet(layout).record
        for place in order:
            add(record, sheets[place].record)
        records.append(record.tobytes())
    assert len(set(records)) == 1


def test_the_grid_sums_pictures() -> None:
    images = [picture() for _ in range(5)]
    layout = Layout(3, (30, 40))
    with Totals(layout) as totals:
        for image in images:
            totals.add(sheet(layout, image).record)
        grid = totals.read().grid
    assert grid is not None and (grid == numpy.sum(images, axis=0, dtype=numpy.int64)).all()


def test_a_sheet_can_be_used_again() -> None:
    layout = Layout(3)
    one = sheet(layout, picture())
    one.clear()
    assert not one.record.tobytes().strip(b"\0")
    image = picture()
    one.add(histogram(image))
    assert_sums_of(Sums.of(one.record), [image])
    zero(one.record)
    assert not one.record.tobytes().strip(b"\0")


def test_a_wrong_shape_is_refused() -> None:
    with pytest.raises(UsageError, match="shape"):
        Sheet(Layout(3)).add(numpy.zeros((1, 256), int))
    with pytest.raises(UsageError, match="grid"):
        Sheet(Layout(1, (2, 2))).add(numpy.ones((1, 256), int))


# -- looking on --------------------------------------------------------------------------------------------------------


def test_what_was_read_does_not_change() -> None:
    layout = Layout(1)
    with Totals(layout) as totals:
        before = totals.read()
        totals.add(sheet(layout, picture(1)).record)
        assert (before.images, int(before.histogram.sum())) == (0, 0)


def test_a_reader_in_another_thread_sees_whole_records() -> None:
    layout = Layout(3)
    one = sheet(layout, picture())
    end = threading.Event()
    torn, looks = [], 0

    def write(totals: Totals) -> None:
        while not end.is_set():
            totals.add(one.record)

    with Totals(layout) as totals:
        writers = [threading.Thread(target=write, args=(totals,)) for _ in range(2)]
        for writer in writers:
            writer.start()
        with_end = time.monotonic() + 1.0
        while time.monotonic() < with_end:
            sums = totals.read()
            looks += 1
            if not consistent(sums, one):
                torn.append(sums)
        end.set()
        for writer in writers:
            writer.join()
        assert totals.read().images > 20
    assert looks > 3 and not torn


def consistent(sums: Sums, one: Sheet) -> bool:
    """Whether the sums are exactly so many times the one sheet that is added all the time."""
    return (
        sums.pixels == sums.images * int(one.record["pixels"])
        and (sums.sum == sums.images * one.record["sum"]).all()
        and bool((sums.histogram == sums.images * one.record["histogram"]).all())
    )


READER = """
import sys, time
from imgbatch.pixels.exact_sums import Totals
totals = Totals.attach(sys.argv[1])
print("ready", flush=True)
looks = torn = 0
seen = set()
end = time.monotonic() + 1.5
while time.monotonic() < end:
    sums = totals.read()
    looks += 1
    seen.add(sums.images)
    whole = sums.pixels == 1200 * sums.images and (sums.histogram.sum(axis=1) == sums.pixels).all()
    torn += not (whole and (sums.sum == sums.images * 1200 * 7).all())
totals.release()
print(looks, len(seen), torn)
"""


def test_another_process_sees_whole_records_by_name() -> None:
    layout = Layout(3)
    one = sheet(layout, numpy.full((40, 30, 3), 7, numpy.uint8))
    with Totals(layout) as totals:
        reader = subprocess.Popen(
            [sys.executable, "-c", READER, totals.name], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )  # fmt: skip
        assert reader.stdout is not None and reader.stdout.readline() == "ready\n"
        while reader.poll() is None:
            totals.add(one.record)
        out, err = reader.communicate()
        assert err == ""
        looks, changes, torn = map(int, out.split())
        assert looks > 5 and changes > 2 and torn == 0
        assert totals.read().images > 20  # the reader's end did not take the segment along


def test_a_record_that_is_never_at_rest_is_an_error_not_a_hang() -> None:
    with Totals(Layout(1)) as totals:
        totals._arrays()[0]["sequence"] += 1  # as a writer that died in the middle leaves it
        with pytest.raises(EngineError, match="cannot be read"):
            totals.read(patience=0.05)


def test_names_that_are_no_sums_are_refused() -> None:
    with pytest.raises(EngineError, match="no sums"):
        Totals.attach("imgbatch_no_such_segment")


def test_only_the_owner_adds_and_nothing_is_left() -> None:
    layout = Layout(3, (4, 4))
    totals = Totals(layout)
    other = Totals.attach(totals.name)
    assert other.layout == layout
    with pytest.raises(EngineError, match="created them"):
        other.add(Sheet(layout).record)
    other.release()
    Totals.attach(totals.name).release()
    totals.release()
    totals.release()
    with pytest.raises(EngineError, match="no sums"):
        Totals.attach(totals.name)
    with pytest.raises(EngineError, match="released"):
        totals.read()


def test_sums_of_several_runs_are_those_of_one_through_json() -> None:
    images = [picture() for _ in range(4)]
    layout = Layout()
    tables = []
    for part in (images[:1], images[1:], []):
        with Totals(layout, in_shared_memory=False) as totals:
            for image in part:
                totals.add(sheet(layout, image).record)
            tables.append(json.loads(json.dumps(totals.read().table())))
    assert_sums_of(Sums.of_tables(tables, layout), images)
    for damage in ({"pixels": "x"}, {"sum": [1]}, {"histogram": [[1]]}, {"images": 2**80}):
        with pytest.raises((ValueError, TypeError, OverflowError)):
            Sums.of_tables([{**tables[0], **damage}], layout)
    with pytest.raises(KeyError):
        Sums.of_tables([{}], layout)
