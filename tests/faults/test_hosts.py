"""Does a run work on odd hosts? After a fork, without temporary folders, rights or room, and in others' workers."""

from __future__ import annotations

import errno
import multiprocessing
import os
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from multiprocessing import forkserver
from pathlib import Path

import pytest
from PIL import Image

import imgbatch
from imgbatch.core.errors import HostError, HostWarning
from imgbatch.core.job import Job, Outcome
from imgbatch.executors.base import NO_GUARD, Executor
from imgbatch.executors.host_limits import auto_workers, workers_to_start
from imgbatch.executors.inline import Inline
from imgbatch.executors.processes.launch import PAUSES
from imgbatch.executors.processes.pool import Pool
from imgbatch.executors.processes.run_state import RunState
from imgbatch.memory.shared_arrays import SharedWords
from imgbatch.pipeline.task import TaskContext
from imgbatch.pixels.exact_sums import Layout, Totals
from tests.cli.conftest import COMMAND, environment
from tests.faults.tasks import FaultyTask, job
from tests.segments import own_segments

REPO = Path(__file__).parents[2]
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has such things")
root_only = pytest.mark.skipif(getattr(os, "geteuid", lambda: 1)() != 0, reason="only root can become somebody else")
NOBODY = 61234


def run_all(executor: Executor, count: int = 6) -> list[Outcome]:
    outcomes = sorted(executor.run(FaultyTask(), [job(index) for index in range(count)]), key=lambda one: one.index)
    assert [(one.index, one.status) for one in outcomes] == [(index, "ok") for index in range(count)]
    return outcomes


def run_python(code: str, **changes: str) -> subprocess.CompletedProcess[str]:
    """A program that has `Pool`, `jobs`, `work` and the modules `os` and `sys` at hand."""
    begin = (
        "import os, sys\nfrom imgbatch.executors.processes.pool import Pool\n"
        "from tests.faults.tasks import FaultyTask, job\n"
        "def statuses(): return {one.status for one in Pool(2).run(FaultyTask(), [job(n) for n in range(6)])}\n"
    )
    return subprocess.run(
        [sys.executable, "-c", begin + code], cwd=REPO, env={**os.environ, **changes}, capture_output=True, text=True,
    )  # fmt: skip


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    for number in range(4):
        Image.new("RGB", (50, 40), (number * 60, 0, 0)).save(tmp_path / "in" / f"{number}.png")
    return tmp_path


def run_command(place: Path, *words: str, before: Callable[[], None] | None = None) -> subprocess.CompletedProcess[str]:
    said = subprocess.run(
        [*COMMAND, "run", "in", "-o", "out", "--resize", "20", *words], cwd=place, env=environment(), preexec_fn=before,
        capture_output=True, text=True,
    )  # fmt: skip
    assert "Traceback" not in said.stderr and said.returncode != 70
    return said


@linux_only
def test_a_copy_of_a_process_that_has_a_forkserver_works_and_so_does_the_process_afterwards() -> None:
    done = run_python(
        "print(statuses(), flush=True)\npid = os.fork()\n"
        "if not pid:\n    print(statuses(), flush=True)\n    os._exit(0)\n"
        "assert os.waitpid(pid, 0)[1] == 0\nprint(statuses())\n"
    )
    assert (done.stdout, done.stderr) == ("{'ok'}\n" * 3, "")


@linux_only
@pytest.mark.parametrize("folder", ["/proc/nowhere", "long"])
def test_without_a_temporary_folder_for_a_socket(tmp_path: Path, folder: str) -> None:
    long = tmp_path / ("x" * 120)
    long.mkdir()
    code = "import tempfile\ntempfile.tempdir = os.environ['PLACE']\nprint(statuses())"
    done = run_python(code, PLACE=str(long) if folder == "long" else folder)
    assert (done.stdout, done.stderr) == ("{'ok'}\n", "")


@linux_only
@pytest.mark.parametrize("alone", [True, False])
def test_a_working_folder_that_is_gone(tmp_path: Path, alone: bool) -> None:
    warm = "from imgbatch.executors.processes.start_method import warm\nwarm(False, alone=True)\n" if alone else ""
    done = run_python(f"os.mkdir({str(tmp_path / 'gone')!r})\nos.chdir({str(tmp_path / 'gone')!r})\n"
                      f"os.rmdir(os.getcwd())\n{warm}print(statuses())", PYTHONPATH=str(REPO))  # fmt: skip
    assert (done.stdout, done.stderr) == ("{'ok'}\n", "")


@linux_only
@pytest.mark.parametrize("words", [["run", "-o", "OUT", "--resize", "20"], ["check"], ["stats"]])
def test_the_command_in_a_folder_that_is_gone(pictures: Path, words: list[str]) -> None:
    (pictures / "gone").mkdir()
    typed = [*COMMAND, words[0], str(pictures / "in"), *words[1:], "-j", "2"]
    shell = 'cd "$0" && rmdir "$0" && exec "$@"'
    words = [word.replace("OUT", str(pictures / "out")) for word in typed]
    done = subprocess.run(
        ["sh", "-c", shell, str(pictures / "gone"), *words], env=environment(), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


@linux_only
def test_a_forkserver_hears_of_the_end_of_workers_though_the_command_was_started_deaf(pictures: Path) -> None:
    """A worker whose end nobody tells keeps the run from ending."""

    def block() -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})

    assert run_command(pictures, "-j", "2", before=block).returncode == 0


@root_only
@linux_only
def test_a_working_folder_that_workers_may_not_enter(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir(0o700)
    done = run_python(f"os.chdir({str(tmp_path / 'home')!r})\nos.setresuid({NOBODY}, {NOBODY}, {NOBODY})\n"
                      "print(statuses())", PYTHONPATH=str(REPO))  # fmt: skip
    if "Permission" in done.stderr or "ModuleNotFound" in done.stderr:
        pytest.skip("others may not read this Python or this package")
    assert (done.stdout, done.stderr) == ("{'ok'}\n", "")


@root_only
@linux_only
@pytest.mark.parametrize("used_before", [False, True])
def test_a_service_that_has_given_up_root(used_before: bool) -> None:
    """Nobody may look into its process; and a forkserver of root's would have workers with root's rights."""
    before = "print(statuses(), flush=True)\n" if used_before else ""
    done = run_python(f"{before}os.setgroups([])\nos.setgid({NOBODY})\nos.setuid({NOBODY})\n"
                      "from imgbatch.executors.processes.start_method import start_context\n"
                      "print(start_context(None).get_start_method())\nprint(statuses())")  # fmt: skip
    if "Permission" in done.stderr or "ModuleNotFound" in done.stderr:
        pytest.skip("others may not read this Python or this package")
    first = "{'ok'}\nspawn\n" if used_before else "forkserver\n"
    assert (done.stdout, done.stderr) == (first + "{'ok'}\n", "")


def daemon_statuses(number: int) -> tuple[str, list[str]]:
    """What a worker of somebody else's pool gets."""
    with pytest.warns(HostWarning) as warnings:
        run_all(Pool(2))
    try:
        list(Pool(2, timeout=1.0).run(FaultyTask(), [job(0)]))
    except HostError as error:
        return str(error), [str(one.message) for one in warnings]
    return "", []


def test_a_worker_of_another_pool_does_the_files_itself() -> None:
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        ((refusal, said),) = pool.map(daemon_statuses, [0])
    assert len(said) == 1 and "daemonic process" in said[0] and "workers=0" in said[0]
    assert "run without a timeout" in refusal and "workers=0" in refusal


@pytest.mark.parametrize("error", [OSError(11, "no more"), RuntimeError("can't start new thread"), EOFError()])
def test_where_no_process_starts_the_files_are_done_in_this_one(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    monkeypatch.setattr("imgbatch.executors.processes.launch.PAUSES", (0.001,) * len(PAUSES))

    def refused(*_: object) -> None:
        raise error

    monkeypatch.setattr("imgbatch.executors.processes.launch._start", refused)
    with Totals(Layout(3)) as totals, pytest.warns(HostWarning, match="no worker process") as warnings:
        run_all(Pool(2, 2, sums=totals), 12)
    assert len(warnings) == 1


def test_the_workers_that_there_are_do_the_files_of_those_that_did_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    from imgbatch.executors.processes import launch

    monkeypatch.setattr(launch, "PAUSES", (0.001,) * len(PAUSES))
    start, tries = launch._start, []

    def only_one(state: RunState, row: int) -> object:
        tries.append(row)
        if row != tries[0]:
            raise OSError(11, "no more")
        return start(state, row)

    monkeypatch.setattr(launch, "_start", only_one)
    run_all(Pool(3, 2), 30)
    assert len(set(tries)) == 3


@linux_only
def test_a_forkserver_that_is_killed_is_started_again() -> None:
    pool = Pool(2, 1)
    results = pool.run(FaultyTask(), [job(index, "sleep:0.02") for index in range(40)])
    outcomes = [next(results)]
    for _ in range(3):
        os.kill(forkserver._forkserver._forkserver_pid, signal.SIGKILL)  # type: ignore[attr-defined]  # no public way
        outcomes += [next(results) for _ in range(4)]
    outcomes += list(results)
    assert sorted(one.index for one in outcomes) == list(range(40))
    assert {one.status for one in outcomes} == {"ok"}


@linux_only
@pytest.mark.parametrize(
    ("limit", "value", "said"),
    [
        ("RLIMIT_NOFILE", 20, "no worker process"),
        ("RLIMIT_NOFILE", 34, "of 8 workers"),
        ("RLIMIT_AS", 350 * 2**20, "no worker process"),
        ("RLIMIT_AS", 600 * 2**20, "of 8 workers"),
    ],
)
def test_limits_cost_workers_and_nothing_else(pictures: Path, limit: str, value: int, said: str) -> None:
    for number in range(4, 12):
        Image.new("RGB", (50, 40)).save(pictures / "in" / f"{number}.png")
    number = getattr(resource, limit)
    done = run_command(pictures, "-j", "8", before=lambda: resource.setrlimit(number, (value, value)))
    assert done.returncode == 0, done.stderr
    assert said in done.stderr and len(done.stderr.splitlines()) == 2
    assert len(list((pictures / "out").glob("*.png"))) == 12
    quiet = run_command(
        pictures, "-j", "8", "--quiet", "--force", before=lambda: resource.setrlimit(number, (value, value))
    )
    assert (quiet.returncode, quiet.stderr) == (0, "")


@linux_only
@pytest.mark.parametrize("limit", [8, 11, 13, 16])
@pytest.mark.parametrize("words", [("-j", "0"), ("-j", "2")])
def test_too_few_open_files_are_said_before_anything_is_done(
    pictures: Path, limit: int, words: tuple[str, ...]
) -> None:
    done = run_command(pictures, *words, before=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit)))
    assert done.returncode == 4
    assert "(ulimit -n)" in done.stderr and len(done.stderr.splitlines()) == 1
    assert not (pictures / "out").exists()


@linux_only
def test_a_time_limit_that_nobody_could_keep_is_one_sentence(pictures: Path) -> None:
    few = (20, 20)
    done = run_command(
        pictures, "-j", "2", "--timeout", "9s", before=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, few)
    )
    assert done.returncode == 4
    assert "-j 0" in done.stderr.splitlines()[-1] and len(done.stderr.splitlines()) == 1


@linux_only
def test_threads_are_counted_before_they_are_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    import _thread

    start, left = _thread.start_new_thread, [3 + 3 * 4]

    def limited(*words: object) -> int:
        if not left[0]:
            raise RuntimeError("can't start new thread")
        left[0] -= 1
        return start(*words)  # type: ignore[call-overload,no-any-return]  # as it came

    monkeypatch.setattr(_thread, "start_new_thread", limited)
    assert workers_to_start(8) == 4
    left[0] = 5
    with pytest.raises(HostError, match="leave no room"):
        workers_to_start(8)


@linux_only
def test_threads_of_the_program_that_start_meanwhile_are_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    import _thread

    monkeypatch.setattr("imgbatch.executors.host_limits._PATIENCE", 3600.0)
    start, over, others = _thread.start_new_thread, threading.Event(), list[threading.Thread]()

    def start_two(*words: object) -> int:
        if not others:
            others.append(threading.Thread(target=over.wait))
            others[0].start()
        return start(*words)  # type: ignore[call-overload,no-any-return]  # as it came

    monkeypatch.setattr(_thread, "start_new_thread", start_two)
    try:
        assert workers_to_start(2) == 2
    finally:
        over.set()
        others[0].join()


@linux_only
def test_shared_memory_without_its_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("imgbatch.memory.shared_memory.SHM", "/proc/nowhere")
    words = SharedWords.create(4)
    words.words[1] = 7
    assert SharedWords.attach(words.name, 4).words[1] == 7
    words.release()
    run_all(Pool(2))


def refused(*_: object, **__: object) -> int:
    raise OSError(errno.EROFS, os.strerror(errno.EROFS))


@linux_only
@pytest.mark.parametrize("word", ["imgbatch.memory.shared_memory.os.memfd_create", "_multiprocessing.SemLock"])
def test_without_shared_memory_or_semaphores_sums_are_kept_here(monkeypatch: pytest.MonkeyPatch, word: str) -> None:
    monkeypatch.setattr("imgbatch.memory.shared_memory.SHM", "/proc/nowhere")
    monkeypatch.setattr(word, refused)
    with Totals(Layout(3)) as totals, pytest.warns(HostWarning, match="no worker process"):
        run_all(Pool(2, sums=totals))
    assert own_segments() == set()


@linux_only
def test_what_libraries_print_goes_nowhere_where_no_file_can_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "memfd_create", refused)
    monkeypatch.setattr("tempfile.TemporaryFile", refused)
    run_all(Inline())


class ThreadCount(FaultyTask):
    """Loads numpy and tells how many threads there are."""

    def __call__(self, job: Job, context: TaskContext) -> Outcome:
        import numpy

        assert numpy.ones(3).sum() == 3
        return Outcome(job.index, job.source, "ok", ms={"threads": len(os.listdir("/proc/self/task"))})


@linux_only
@pytest.mark.parametrize("method", ["forkserver", "spawn"])
def test_numpy_starts_no_threads_in_workers(monkeypatch: pytest.MonkeyPatch, method: str) -> None:
    """On a machine of 64 processors 64 workers would have 4,096, more than most limits allow."""
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    (outcome,) = Pool(1, method=method).run(ThreadCount(), [job(0)])
    assert outcome.ms["threads"] <= 2  # its own, and the one that waits for the parent's end


def test_a_time_limit_without_a_thread_is_one_sentence(pictures: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_thread(timer: threading.Timer) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Timer, "start", no_thread)
    with pytest.raises(HostError, match="run without it"):
        imgbatch.run(str(pictures / "in"), str(pictures / "out"), imgbatch.Recipe(), workers=0, max_time=60)


def machine(root: Path, groups: str, files: dict[str, str]) -> str:
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/self/cgroup").write_text(groups)
    for name, text in files.items():
        path = root / "sys/fs/cgroup" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return str(root)


@pytest.mark.parametrize(
    ("groups", "files", "count"),
    [
        ("0::/a.slice/b\n", {"a.slice/b/cpu.max": "150000 100000\n"}, 2),
        ("0::/a.slice/b\n", {"a.slice/cpu.max": "50000 100000\n", "a.slice/b/cpu.max": "max 100000\n"}, 1),
        ("0::/\n", {"cpu.max": "max 100000\n"}, 16),
        ("0::/\n", {"cpu.max": "rubbish"}, 16),
        ("4:cpu,cpuacct:/d/1\n", {"cpu/d/1/cpu.cfs_quota_us": "300000", "cpu/d/1/cpu.cfs_period_us": "100000"}, 3),
        ("4:cpu,cpuacct:/d/1\n", {"cpu/cpu.cfs_quota_us": "100000", "cpu/cpu.cfs_period_us": "100000"}, 1),
        ("4:cpu:/\n", {"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, 16),
        ("4:cpu:/\n", {"cpu/cpu.cfs_quota_us": "100000", "cpu/cpu.cfs_period_us": "0"}, 16),
    ],
)
def test_a_quota_of_processor_time_counts(
    groups: str, files: dict[str, str], count: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(16)), raising=False)
    assert auto_workers(machine(tmp_path, groups, files)) == count


@pytest.mark.parametrize(("processors", "count"), [(None, 1), (6, 6)])
def test_a_system_that_knows_no_affinity_is_asked_for_its_processors(
    processors: int | None, count: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: processors)
    assert auto_workers(str(tmp_path)) == count


@pytest.mark.parametrize("word", ["from multiprocessing.forkserver import main; main(1, 2)", "--multiprocessing-fork"])
def test_a_frozen_program_that_starts_itself_as_its_worker_ends_there(word: str) -> None:
    code = (
        f"import sys\nsys.frozen, sys.argv = True, ['app', '-c', {word!r}]\nimport imgbatch as ib\nib.run('in', 'out')"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=REPO, check=False).returncode == NO_GUARD


def test_a_frozen_program_needs_no_script() -> None:
    done = run_python("main = sys.modules['__main__']\nmain.__file__, sys.frozen = '/nowhere/app.py', True\n"
                      "main.__spec__ = None\nfrom imgbatch.executors.processes.start_method import start_context\n"
                      "print(start_context(None).get_start_method())")  # fmt: skip
    assert done.stdout.strip() in multiprocessing.get_all_start_methods(), done.stderr
