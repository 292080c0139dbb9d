"""Does a crontab field mean what crontab(5) says, and do cron and systemd get it in their own words?"""

from __future__ import annotations

import shlex

import pytest

from imgbatch.cli.commands.service.crontab_line import Times, crontab
from imgbatch.cli.commands.service.units import units
from imgbatch.core.errors import UsageError

EVERY_DAY = tuple(range(1, 32))


@pytest.mark.parametrize(
    ("text", "number", "values"),
    [
        ("5 3 * * *", 0, (5,)),
        ("*/20 3 * * *", 0, (0, 20, 40)),
        ("10-30/10,5 3 * * *", 0, (5, 10, 20, 30)),
        ("0 0 1,15 * *", 2, (1, 15)),
        ("0 0 * jan-mar *", 3, (1, 2, 3)),
        ("0 0 * * mon-FRI", 4, (1, 2, 3, 4, 5)),
        ("0 0 * * 7", 4, (0,)),
        ("0 0 * * 5-7", 4, (0, 5, 6)),
        ("0 0 * * *", 2, EVERY_DAY),
        ("@weekly", 4, (0,)),
        ("@hourly", 1, tuple(range(24))),
    ],
)
def test_a_field_is_the_set_of_its_values(text: str, number: int, values: tuple[int, ...]) -> None:
    assert Times.read(text).values[number] == values


@pytest.mark.parametrize(
    "text",
    ["", "0 3 * *", "0 3 * * * *", "60 3 * * *", "0 24 * * *", "0 3 0 * *", "0 3 * 13 *", "0 3 * * 8", "0 3 * * mo",
     "*/0 * * * *", "5/10 * * * *", "30-10 * * * *", "-5 3 * * *", "0 3 31 4 *", "0 3 30 2 *", "@reboot", "3am",
     "a,b 1 * * *"],
)  # fmt: skip
def test_what_never_comes_or_makes_no_sense_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--at"):
        Times.read(text)


def test_systemd_gets_both_days_where_cron_takes_either() -> None:
    assert Times.read("0 3 * * *").calendar() == ["*-*-* 03:00:00"]
    assert Times.read("0 3 1 * *").calendar() == ["*-*-01 03:00:00"]
    assert Times.read("0 3 * * 1").calendar() == ["Mon *-*-* 03:00:00"]
    assert Times.read("*/30 3 13 * 5").calendar() == ["*-*-13 03:00,30:00", "Fri *-*-* 03:00,30:00"]


def test_a_day_that_no_month_has_still_comes_by_the_day_of_the_week() -> None:
    assert Times.read("0 3 31 2 fri").either


def test_the_shell_that_cron_starts_gets_the_same_words() -> None:
    words = ["/opt/it's here/imgbatch", "run", "-r", "/srv/100% $HOME/a b.toml", "--unattended"]
    line = crontab(Times.read("0  3 * *  *"), words, "/opt/x y:/bin")
    assert line.startswith("0 3 * * * PATH=")
    assert "%" not in line.replace("\\%", "")
    _, *read = shlex.split(line.removeprefix("0 3 * * * ").replace("\\%", "%"))
    assert read == words


def test_a_name_with_a_line_break_is_refused() -> None:
    with pytest.raises(UsageError, match="line breaks"):
        crontab(Times.read("@daily"), ["/a\nb"], "/bin")


def test_units_are_named_after_the_recipe_and_take_everything_as_text() -> None:
    made = units(Times.read("@daily"), ["/bin/imgbatch", "-r", '/a "b" $c 5%\\.toml'], "/bin", "/x/my web.toml")
    assert list(made) == ["imgbatch-my-web.service", "imgbatch-my-web.timer"]
    assert 'ExecStart=/bin/imgbatch -r "/a \\"b\\" $$c 5%%\\\\.toml"\n' in made["imgbatch-my-web.service"]
    assert "OnCalendar=*-*-* 00:00:00\nPersistent=true\n" in made["imgbatch-my-web.timer"]
