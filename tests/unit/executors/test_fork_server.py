"""Is the forkserver forked only where that is safe, and then as new as one that was started?"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from imgbatch.core.job import Job, Outcome
from imgbatch.executors.processes.fork_server import NAME
from imgbatch.pipeline.task import Task, TaskContext

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells how many threads there are")

#: What the command does first, and then something with two processes of multiprocessing.
CODE = """
import threading
from multiprocessing import forkserver, resource_tracker
from pathlib import Path
from imgbatch.executors.processes.start_method import warm

def words(number):
    return Path(f"/proc/{{number}}/cmdline").read_bytes()

{before}
warm(numbers=False, alone={alone})
started = [forkserver._forkserver._forkserver_pid, resource_tracker._resource_tracker._pid]
{then}
"""
FORKED = "print([words(number) == words('self') for number in started])"
WORK = """
from imgbatch.executors.processes.pool import Pool
from tests.faults.tasks import job
from tests.unit.executors.test_fork_server import Asking
(outcome,) = Pool(1).run(Asking(), [job(0)])
print(outcome.error or outcome.ms)
"""


class Asking(Task):
    """A task whose outcome says whether the objects of multiprocessing are free in a worker."""

    def __call__(self, job: Job, context: TaskContext) -> Outcome:
        from multiprocessing import forkserver, resource_tracker, shared_memory

        free = forkserver._forkserver._lock.acquire(timeout=10)  # type: ignore[attr-defined]  # private: no public way
        held = shared_memory.SharedMemory(create=True, size=8)  # the tracker hears of it
        held.close()
        held.unlink()
        tracker = vars(resource_tracker._resource_tracker)["_pid"]
        return Outcome(job.index, job.source, "ok", ms={"free": free, "tracker": tracker or 0})


def output_of(alone: bool, then: str, before: str = "") -> str:
    code = CODE.format(alone=alone, then=then, before=before)
    place = Path(__file__).parents[3]
    process = subprocess.run([sys.executable, "-c", code], cwd=place, capture_output=True, text=True, timeout=60)
    assert (process.returncode, process.stderr) == (0, "")
    return process.stdout.strip()


@pytest.mark.parametrize("alone", [True, False])
def test_only_a_command_forks(alone: bool) -> None:
    assert output_of(alone, FORKED) == str([alone, alone])


def test_what_is_forked_goes_by_another_name_than_the_command() -> None:
    """`killall imgbatch` ends the command alone."""
    then = (
        "names = [Path(f'/proc/{number}/comm') for number in started]\n"
        f"while any(name.read_text() != '{NAME}\\n' for name in names):\n"
        "    threading.Event().wait(0.001)\n"  # they have only just been forked
        "print('renamed')"
    )
    assert output_of(True, then) == "renamed"


def test_nothing_is_forked_beside_a_second_thread() -> None:
    before = "end = threading.Event()\nthreading.Thread(target=end.wait).start()"
    assert output_of(True, f"{FORKED}\nend.set()", before) == "[False, False]"


def test_what_the_command_has_open_stays_its_own() -> None:
    """A pipe whose writing end lived on in another process would never end."""
    before = "import os\nends = os.pipe()"
    then = "os.close(ends[1])\nprint(os.read(ends[0], 1))"
    assert output_of(True, then, before) == "b''"


@pytest.mark.parametrize("alone", [True, False])
def test_a_worker_finds_multiprocessing_as_in_a_new_process(alone: bool) -> None:
    assert output_of(alone, WORK) == "{'free': True, 'tracker': 0}"


def places(folder: Path) -> str:
    """Code that has temporary files and the socket in folders of the test's own."""
    for name in ("tmp", "shm"):
        (folder / name).mkdir(exist_ok=True)
    return (
        f"import os, tempfile\ntempfile.tempdir = {str(folder / 'tmp')!r}\n"
        f"from imgbatch.executors.processes import fork_server\nfork_server.FOLDER = {str(folder / 'shm/helper')!r}\n"
    )


def left(folder: Path) -> list[str]:
    return [str(path.relative_to(folder)) for path in sorted(folder.rglob("*")) if path.parent != folder]


@pytest.mark.parametrize("alone", [True, False])
def test_its_socket_leaves_nothing_among_temporary_files_and_works(tmp_path: Path, alone: bool) -> None:
    """So that a kill leaves nothing there, either; one that is started again after its death is as good."""
    nothing = "assert os.listdir(tempfile.tempdir) == os.listdir(os.path.dirname(fork_server.FOLDER)) == []\n"
    then = (
        f"{nothing}{WORK}\n"
        "os.kill(started[0], 9)\n"
        "os.waitid(os.P_PID, started[0], os.WEXITED | os.WNOWAIT)\n"
        f"{WORK}\n{nothing}"
    )
    assert output_of(alone, then, places(tmp_path)) == "\n".join(["{'free': True, 'tracker': 0}"] * 2)


@pytest.mark.parametrize("alone", [True, False])
def test_what_a_kill_leaves_of_it_is_taken_by_the_next(tmp_path: Path, alone: bool) -> None:
    """Killed when the socket has its name: no temporary file is there, and after the next command nothing is."""
    kill = (
        "import signal\nfrom multiprocessing import resource_tracker, util\nresource_tracker.ensure_running()\n"
        "def kill(*words): os.kill(os.getpid(), signal.SIGKILL)\n"
        f"{places(tmp_path)}util.spawnv_passfds = fork_server._fork = kill\n"
    )
    code = CODE.format(alone=alone, then="", before=kill)
    done = subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[3], check=False)
    assert done.returncode == -9
    number = os.geteuid()
    assert left(tmp_path) == [f"shm/helper-{number}", f"shm/helper-{number}/listener"]
    assert output_of(alone, WORK, places(tmp_path)) == "{'free': True, 'tracker': 0}"
    assert left(tmp_path) == []


@pytest.mark.parametrize("owner", ["a command that starts", "everybody", "a link"])
def test_a_folder_that_is_anothers_is_left_alone(tmp_path: Path, owner: str) -> None:
    import fcntl

    before = places(tmp_path)
    folder = tmp_path / f"shm/helper-{os.geteuid()}"
    target = tmp_path / "elsewhere" if owner == "a link" else folder
    target.mkdir(mode=0o700)
    if owner == "a link":
        folder.symlink_to(target)
    (target / "listener").touch()
    descriptor = os.open(target, os.O_RDONLY)
    try:
        if owner == "everybody":
            target.chmod(0o777)
        elif owner == "a command that starts":
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        assert output_of(True, WORK, before) == "{'free': True, 'tracker': 0}"
    finally:
        os.close(descriptor)
    assert (target / "listener").exists() and folder.exists() and os.listdir(tmp_path / "tmp") == []


def test_what_is_forked_starts_over_where_its_name_cannot_be_set() -> None:
    code = (
        "import builtins, os\n"
        "from imgbatch.executors.processes import fork_server\n"
        "def refuse(*words): raise PermissionError(13, 'no names here')\n"
        "builtins.open = refuse\n"
        "number = os.fork()\n"
        "if number == 0:\n"
        "    try:\n"
        "        fork_server._start_over([])\n"
        "        os._exit(7)\n"
        "    finally:\n"
        "        os._exit(1)\n"
        "os._exit(os.waitstatus_to_exitcode(os.waitpid(number, 0)[1]))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[3], capture_output=True, check=False)
    assert done.returncode == 7, done.stderr
