"""Which files will be written, and may they?"""

import os
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from imgbatch.core.errors import PlanError, UsageError
from imgbatch.core.job import Failure, Job, LedgerEntry, Source, Target
from imgbatch.core.records import hash_index
from imgbatch.planning.plan import Plan, plan
from imgbatch.planning.recipe import Output, Recipe

MTIME_NS = 1_715_000_000_000_000_000  # 2024-05-06
FORMATS = {".jpg": "jpeg", ".jpeg": "jpeg", ".png": "png", ".gif": "gif", ".tif": "tiff", "": "jpeg"}


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def source(relative: str, root: str = "photos") -> Source:
    return Source(os.path.join(os.getcwd(), root, relative), root, relative, 1, MTIME_NS)


def format_of(one: Source) -> str | None:
    return FORMATS.get(os.path.splitext(one.relative)[1].lower())


def make_plan(
    sources: Sequence[Source | str],
    *outputs: Output,
    folder: str = "out",
    owners: Mapping[str, LedgerEntry] | None = None,
    earlier: Callable[[str, int | None], tuple[str, ...]] = lambda source, output: (),
    **options: Any,
) -> Plan:
    entries = {os.path.join(os.getcwd(), path): value for path, value in (owners or {}).items()}
    return plan(
        [source(one) if isinstance(one, str) else one for one in sources],
        Recipe(outputs=outputs or (Output(),)),
        folder,
        owner_of=entries.get,
        earlier=earlier,
        format_of=format_of,
        **options,
    )


def paths(result: Plan) -> list[str]:
    return [below(target.path) for job in result.jobs for target in job.targets]


def below(path: str) -> str:
    assert path.startswith(os.getcwd() + "/")
    return path.removeprefix(os.getcwd() + "/")


def refusal(sources: Sequence[Source | str], *outputs: Output, **options: Any) -> str:
    with pytest.raises(PlanError) as error:
        make_plan(sources, *outputs, **options)
    text = str(error.value)
    assert "\n" not in text
    return text


def stand(*names: str) -> None:
    for name in names:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_bytes(b"foreign")


def made_of(relative: str, output: int = 0, is_edited: bool = False, root: str = "photos") -> LedgerEntry:
    return LedgerEntry(source(relative, root).path, output, is_edited)


# -- names -------------------------------------------------------------------------------------------------------------


def test_the_plain_plan(here: Path) -> None:
    sources = [source("b.jpg"), source("a/c.png")]
    result = make_plan(sources, Output(format="webp"), earlier=lambda path, output: (f"{path}#{output}",))
    assert result.jobs == [
        Job(0, sources[0], (Target(0, f"{here}/out/b.webp", "webp", earlier_outputs=(f"{sources[0].path}#0",)),)),
        Job(1, sources[1], (Target(0, f"{here}/out/a/c.webp", "webp", earlier_outputs=(f"{sources[1].path}#0",)),)),
    ]
    assert not result.skipped
    assert result.folders == [f"{here}/out", f"{here}/out/a"]
    assert not Path("out").exists()


def test_sources_of_another_run_get_names_and_no_job() -> None:
    stand("out/b.jpg")  # in the way of the other run, which says so

    def is_own(one: Source) -> bool:
        return one.relative in ("a.jpg", "c.jpg")

    result = make_plan(["a.jpg", "b.jpg", "c.jpg"], owns=is_own, earlier=lambda path, output: (path,))
    assert [(job.index, job.source.relative) for job in result.jobs] == [(0, "a.jpg"), (2, "c.jpg")]
    assert [target.earlier_outputs for job in result.jobs for target in job.targets] == [
        (source("a.jpg").path,),
        (source("c.jpg").path,),
    ]
    assert not make_plan(["a.jpg", "b.jpg"], owns=is_own, in_the_way="skip").skipped
    assert "a.jpg and photos/a.png would both be" in refusal(
        ["a.jpg", "a.png"], Output(format="webp"), owns=lambda one: one.relative == "a.png"
    )


def test_every_output_has_its_folder_name_and_format() -> None:
    result = make_plan(
        ["a/b.JPEG"], Output(dir="t/", format="jpeg"), Output(dir="./w//x", name="{n:03d}.{ext}", format="webp")
    )
    assert paths(result) == ["out/t/a/b.JPEG", "out/w/x/001.webp"]
    assert [(target.output, target.format) for target in result.jobs[0].targets] == [(0, "jpeg"), (1, "webp")]


@pytest.mark.parametrize(
    ("relative", "template", "path"),
    [
        ("a/b.jpg", "{dir}/{stem}.{ext}", "out/a/b.jpg"),
        ("b.jpg", "{dir}/{stem}.{ext}", "out/b.jpg"),
        ("b.jpg", "x/{dir}/{stem}.{ext}", "out/x/b.jpg"),
        ("a/b.jpg", "./{dir}/.././{name}", "out/b.jpg"),
        ("a/b.tar.jpg", "{stem}-{format}", "out/b.tar-jpeg"),
        ("a/b.JPG", "{name}", "out/b.JPG"),
        (".hidden", "{stem}.{ext}", "out/.hidden.jpg"),
        ("b.jpg", "{date:%Y/%m}/{n}", "out/2024/05/1"),
        ("b.jpg", "{stem}/{dir}", "out/b"),
        ("a/{b} 100%.jpg", "{stem}.{ext}", "out/{b} 100%.jpg"),
        ("\udcff\n.jpg", "{stem}.{ext}", "out/\udcff\n.jpg"),
        ("..a.jpg", "{stem}.{ext}", "out/..a.jpg"),
        ("a..jpg", "{stem}", "out/a."),
    ],
)
def test_a_template_names_the_output(relative: str, template: str, path: str) -> None:
    assert paths(make_plan([relative], Output(name=template))) == [path]


def test_recipe_field_is_the_digest() -> None:
    recipe = Recipe(outputs=[Output(name="{stem}-{recipe}.{ext}")])
    assert paths(make_plan(["a.jpg"], *recipe.outputs)) == [f"out/a-{recipe.digest}.jpg"]


def test_flat_leaves_the_folders_out() -> None:
    assert paths(make_plan(["a/b.jpg", "c/d/e.jpg"], flat=True)) == ["out/b.jpg", "out/e.jpg"]


def test_numbers_count_all_sources() -> None:
    broken = Source("/x", "p", "x", problem=Failure("io", "read", "x"))
    assert paths(make_plan(["a.jpg", broken, "b.jpg"], Output(name="{n}"))) == ["out/1", "out/3"]


def test_a_source_with_a_problem_is_a_job_without_targets() -> None:
    broken = Source("/x", "p", "x.jpg", problem=Failure("io", "read", "x"))
    assert make_plan([broken]).jobs == [Job(0, broken, ())]
    assert make_plan([broken], in_the_way="skip").skipped == []


def test_no_sources_no_jobs() -> None:
    result = make_plan([])
    assert not result.all_jobs and not result.jobs and not result.folders


def test_same_keeps_the_format_and_the_suffix_that_fits() -> None:
    result = make_plan(["a.JPEG", "b.gif", "c"])
    assert paths(result) == ["out/a.JPEG", "out/b.gif", "out/c.jpg"]
    assert [job.targets[0].format for job in result.jobs] == ["jpeg", "gif", "jpeg"]
    assert {job.targets[0].other for job in result.jobs} == {None}


def test_same_corrects_a_suffix_that_lies() -> None:
    result = plan(
        [source("a.jpg")], Recipe(), "out", owner_of=lambda path: None, earlier=lambda path, output: (),
        format_of=lambda one: "png",
    )  # fmt: skip
    assert paths(result) == ["out/a.png"]


@pytest.mark.parametrize(
    ("name", "template", "path", "other"),
    [
        ("scan.ppm", "{dir}/{stem}.{ext}", "scan.ppm.png", "scan.ppm.tif"),
        ("SCAN.PPM", "{dir}/{stem}.{ext}", "SCAN.PPM.png", "SCAN.PPM.tif"),
        ("scan.ppm", "{name}.{ext}", "scan.ppm.png", "scan.ppm.tif"),
        ("scan.ppm", "{stem}-{format}", "scan-png", "scan-tiff"),
        ("scan.ppm", "{stem}", "scan", "scan"),
        ("scan.", "{stem}.{ext}", "scan..png", "scan..tif"),
    ],
)
def test_same_makes_png_or_tiff_of_what_cannot_be_written(name: str, template: str, path: str, other: str) -> None:
    (job,) = make_plan([name], Output(name=template)).jobs
    (target,) = job.targets
    assert (below(target.path), below(target.other or ""), target.format) == (f"out/{path}", f"out/{other}", "png")


def test_a_source_of_no_known_format_and_without_suffix_gains_only_the_new_one() -> None:
    result = plan(
        [source("scan")], Recipe(), "out", owner_of=lambda path: None, earlier=lambda path, output: (),
        format_of=lambda one: None,
    )  # fmt: skip
    assert paths(result) == ["out/scan.png"]
    assert (result.jobs[0].targets[0].other or "").endswith("/out/scan.tif")


def test_format_is_asked_only_under_same() -> None:
    def never(one: Source) -> str | None:
        raise AssertionError

    recipe = Recipe(outputs=[Output(format="webp")])
    plan([source("a.ppm")], recipe, "out", owner_of=lambda path: None, earlier=lambda path, output: (), format_of=never)


def test_late_names_stay_templates_of_the_whole_path(here: Path) -> None:
    (job,) = make_plan(["{a}/b}.jpg"], Output(dir="{d}", name="{dir}/{stem}-{width:04d}.{ext}"), folder="{out}").jobs
    (target,) = job.targets
    assert target.late and target.path == f"{here}/{{{{out}}}}/{{{{d}}}}/{{{{a}}}}/b}}}}-{{width:04d}}.jpg"
    assert target.path.format(width=12) == f"{here}/{{out}}/{{d}}/{{a}}/b}}-0012.jpg"


def test_late_names_of_what_cannot_be_written() -> None:
    (job,) = make_plan(["a.ppm"], Output(name="{stem}-{hash}.{ext}")).jobs
    assert below(job.targets[0].path) == "out/a-{hash}.ppm.png"
    assert below(job.targets[0].other or "") == "out/a-{hash}.ppm.tif"


def test_late_names_are_not_compared() -> None:
    stand("out/a-{width}.jpg")
    assert len(make_plan(["a.jpg", "a.jpeg"], Output(format="png", name="{stem}-{width}.{ext}")).jobs) == 2
    assert len(make_plan(["a.jpg"], Output(name="{stem}-{width}.{ext}")).jobs) == 1


def test_late_names_and_overwrite_are_refused() -> None:
    text = refusal([], Output(), Output(dir="t", name="{hash}.{ext}"), in_the_way="overwrite")
    assert text.startswith("--overwrite and {width}, {height} or {hash} in a name cannot be combined")


def test_a_template_that_cannot_be_filled_is_refused_without_any_source() -> None:
    with pytest.raises(UsageError, match="expected a format that fits {n} for name, got 'q'"):
        make_plan([], Output(name="{n:q}"))
    with pytest.raises(UsageError, match="expected a format that fits {width} for name, got '%Y'"):
        make_plan([], Output(name="{width:%Y}"))


@pytest.mark.parametrize("template", ["../{name}", "{dir}/../../{name}", "..", "/tmp/{name}", "{width}/../../x"])
def test_names_that_leave_the_folder_are_refused(template: str) -> None:
    assert refusal(["b.jpg"], Output(name=template)).startswith("names must stay below out, got ")


@pytest.mark.parametrize("folder", ["..", "/elsewhere", "a/../../out2", "../outer"])
def test_folders_of_outputs_that_leave_the_folder_are_refused(folder: str) -> None:
    assert refusal([], Output(dir=folder)).startswith("names must stay below out, got ")


def test_an_absolute_folder_of_an_output_may_be_inside(here: Path) -> None:
    assert paths(make_plan(["a.jpg"], Output(dir=f"{here}/out/t"))) == ["out/t/a.jpg"]


@pytest.mark.parametrize("folder", ["", "t"])
@pytest.mark.parametrize("template", ["{dir}", "{dir}/{stem:.0}", "{hash:.0}", "{dir}/.", "x/.."])
def test_an_empty_name_is_refused(template: str, folder: str) -> None:
    assert "photos/a.jpg gets no name from " in refusal(["a.jpg"], Output(name=template, dir=folder))


@pytest.mark.parametrize(
    "name", [".imgbatch", ".imgbatch/{name}", ".IMGBATCH/{name}", "x/.imgbatch-1-2.tmp", ".imgbatch/{width}"]
)
def test_our_own_names_are_refused(name: str) -> None:
    assert "kept for imgbatch itself" in refusal(["a.jpg"], Output(name=name))


def test_names_like_our_own_are_not_refused() -> None:
    assert paths(make_plan(["a.jpg"], Output(name="x/.imgbatch/{name}"))) == ["out/x/.imgbatch/a.jpg"]
    assert paths(make_plan(["a.jpg"], Output(name=".imgbatch2/{name}"))) == ["out/.imgbatch2/a.jpg"]


def folders(*outputs: Output, folder: str = "out") -> list[str]:
    return [below(path) for path in make_plan(["a.jpg", "trip/b.jpg"], *outputs, folder=folder).folders]


def test_the_folders_of_names_that_the_pixels_decide_are_known_too(here: Path) -> None:
    """They are swept after a kill: where the folder's own name is not entries yet, all that may be it."""
    for name in ("w5/a", "w5/trip", "w66/b", "w7", "{odd}/8"):
        (here / "out" / name).mkdir(parents=True)
    (here / "out" / "w9").write_bytes(b"a file")
    (here / "elsewhere").mkdir()
    (here / "out" / "linked").symlink_to(here / "elsewhere")  # is somebody else's
    assert folders(Output(name="{dir}/{stem}-{width}.{ext}")) == ["out", "out/trip"]
    assert folders(Output(name="w{width}/{stem}.{ext}")) == ["out/w5", "out/w66", "out/w7", "out/{odd}"]
    assert folders(Output(name="w{width:03}/{stem}/{hash}")) == ["out/w5/a", "out/w5/trip", "out/w66/b", "out/{odd}/8"]
    odd = Output(name="{{odd}}/{height}/{stem}.{ext}")
    assert folders(odd, Output(dir="t")) == ["out/t", "out/t/trip", "out/{odd}/8"]
    assert folders(Output(name="{width}/{stem}.{ext}"), folder="out/{odd}") == ["out/{odd}/8"]
    assert folders(Output(name="{width}/{stem}.{ext}"), folder="none") == []


@pytest.mark.parametrize("letter", ["x", "ü", "\udcff"])
@pytest.mark.parametrize("template", ["{stem}.{ext}", "{stem}/{n}.{ext}", "{stem}{width}.{ext}"])
def test_a_name_too_long_is_the_trouble_of_its_source(letter: str, template: str) -> None:
    long = letter * (256 // len(os.fsencode(letter)))
    result = make_plan([source(f"{long}.jpg"), "b.jpg"], Output(name=template))
    problem = result.jobs[0].source.problem
    assert problem and (problem.kind, problem.phase) == ("io", "write")
    assert problem.message.endswith("is longer than the 255 bytes of a name; shorten it with --name")
    assert result.jobs[0].targets == () and len(result.jobs[1].targets) == 1


def test_the_longest_name_fits() -> None:
    assert len(paths(make_plan(["x" * 251 + ".jpg"]))) == 1


def test_a_date_that_is_none_is_the_trouble_of_its_source() -> None:
    strange = Source("/p/a.jpg", "p", "a.jpg", 1, 10**30)
    result = make_plan([strange, "b.jpg"], Output(name="{date:%Y}-{n}"))
    assert result.jobs[0].source.problem and result.jobs[0].targets == ()
    assert paths(result) == ["out/2024-2"]


# -- two files of one name ---------------------------------------------------------------------------------------------


def test_two_sources_of_one_stem_are_refused_and_the_name_is_offered() -> None:
    text = refusal(["a.jpg", "a.png", "b.jpg", "b.png", "b.gif"], Output(format="webp"))
    assert text == (
        "photos/a.jpg and photos/a.png would both be out/a.webp (and 2 more); "
        "keep the source's suffix with --name '{dir}/{name}.{ext}'"
    )
    output = Output(format="webp", name="{dir}/{name}.{ext}")
    assert len(make_plan(["a.jpg", "a.png", "b.jpg", "b.png", "b.gif"], output).jobs) == 5


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("A.jpg", "a.jpg"),
        ("A/x.jpg", "a/x.jpg"),
        ("straße.jpg", "STRASSE.jpg"),
        (unicodedata.normalize("NFC", "é.jpg"), unicodedata.normalize("NFD", "é.jpg")),
        (unicodedata.normalize("NFC", "É/a.jpg"), unicodedata.normalize("NFD", "é/a.jpg")),
    ],
)
def test_names_that_some_file_systems_take_for_one_are_refused(one: str, other: str) -> None:
    text = refusal([one, other])
    assert "number them with --name '{dir}/{stem}-{n}.{ext}'" in text
    assert len(make_plan([one, other], Output(name="{dir}-/{stem}-{n}.{ext}")).jobs) == 2


def test_the_same_name_from_two_folders_is_refused() -> None:
    text = refusal([source("a.jpg"), source("a.jpg", root="more")])
    assert text.startswith("photos/a.jpg and more/a.jpg would both be out/a.jpg; number them")


def test_flat_collisions_offer_what_helps() -> None:
    assert "--name '{name}.{ext}'" in refusal(["x/a.jpg", "y/a.png"], Output(format="webp"), flat=True)
    assert "leave out --flat, or number" in refusal(["x/a.jpg", "y/a.jpg"], flat=True)
    both = refusal(["x/a.jpg", "y/a.jpg", "x/b.jpg", "x/b.png"], Output(format="webp"), flat=True)
    assert "leave out --flat and use --name '{dir}/{name}.{ext}'" in both


def test_two_outputs_of_one_name_are_refused() -> None:
    text = refusal(["a.jpg"], Output(), Output(quality=5))
    assert text.startswith("photos/a.jpg: outputs 1 and 2 of the recipe would both be out/a.jpg; give one another dir")


def test_the_other_name_collides_too() -> None:
    assert "would both be out/a.ppm.tif" in refusal(["a.ppm", "a.ppm.tif"])


def test_links_in_the_output_folder_do_not_hide_a_collision() -> None:
    Path("out/real").mkdir(parents=True)
    os.symlink("real", "out/link")
    assert "would both be" in refusal(["real/a.jpg", "link/a.jpg"])


def test_a_file_and_a_folder_of_one_name_are_refused() -> None:
    text = refusal(["a.jpg", "a/b.jpg"], Output(name="{dir}/{stem}"))
    assert text.startswith("photos/a.jpg would be out/a, which is also a folder for other files")
    assert "also a folder" in refusal(["A.jpg", "a/b/c.jpg"], Output(name="{dir}/{stem}"))


def test_the_name_of_the_output_folder_may_come_again_below() -> None:
    assert paths(make_plan(["out.jpg", "x/out/b.jpg"], Output(name="{dir}/{stem}"))) == ["out/out", "out/x/out/b"]


# -- sources -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("policy", ["refuse", "overwrite", "skip", "rename"])
def test_no_source_is_ever_a_target(policy: str) -> None:
    stand("photos/a.jpg", "photos/b.jpg")
    text = refusal(["a.jpg", "b.jpg"], folder="photos", in_the_way=policy)
    assert text == (
        "photos/a.jpg would be replaced by its own result (and 1 more); sources are never overwritten: choose another "
        "folder with -o, or other names such as --name '{dir}/{stem}-new.{ext}'"
    )
    assert "never overwritten" in refusal(
        ["a.jpg"], folder="photos", in_the_way=policy, owners={"photos/a.jpg": made_of("a.jpg")}
    )


def test_another_source_is_no_target_either() -> None:
    text = refusal(["a.png", "a.webp.png"], Output(format="png", name="{stem}.webp.png"), folder="photos")
    assert text.startswith("photos/a.webp.png would be replaced by what is made of photos/a.png")


def test_a_source_in_another_spelling_is_no_target() -> None:
    assert "its own result" in refusal(["A.jpg"], Output(name="a.JPG"), folder="photos")


def test_sources_are_known_through_links() -> None:
    stand("photos/a.jpg")
    os.symlink("photos", "out")
    assert "its own result" in refusal(["a.jpg"], folder="out")
    os.symlink("../photos", "photos/sub")
    assert "its own result" in refusal([source("a.jpg")], Output(dir="sub"), folder="photos")


def test_the_file_that_a_linked_source_means_is_no_target() -> None:
    stand("out/a.jpg")
    Path("photos").mkdir()
    os.symlink("../out/a.jpg", "photos/a.jpg")
    owners = {"out/a.jpg": made_of("a.jpg")}
    assert "its own result" in refusal(["a.jpg"], owners=owners)
    assert "its own result" in refusal(["a.jpg"], in_the_way="overwrite")


def test_another_format_in_the_folder_of_the_sources_is_fine() -> None:
    stand("photos/a.jpg")
    assert paths(make_plan(["a.jpg"], Output(format="webp"), folder="photos")) == ["photos/a.webp"]


# -- what is in the way ------------------------------------------------------------------------------------------------


def test_a_foreign_file_refuses_the_plan() -> None:
    stand("out/a.jpg", "out/c.jpg", "out/z.jpg")
    assert refusal(["a.jpg", "b.jpg", "c.jpg"]) == (
        "out/a.jpg is in the way and was not written by imgbatch (and 1 more); add --skip-existing, --rename or "
        "--overwrite, or choose another folder with -o"
    )
    assert make_plan(["b.jpg"]).jobs[0].targets[0].replace is False


def test_a_link_to_nowhere_is_in_the_way_too() -> None:
    Path("out").mkdir()
    os.symlink("gone", "out/a.jpg")
    assert refusal(["a.jpg"]).startswith("out/a.jpg is in the way")


def test_our_own_file_is_replaced() -> None:
    stand("out/a.jpg")
    (job,) = make_plan(["a.jpg"], owners={"out/a.jpg": made_of("a.jpg")}).jobs
    assert job.targets[0].replace is True


@pytest.mark.parametrize("policy", ["refuse", "overwrite", "skip", "rename"])
def test_our_own_file_is_in_nobodys_way(policy: str) -> None:
    stand("out/a.jpg")
    result = make_plan(["a.jpg"], owners={"out/a.jpg": made_of("a.jpg")}, in_the_way=policy)
    assert paths(result) == ["out/a.jpg"] and result.jobs[0].targets[0].replace and result.skipped == []


def test_our_own_file_that_was_changed_is_foreign() -> None:
    stand("out/a.jpg")
    text = refusal(["a.jpg"], owners={"out/a.jpg": made_of("a.jpg", is_edited=True)})
    assert text.startswith("out/a.jpg was changed since imgbatch wrote it; add --skip-existing")


def test_a_file_made_for_another_output_of_the_same_source_is_ours() -> None:
    stand("out/a.jpg")
    assert make_plan(["a.jpg"], owners={"out/a.jpg": made_of("a.jpg", output=3)}).jobs[0].targets[0].replace


def test_a_file_made_of_another_source_is_ours_when_that_is_gone_or_planned() -> None:
    stand("out/1.jpg", "out/2.jpg", "photos/a.jpg", "photos/b.jpg")
    owners = {"out/1.jpg": made_of("b.jpg"), "out/2.jpg": made_of("gone.jpg")}
    result = make_plan(["a.jpg", "b.jpg"], Output(name="{n}.jpg"), owners=owners)
    assert [job.targets[0].replace for job in result.jobs] == [True, True]


def test_a_file_made_of_another_source_that_is_not_planned_is_in_the_way() -> None:
    stand("out/a.jpg", "more/a.jpg")
    text = refusal(["a.jpg"], owners={"out/a.jpg": made_of("a.jpg", root="more")})
    assert text.startswith("out/a.jpg is in the way and was made from more/a.jpg; add --skip-existing")


def test_overwrite_replaces_what_is_in_the_way_whoever_made_it() -> None:
    stand("out/a.jpg")
    result = make_plan(["a.jpg", "b.jpg"], in_the_way="overwrite")
    assert [job.targets[0].replace for job in result.jobs] == [True, False]
    plan_over_edit = make_plan(
        ["a.jpg"], in_the_way="overwrite", owners={"out/a.jpg": made_of("a.jpg", is_edited=True)}
    )
    assert plan_over_edit.jobs[0].targets[0].replace


def test_skip_keeps_the_file_and_drops_the_target() -> None:
    stand("out/a.jpg", "out/t/b.jpg")
    sources = [source("a.jpg"), source("b.jpg"), source("c.jpg")]
    result = make_plan(sources, in_the_way="skip")
    assert result.skipped == [sources[0]]
    assert [(job.index, job.source) for job in result.jobs] == [(1, sources[1]), (2, sources[2])]
    stand("out/t/a.jpg")
    result = make_plan(sources, Output(), Output(dir="t"), in_the_way="skip")
    assert result.skipped == [sources[0]]
    assert [[target.output for target in job.targets] for job in result.jobs] == [[0], [0, 1]]


def test_skip_leaves_late_targets() -> None:
    stand("out/a.jpg")
    result = make_plan(["a.jpg"], Output(), Output(name="{width}.jpg"), in_the_way="skip")
    assert [[target.late for target in job.targets] for job in result.jobs] == [[True]]


def test_rename_takes_the_first_free_number() -> None:
    stand("out/a.jpg", "out/a-1.jpg", "out/b.jpg")
    result = make_plan(["a.jpg", "b.jpg", "c.jpg"], in_the_way="rename")
    assert paths(result) == ["out/a-2.jpg", "out/b-1.jpg", "out/c.jpg"]
    assert [job.targets[0].replace for job in result.jobs] == [False, False, False]


def test_rename_finds_what_it_named_before() -> None:
    stand("out/a.jpg", "out/a-1.jpg", "out/a-2.jpg", "out/a-3.jpg", "out/a-4.jpg")
    owners = {
        "out/a-1.jpg": made_of("a.jpg", is_edited=True),
        "out/a-2.jpg": made_of("a.jpg", output=1),
        "out/a-3.jpg": made_of("b.jpg"),
        "out/a-4.jpg": made_of("a.jpg"),
    }
    result = make_plan(["a.jpg"], owners=owners, in_the_way="rename")
    assert paths(result) == ["out/a-4.jpg"] and result.jobs[0].targets[0].replace
    stand("out/t/a.jpg", "out/t/a-1.jpg", "out/t/a-2.jpg")
    owners |= {"out/t/a-1.jpg": made_of("a.jpg"), "out/t/a-2.jpg": made_of("a.jpg", output=1)}
    result = make_plan(["a.jpg"], Output(), Output(dir="t"), owners=owners, in_the_way="rename")
    assert paths(result) == ["out/a-4.jpg", "out/t/a-2.jpg"]


def test_rename_does_not_take_the_name_of_another_target_or_a_source() -> None:
    stand("out/a.jpg")
    assert paths(make_plan(["a.jpg", "A-1.jpg"], in_the_way="rename")) == ["out/a-2.jpg", "out/A-1.jpg"]
    stand("photos/a.webp")
    result = make_plan(
        ["a.jpg", source("photos/a-1.webp", root=".")], Output(format="webp"), folder="photos", in_the_way="rename"
    )
    assert paths(result) == ["photos/a-2.webp", "photos/photos/a-1.webp"]


def test_rename_moves_both_names_of_a_source_that_becomes_png_or_tiff() -> None:
    stand("out/a.ppm.tif", "out/a.ppm-1.png")
    (job,) = make_plan(["a.ppm"], in_the_way="rename").jobs
    assert (below(job.targets[0].path), below(job.targets[0].other or "")) == ("out/a.ppm-2.png", "out/a.ppm-2.tif")


def test_rename_to_a_name_too_long_is_the_trouble_of_its_source() -> None:
    name = "x" * 251 + ".jpg"
    stand(f"out/{name}")
    (job,) = make_plan([name], in_the_way="rename").jobs
    assert job.targets == () and job.source.problem and job.source.problem.kind == "io"


def test_the_other_name_may_be_in_the_way() -> None:
    stand("out/a.ppm.tif")
    assert refusal(["a.ppm"]).startswith("out/a.ppm.tif is in the way")
    assert make_plan(["a.ppm"], in_the_way="skip").skipped == [source("a.ppm")]
    assert make_plan(["a.ppm"], owners={"out/a.ppm.tif": made_of("a.ppm")}).jobs[0].targets[0].replace


@pytest.mark.parametrize("policy", ["refuse", "overwrite", "skip", "rename"])
def test_a_folder_in_the_way_is_always_refused(policy: str) -> None:
    Path("out/a.jpg").mkdir(parents=True)
    text = refusal(["a.jpg"], in_the_way=policy)
    assert text.startswith("out/a.jpg: a folder stands where a file shall be written; move it away")


@pytest.mark.parametrize("policy", ["refuse", "overwrite", "skip", "rename"])
def test_a_file_in_the_way_of_a_folder_is_always_refused(policy: str) -> None:
    stand("out/a")
    text = refusal(["a/b/c.jpg"], in_the_way=policy)
    assert text.startswith("out/a: a file stands where a folder is needed; move it away")


def test_a_file_in_the_place_of_the_output_folder_is_refused() -> None:
    stand("out", "photo")
    os.symlink("gone", "link")
    assert refusal(["a.jpg"]) == "out: not a folder; choose another one with -o"
    assert refusal([], folder="link") == "link: not a folder; choose another one with -o"
    assert refusal(["a.jpg"], folder="photo/out").startswith("photo: a file stands where a folder is needed")


def test_a_folder_that_cannot_be_listed_is_asked_name_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    stand("out/a.jpg")

    def refuse(path: str) -> None:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(os, "scandir", refuse)
    assert refusal(["a.jpg"]).startswith("out/a.jpg is in the way")
    assert paths(make_plan(["b.jpg"])) == ["out/b.jpg"]


def test_another_spelling_in_the_way_counts_where_the_file_system_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    stand("out/A.jpg")
    assert paths(make_plan(["a.jpg"])) == ["out/a.jpg"]
    monkeypatch.setattr("imgbatch.storage.base.Storage.exists", lambda self, path: True)
    assert refusal(["a.jpg"]).startswith("out/a.jpg is in the way")


def test_each_folder_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    stand("out/z.jpg")
    read = []
    real = os.scandir

    def scandir(path: str) -> "os._ScandirIterator[str]":
        read.append(below(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    make_plan(["a.jpg", "b.jpg", "x/c.jpg", "x/d.jpg"])
    assert read == ["out", "out/x"]


def test_messages_are_one_line_whatever_the_names() -> None:
    assert "\n" not in refusal(["a\nb.jpg", "A\nb.jpg"])
    assert len(refusal(["x" * 200 + ".jpg", "X" * 200 + ".jpg"])) < 600


def test_the_folder_may_be_the_root_or_have_a_slash_at_its_end() -> None:
    result = make_plan(["no-such-folder-here/a.jpg"], folder="/")
    assert result.jobs[0].targets[0].path == "/no-such-folder-here/a.jpg"
    assert paths(make_plan(["a.jpg"], folder="out/./x/../")) == ["out/a.jpg"]


@pytest.mark.parametrize("where", ["elsewhere", "out/real"])
def test_links_to_folders_are_followed_within_the_output_folder_only(here: Path, where: str) -> None:
    (here / "out/real").mkdir(parents=True)
    (here / "elsewhere").mkdir()
    (here / "out/sub").symlink_to(here / where)
    if where == "out/real":
        assert [job.targets[0].path for job in make_plan(["sub/a.jpg"]).jobs] == [str(here / "out/sub/a.jpg")]
        return
    for name in ("sub/a.jpg", "sub/deeper/a.jpg"):
        with pytest.raises(PlanError, match=r"^out/sub\S* leads out of out, by a link on the way; remove it"):
            make_plan([name])


# -- names are known by their hashes -----------------------------------------------------------------------------------


@pytest.fixture
def equal_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hash_index, "hash", lambda key: 5, raising=False)


@pytest.mark.usefixtures("equal_hashes")
def test_names_whose_hashes_are_alike_are_compared_themselves() -> None:
    stand("out/a.webp")
    owners = {"out/a.webp": made_of("b.jpg")}  # exchanged since
    source_file = Path(source("b.jpg").path)
    source_file.parent.mkdir()
    source_file.touch()
    outputs = Output(format="webp"), Output(format="png")
    assert paths(make_plan(["a.jpg", "b.jpg"], *outputs, owners=owners)) == [
        "out/a.webp", "out/a.png", "out/b.webp", "out/b.png",
    ]  # fmt: skip
    assert "made from" in refusal(["a.jpg", "c.jpg"], *outputs, owners=owners)
    renamed = make_plan(["a.jpg", "a-1.jpg"], *outputs, in_the_way="rename")
    assert paths(renamed) == ["out/a-2.webp", "out/a.png", "out/a-1.webp", "out/a-1.png"]


@pytest.mark.usefixtures("equal_hashes")
def test_collisions_are_named_in_order_though_all_hashes_are_alike() -> None:
    outputs = Output(format="webp"), Output(format="png")
    assert refusal(["a.jpg", "b.jpg", "c.jpg", "C.png", "a.png"], *outputs).startswith(
        "photos/c.jpg and photos/C.png would both be out/C.webp (and 3 more); "
    )
    name = Output(format="webp", name="{dir}x/{stem}.{ext}")
    assert refusal(["a.jpg", "b.webp", "x/a.webp"], name, folder="photos").startswith(
        "photos/x/a.webp would be replaced by what is made of photos/a.jpg; "
    )


def test_a_name_that_was_given_up_is_still_claimed() -> None:
    stand("out/a.webp", "out/b.webp")
    outputs = Output(format="webp", name="{stem}.{ext}"), Output(format="png")
    text = refusal(["a.jpg", "x/a.jpg"], *outputs, in_the_way="skip")
    assert text.startswith("photos/a.jpg and photos/x/a.jpg would both be out/a.webp; ")
