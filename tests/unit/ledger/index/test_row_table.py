"""Does the table give back each row that was added, and only what was asked for?"""

from __future__ import annotations

from dataclasses import replace

import pytest

from imgbatch.core.records import hash_index
from imgbatch.ledger.index import row_table
from imgbatch.ledger.index.row_table import RowTable
from imgbatch.ledger.rows import Row

ROW = Row(
    "/out/a.png", "/photos/a.jpg", 0, 1, 2**62, "digest", "png", 3, 4, 1, None, 5, 6, 32 * "c", 32 * "d", "jpeg", 7, 1,
    moved=0,
)  # fmt: skip
COUNT = 2_500


def make_rows() -> list[Row]:
    """Two outputs of each source; some names are bytes that are no text."""
    names = [f"{number}\udcff" if number % 7 == 0 else f"{number}" for number in range(COUNT)]
    return [
        replace(ROW, path=f"/out/{name}{end}.png", source=f"/photos/{name}.jpg", output=output, size=number)
        for output, end in enumerate(("", "-thumb"))
        for number, name in enumerate(names)
    ]


def make_table(rows: list[Row]) -> RowTable:
    table = RowTable("/out")
    for number, row in enumerate(rows):
        if number % 2:
            table.add(row)
        else:
            table.add_record(row.as_record("/out"))
    return table


@pytest.mark.parametrize("together", [1, 1_000, 2 * COUNT, 10**6])
def test_rows_are_found_by_path_and_by_source(together: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(row_table, "_TOGETHER", together)
    rows = make_rows()
    table = make_table(rows)
    assert len(table) == len(rows)
    assert list(table) == rows
    for row in (rows[0], rows[1], rows[COUNT], rows[-1]):
        assert table.get(row.path) == row
        assert row in table
        assert [one for _, one in table.of_source(row.source)] == [one for one in rows if one.source == row.source]
        assert table.get(row.path) == row  # also while its source is the latest
    assert table.get("/out/none.png") is None
    assert not table.of_source("/photos/none.jpg")
    assert replace(rows[0], size=99) not in table


def test_names_whose_hashes_are_alike_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hash_index, "hash", lambda key: 0, raising=False)
    rows = make_rows()[:50]
    table = make_table(rows)
    for row in rows:
        assert table.get(row.path) == row
        assert [one for _, one in table.of_source(row.source)] == [row]
    assert table.get("/out/none.png") is None


def test_a_table_without_rows_knows_nothing() -> None:
    table = RowTable("/out")
    assert not table
    assert table.get("/out/a.png") is None
    assert table.of_source("/photos/a.jpg") == []
