"""How are sizes, times and counts written?"""

from typing import Any

import pytest

from imgbatch.core.errors import UsageError
from imgbatch.core.quantities import Amount, Count, Duration, Limit


@pytest.mark.parametrize(
    ("word", "number"),
    [
        ("200KB", 200_000),
        ("200kb", 200_000),
        ("268M", 268_000_000),
        ("2Gi", 2 * 2**30),
        ("2GiB", 2 * 2**30),
        ("1.5k", 1500),
        (".5K", 500),
        ("1T", 10**12),
        ("12", 12),
        ("12 B", 12),
        (" 3 MiB ", 3 * 2**20),
        (7, 7),
        (7.0, 7),
    ],
)
def test_amount(word: object, number: int) -> None:
    found = Amount().check("size", word)
    assert found == number and type(found) is int


@pytest.mark.parametrize("word", ["", "K", "-1", "1e6", "1KK", "1 2", "auto", -1, True, None, float("nan"), [1]])
def test_no_amount(word: object) -> None:
    with pytest.raises(UsageError, match="^expected a size such as 200KB, 268M or 2Gi for size, got "):
        Amount().check("size", word)


@pytest.mark.parametrize("word", [float("inf"), "9" * 400, "9" * 400 + "K"])
def test_amount_without_end(word: object) -> None:
    with pytest.raises(UsageError):
        Amount().check("size", word)


def test_count_of_too_many_digits() -> None:
    with pytest.raises(UsageError):
        Count().check("workers", "9" * 5000)


def test_amount_of_at_least() -> None:
    assert Amount(1).check("pixels", 1) == 1
    with pytest.raises(UsageError, match="of at least 1 "):
        Amount(1).check("pixels", "0")
    assert Amount(auto=True).check("memory", "auto") == "auto"


@pytest.mark.parametrize(("word", "number"), [("4", 4), (4, 4), ("auto", "auto"), (" 0 ", 0)])
def test_count(word: object, number: object) -> None:
    assert Count().check("workers", word) == number


@pytest.mark.parametrize("word", ["x", "-1", "1.5", 1.5, -1, 10_001, True, None, ""])
def test_no_count(word: object) -> None:
    with pytest.raises(UsageError, match="^expected a whole number from 0 to 10000, or auto for workers, got "):
        Count().check("workers", word)


def test_count_without_auto() -> None:
    with pytest.raises(UsageError, match="^expected a whole number from 0 to 5 for depth, got 'auto'"):
        Count(0, 5, auto=False).check("depth", "auto")


@pytest.mark.parametrize(
    ("word", "seconds"),
    [
        ("60s", 60),
        ("60", 60),
        ("250ms", 0.25),
        ("10m", 600),
        ("10min", 600),
        ("1.5h", 5400),
        ("1D", 86_400),
        ("2w", 1_209_600),
        (3, 3),
    ],
)
def test_duration(word: object, seconds: float) -> None:
    found = Duration().check("timeout", word)
    assert found == seconds and type(found) is float


@pytest.mark.parametrize("word", ["", "s", "-1s", "1y", "1h30m", -1, float("inf"), float("nan"), True, None])
def test_no_duration(word: object) -> None:
    with pytest.raises(UsageError, match="^expected a time such as 60s, 10m, 2h or 1d for timeout, got "):
        Duration().check("timeout", word)


@pytest.mark.parametrize(("word", "kept"), [("20", "20"), (20, "20"), ("5%", "5%"), ("2.5%", "2.5%"), ("100%", "100%")])
def test_limit(word: object, kept: str) -> None:
    assert Limit().check("max-failures", word) == kept


@pytest.mark.parametrize("word", ["", "%", "101%", "-1", "x", 2.5, True, None])
def test_no_limit(word: object) -> None:
    with pytest.raises(UsageError, match="^expected a number such as 20 or a share such as 5% for max-failures, got "):
        Limit().check("max-failures", word)


@pytest.mark.parametrize("kind", [Amount(), Count(), Duration(), Limit()])
def test_words_are_read_as_they_are_checked(kind: Any) -> None:
    assert kind.read("x", "5") == kind.check("x", "5")
