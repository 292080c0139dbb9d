"""IPTC records: found, taken out one by one, written."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from imgbatch.codecs.metadata import iptc


def record(dataset: int, value: bytes, number: int = 2) -> bytes:
    return bytes((0x1C, number, dataset)) + len(value).to_bytes(2, "big") + value


UTF_8 = record(90, b"\x1b%G", 1)
SEA, SKY = record(25, b"sea"), record(25, b"sky")
BLOCK = UTF_8 + record(0, b"\0\4") + record(80, b"Ada") + record(116, b"(c) Ada") + SEA + SKY


def test_records_go_by_their_names() -> None:
    assert iptc.without(BLOCK, lambda name, value: name == "keywords") == BLOCK.replace(SEA + SKY, b"")
    assert iptc.without(BLOCK, lambda name, value: name != "by-line") == UTF_8 + record(0, b"\0\4") + record(80, b"Ada")
    assert iptc.without(BLOCK, lambda name, value: True) is None
    assert iptc.without(BLOCK, lambda name, value: False) == BLOCK


def test_extended_records_are_walked_over() -> None:
    long = b"\x1c\x02\x78\x80\x04" + (3).to_bytes(4, "big") + b"abc"
    assert iptc.without(long + BLOCK, lambda name, value: name == "caption-abstract") == BLOCK


def test_a_segment_is_read_as_it_was_written() -> None:
    segment = iptc.segment(BLOCK)
    assert segment is not None and iptc.records_in_resources(segment[4 + 14 :]) == BLOCK
    other = b"8BIM\x03\xed\x03abc" + (2).to_bytes(4, "big") + b"xy"
    assert iptc.records_in_resources(other + segment[4 + 14 :]) == BLOCK
    assert iptc.segment(bytes(70_000)) is None


@given(st.binary(max_size=60))
def test_damaged_records_never_raise(data: bytes) -> None:
    for raw in (data, BLOCK + data, b"8BIM\x04\x04" + data):
        iptc.without(raw, lambda name, value: False)
        iptc.records_in_resources(raw)
