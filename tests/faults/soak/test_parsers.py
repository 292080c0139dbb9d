"""Is every function that takes a stranger's bytes tried by the fuzzer, without a list that somebody has to remember?"""

from __future__ import annotations

import random
import sys
import warnings
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from imgbatch.core import places
from tests.faults.soak import found
from tests.faults.soak.fuzz import Fuzzer
from tests.faults.soak.parsers import OURS, PARSERS, WORDS, groups
from tests.faults.soak.tally import Tally


def test_every_function_of_bytes_can_be_called() -> None:
    """One whose parameters the fuzzer cannot make up needs a line in found.py."""
    assert found.strange() == []
    assert set(found.ELSEWHERE) <= set(found.found())


def test_every_function_of_bytes_is_in_a_group() -> None:
    fed = {parse.__qualname__ for _, functions in PARSERS.values() for parse in functions}
    assert set(found.found()) - set(found.ELSEWHERE) <= fed
    assert {"codecs.containers.mpo_index.pictures", "pixels.color_spaces.icc_profile.tags_of"} <= fed


def test_a_new_function_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def parse(data: bytes) -> bytes:
        """A parser that nobody has registered, in a module that no group names."""
        return data

    def pack(data: bytes, size: Any) -> bytes:
        """One that takes what the fuzzer cannot make up."""
        return data

    for function in (parse, pack):
        function.__module__ = places.__name__
        monkeypatch.setattr(places, function.__name__, function, raising=False)
    _forget()
    try:
        assert found.strange() == ["core.places.pack"]
        monkeypatch.delattr(places, "pack")
        _forget()
        feed, functions = groups()["others"]
        assert [one.__qualname__ for one in functions] == ["core.places.parse"] and feed(random.Random(1))
    finally:
        _forget()


def _forget() -> None:
    found.found.cache_clear()
    found.strange.cache_clear()
    found.functions.cache_clear()


@pytest.mark.parametrize("name", [name for name in PARSERS if name not in WORDS])
def test_not_all_inputs_are_refused(name: str) -> None:
    """A feed of which nothing gets through its first check tries nothing behind that."""
    if name == "jxl-metadata":
        pytest.importorskip("pillow_jxl", reason="pillow-jxl-plugin is not installed: no JPEG XL with a picture")
    feed, functions = PARSERS[name]
    passes: set[str] = set()
    for number in range(40):
        chance = random.Random(number)
        data = feed(chance)
        for parse in functions:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                try:
                    parse(chance, data)
                except OURS:
                    continue
            passes.add(parse.__qualname__)
    assert passes == {parse.__qualname__ for parse in functions}


def test_what_is_called_elsewhere_is_reached() -> None:
    """The functions that the fuzzer does not call itself are called by those that it calls."""
    names = {name for name, way in found.ELSEWHERE.items() if "->" in way}
    codes = {found.found()[name].__code__: name for name in names}
    seen: set[str] = set()

    def watch(frame: FrameType, event: str, argument: Any) -> None:
        if event == "call" and frame.f_code in codes:
            seen.add(codes[frame.f_code])

    fuzzer = Fuzzer(1, Tally("reach", "unhandled exception of a parser", "slow", "much memory"), None)
    before: Callable[..., Any] | None = sys.getprofile()
    sys.setprofile(watch)
    try:
        for number in range(200):
            for name in ("companions", "deep", "colors", "icc", "item-boxes", "tiff-pages"):
                fuzzer.parser(name, number)
    finally:
        sys.setprofile(before)
    assert names - seen == set()
