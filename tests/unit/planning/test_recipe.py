"""Is a recipe the same thing as flags, as TOML and as Python, and does its digest know what matters?"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from imgbatch.core.errors import RecipeError, UsageError
from imgbatch.operations import get_operation
from imgbatch.operations.filters.blur import Blur
from imgbatch.operations.filters.sharpen import Unsharp
from imgbatch.operations.geometry.resize import Resize
from imgbatch.planning.recipe import Output, Recipe, canonical_name
from imgbatch.planning.recipe_file import RecipeFile, parse_recipe, to_toml

RUN_KEYS = ["workers", "flat"]
WHOLE = """
auto_orient = false

[input]
paths = ["photos"]
exclude = ["**/drafts/**"]

[[op]]
name = "resize"
size = 1600

[[op]]
name = "unsharp"
sigma = 1
amount = 0.8

[[output]]
dir = "web"
format = "webp"
quality = 80

[[output]]
dir = "thumbs"
format = "jpeg"
[[output.op]]
name = "resize"
size = "256x256"
fit = "cover"

[run]
workers = "auto"
"""


def test_toml_and_python_are_equal() -> None:
    file = parse_recipe(WHOLE, "r.toml", RUN_KEYS)
    assert file.recipe == Recipe(
        ops=[Resize("1600"), Unsharp(1.0, amount=0.8)],
        outputs=[
            Output(dir="web", format="webp", quality=80),
            Output(dir="thumbs", format="jpeg", ops=(Resize("256x256", fit="cover"),)),
        ],
        auto_orient=False,
    )
    assert file.input == {"paths": ["photos"], "exclude": ["**/drafts/**"]}
    assert file.run == {"workers": "auto"}


def test_to_toml_is_read_back() -> None:
    file = parse_recipe(WHOLE, "r.toml", RUN_KEYS)
    assert parse_recipe(to_toml(file), "again", RUN_KEYS) == file


@pytest.mark.parametrize(
    "name", ['quo"te', "back\\slash", "new\nline", "tab\t", "é漢字🎈", "\x7f\x01", "{stem}", "a'b"]
)
def test_odd_names_survive_toml(name: str) -> None:
    file = RecipeFile(Recipe(outputs=[Output(dir=name)]), {"paths": [name]}, {})
    assert parse_recipe(to_toml(file), "again", RUN_KEYS) == file


def test_a_name_that_is_no_utf8_cannot_stand_in_a_recipe() -> None:
    name = os.fsdecode(b"caf\xe9")
    with pytest.raises(RecipeError, match="expected UTF-8"):
        to_toml(RecipeFile(Recipe(), {"paths": [name]}))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[[ops]]\n", ["unknown key 'ops'", "did you mean 'op'"]),
        ("[input]\npath = 1", ["unknown key of [input] 'path'", "'paths'"]),
        ("[run]\nworker = 1", ["unknown key of [run] 'worker'", "'workers'"]),
        ("[[output]]\nqualty = 1", ["unknown key of [[output]] 'qualty'", "'quality'"]),
        ("[[output]]\nquality = 101", ["a whole number from 1 to 100", "101"]),
        ("[[op]]\nsize = 1", ["the name of an operation"]),
        ('[[op]]\nname = "rezise"', ["unknown operation 'rezise'", "'resize'"]),
        ('[[op]]\nname = "blur"', ["for blur sigma", "got nothing"]),
        ('[[op]]\nname = "blur"\nsigam = 1', ["unknown parameter of blur 'sigam'", "'sigma'"]),
        ("op = 3", ["tables [[op]]"]),
        ("input = 3", ["a table [input]"]),
        ("auto_orient = 3", ["true or false for auto_orient"]),
        ("= nonsense", ["expected TOML"]),
    ],
)
def test_errors_name_the_file_and_the_nearest_key(text: str, words: list[str]) -> None:
    with pytest.raises(RecipeError) as error:
        parse_recipe(text, "some/r.toml", RUN_KEYS)
    line = str(error.value)
    assert line.startswith("some/r.toml: ")
    assert "\n" not in line
    for word in words:
        assert word in line


def test_the_digest_ignores_spelling_and_sees_meaning() -> None:
    base = Recipe([Resize("1600")], [Output(format="webp")])
    assert base.digest == Recipe([Resize("1600", fit="inside")], [Output(format="webp", background="#fff")]).digest
    different = [
        Recipe([Resize("1601")], [Output(format="webp")]),
        Recipe([Resize("1600"), Blur(1)], [Output(format="webp")]),
        Recipe([Resize("1600")], [Output(format="webp", quality=81)]),
        Recipe([Resize("1600")], [Output(format="webp", name="{stem}.{ext}")]),
        Recipe([Resize("1600")], [Output(format="webp", ops=(Blur(2),))]),
        Recipe([Resize("1600")], [Output(format="webp")], auto_orient=False),
        Recipe([Resize("1600")], [Output(format="webp"), Output(format="png")]),
    ]
    assert len({base.digest, *(recipe.digest for recipe in different)}) == len(different) + 1


def test_the_digest_asks_what_is_done_and_not_where_it_is_written() -> None:
    assert Recipe([Blur(1)], [Output()]).digest == Recipe([], [Output(ops=(Blur(1),))]).digest


def test_order_of_operations_matters() -> None:
    assert Recipe([Blur(1), Resize("9")]).digest != Recipe([Resize("9"), Blur(1)]).digest


@pytest.mark.parametrize(
    ("options", "again"),
    [
        ({"format": "jpeg"}, False),
        ({"format": "jpeg", "quality": 89}, False),
        ({"format": "jpeg", "quality": 90}, True),
        ({"format": "jpeg", "quality": 95, "subsampling": "4:2:0"}, False),
        ({"format": "jpeg", "quality": "keep"}, False),
        ({"format": "jpeg", "max_bytes": 9000}, False),
        ({"format": "jpeg", "min_ssim": 0.99}, True),  # a search may go up to 100
        ({"format": "avif", "quality": 77}, False),
        ({"format": "avif", "quality": 78}, True),
        ({"format": "webp", "quality": 95}, False),
        ({"quality": 77}, False),
        ({"quality": 78}, True),  # an AVIF may be among the sources
        ({}, False),
    ],
)
def test_what_was_sampled_otherwise_before_is_made_again(options: dict[str, Any], again: bool) -> None:
    facts = Recipe(outputs=[Output(**options)]).canonical(0)["output"]
    assert (facts["subsampling"] not in ("auto", "4:2:0")) == again


@pytest.mark.parametrize(
    ("recipe", "digest"),
    [
        (Recipe(), "716af0dc53d7c046"),
        (Recipe([Resize("1600"), Unsharp(1.0, amount=0.8)], [Output(format="webp", quality=80)]), "31bb70edb23b52c8"),
        (Recipe([Blur(2)], [Output(format="png", colors=16)]), "d6e1a1a2d688672c"),
        (Recipe([], [Output(format="jpeg", quality=85, strip="gps")]), "1a92dfc11f04b972"),
    ],
)
def test_options_that_came_later_make_nothing_again(recipe: Recipe, digest: str) -> None:
    assert recipe.output_digest(0) == digest, "an option that is not used counts (planning.recipe._LATER)"


def test_an_output_keeps_its_digest_when_another_is_added() -> None:
    one = Recipe(outputs=[Output(format="webp")])
    two = Recipe(outputs=[Output(format="webp"), Output(format="png")])
    assert one.output_digest(0) == two.output_digest(0)


def test_what_is_no_recipe_is_refused() -> None:
    with pytest.raises(UsageError, match="at least one Output"):
        Recipe(outputs=[])
    with pytest.raises(UsageError, match="operations such as"):
        Recipe(ops=["resize"])  # type: ignore[list-item]  # the mistake under test
    with pytest.raises(UsageError, match="a list of operations"):
        Recipe(ops="resize")  # type: ignore[arg-type]  # the mistake under test
    with pytest.raises(UsageError, match="true or false"):
        Recipe(auto_orient=1)  # type: ignore[arg-type]  # the mistake under test


def test_one_operation_and_one_output_need_no_list() -> None:
    recipe = Recipe(Blur(2), Output(format="png"))  # type: ignore[arg-type]  # kindness that the types do not promise
    assert recipe == Recipe([Blur(2)], [Output(format="png")])


@pytest.mark.parametrize("template", ["", "a/", "{stem", "{stm}", "{stem!r}", "{}", "{0}"])
def test_wrong_templates_are_refused(template: str) -> None:
    with pytest.raises(UsageError):
        canonical_name(template)


@pytest.mark.parametrize("template", ["{dir}/{stem}.{ext}", "{n:04d}-{date:%Y/%m}.{ext}", "{{x}}{stem}", "{hash:.8}"])
def test_right_templates_stay_as_they_are(template: str) -> None:
    assert canonical_name(template) == template


def test_named_takes_dashes() -> None:
    assert get_operation("box-blur") is get_operation("box_blur")


def test_a_recipe_file_on_disk_is_text(tmp_path: Path) -> None:
    path = tmp_path / "r.toml"
    path.write_text(to_toml(parse_recipe(WHOLE, "r.toml", RUN_KEYS)), encoding="utf-8")
    assert "[[output.op]]" in path.read_text(encoding="utf-8")
