"""Recipe form: what does a recipe look like in which all that can be said only has to be filled in?

``imgbatch init`` writes it. Each key stands with a sensible value behind a ``#``, so that the recipe runs as it is: it
makes pictures of at most 1600 px. Tables, keys, values and what is said of them come from the declarations.
"""

from __future__ import annotations

import re
import shlex
import textwrap
from collections.abc import Iterator

from imgbatch.cli.precedence import NOT_IN_RECIPES, OUTPUT
from imgbatch.core.parameter_kinds import Choice, Grammar, Kind, Number, Switch, Texts
from imgbatch.core.parameters import Declaration, Parameter, parameters
from imgbatch.core.quantities import Amount, Count, Duration, Limit
from imgbatch.core.run_settings import Filters, Settings, UnattendedSettings
from imgbatch.planning.recipe import Output
from imgbatch.planning.recipe_file import toml_value

_HEAD = """\
# Pictures of at most 1600 px
#
# Say in the first line what the recipe is for: of a preset, `imgbatch recipes` shows it.
# imgbatch run -r {name} photos -o out
#
# A line `#key = value` counts once its # is taken away. Flags that are typed win over what stands here.
# `imgbatch help recipe` tells more, `imgbatch ops NAME` all of an operation.

#auto_orient = false                     # leave the EXIF orientation alone

# Which files. A SRC that is typed replaces `paths`.
[input]
#paths = ["photos"]                      # files, folders and globs, relative to this file
#include = ["*.jpg"]                     # only files that match
#exclude = ["drafts/*"]                  # leave these out
"""
_OPERATIONS = """
# What is done to each picture, in this order.
[[op]]
name = "resize"
size = "1600"                            # or "50%", "12MP", "256x256" with fit = "cover"
#upscale = true                          # enlarge small pictures, too

#[[op]]
#name = "unsharp"
#sigma = 1.0
#amount = 0.8
"""
_OUTPUTS = """
# What is written of each picture; a second [[output]] is a second file.
[[output]]
#dir = "web"                             # folder below the output folder
"""
_RUN = """
# How it is done.
[run]
#output = "out"                          # where the results go, relative to this file; or -o DIR
"""
#: Values that are sensible where there is no default, or where the default is not to be changed but to be known.
_VALUES: dict[str, object] = {
    "format": "webp", "name": "{dir}/{stem}-{width}.{ext}", "quality": 82, "effort": 6, "colors": 64, "min_ssim": 0.97,
    "min_quality": 40, "strip": "gps,serial", "keep": "artist,copyright", "max_depth": 2, "min_size": "10KB",
    "max_size": "50MB", "newer_than": "1d", "settle": "5s", "workers": 4, "memory": "2Gi", "keep_backups": "30d",
    "on_finish": "mail -s done me", "assume_icc": "scanner.icc", "log": "night.log", "set": {"artist": "Ann"},
}  # fmt: skip
_VALUE_WIDTH, _ABOUT_WIDTH = 40, 90


def recipe_form(name: str) -> str:
    """The text of the form, for a recipe that is called with ``-r name``."""
    run = [*_keys(Settings), *_keys(UnattendedSettings)]
    return "".join([
        _HEAD.format(name=shlex.quote(name)),
        *_keys(Filters),
        _OPERATIONS,
        _OUTPUTS,
        *(line for line in _keys(Output) if not line.startswith("#dir ")),
        _RUN,
        *(line for line in run if line[1:].partition(" ")[0] not in (*NOT_IN_RECIPES, OUTPUT)),
    ])  # fmt: skip


def _keys(cls: type[Declaration]) -> Iterator[str]:
    for one in parameters(cls):
        pair = f"#{one.name} = {toml_value(_value(one))}"
        yield f"{pair:<{_VALUE_WIDTH}} # {_about(one)}\n"


def _about(one: Parameter) -> str:
    """What a key means, in a line: the first part of its help, and the choices that it does not name."""
    about = re.split(r"; | \(default|: warning: ", one.help)[0]
    if one.default is True:
        about = f"do not {about}"
    if isinstance(one.kind, Choice) and not all(word in about for word in one.kind.words):
        about += f" ({', '.join(one.kind.words)})"
    return textwrap.shorten(about, _ABOUT_WIDTH, placeholder=" ...")


def _value(one: Parameter) -> object:
    """A sensible value: one from the table, of a switch the other than the default, the default, or an example."""
    if one.name in _VALUES:
        return _VALUES[one.name]
    if isinstance(one.kind, Switch):
        return not one.default
    return _example(one.kind) if one.default in (None, "") else one.kind.plain(one.default)


def _example(kind: Kind) -> object:
    if isinstance(kind, (Grammar, Texts)):
        return next(filter(None, kind.examples))
    if isinstance(kind, Number):
        return kind.low
    if isinstance(kind, Choice):
        return kind.words[0]
    for cls, example in ((Amount, "200KB"), (Count, 1000), (Duration, "10m"), (Limit, "5%")):
        if isinstance(kind, cls):
            return example
    return kind.describe()
