"""The queue against the real embedded server, with real workers."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hub import budget, queue
from hub.errors import RateLimited, RemoteUnavailable, WrongUse
from hub.queue import Job, JobQueue
from hub.settings import Settings
from hub.supervise import embedded
from hub.supervise.supervisor import Supervisor

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    config = Settings(home=tmp_path_factory.mktemp("home"))
    with Supervisor(stop_seconds=1) as supervisor:
        supervisor.add([embedded.spec(config)])
        assert supervisor.wait_until(lambda: embedded.answers(config), seconds=15)
        yield config


@pytest.fixture
def bell(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[JobQueue]:
    lanes = {"realtime": "realtime", "bulk": "bulk"}
    for kind in ("note", "slow", "fail"):
        monkeypatch.setitem(queue.JOBS, kind, Job(f"queue_probe.{kind}", lanes, 60))  # type: ignore[arg-type]
    client = _client(settings)
    client.flushall()
    opened = queue.open_queue(settings)
    yield opened
    opened.close()
    client.close()


def _client(settings: Settings) -> Any:
    return queue._connect(settings.queue_url, private=True, patient=True)


def work(settings: Settings, name: str, *, on_beat: Callable[[], None] | None = None) -> None:
    """Do everything that waits in one queue."""
    worker = queue.make_worker(_client(settings), name, on_beat=on_beat)
    worker.work(burst=True)


def lines(file: Path) -> list[str]:
    return file.read_text().splitlines() if file.exists() else []


def eventually(true: Callable[[], object], *, within: float = 20.0) -> None:
    deadline = time.monotonic() + within
    while not true():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.05)


def test_a_job_runs_in_the_queue_of_its_lane(bell: JobQueue, settings: Settings, tmp_path: Path) -> None:
    note = tmp_path / "note"
    assert bell.dispatch("note", str(note), "realtime")
    work(settings, "bulk")
    assert lines(note) == []
    work(settings, "realtime")
    assert lines(note) == ["realtime"]


def test_the_same_work_waits_once(bell: JobQueue, settings: Settings, tmp_path: Path) -> None:
    note, other = tmp_path / "note", tmp_path / "other"
    for _ in range(5):
        assert bell.dispatch("note", str(note))
    bell.dispatch("note", str(other))
    assert bell.waiting() == {"pull": 0, "bulk": 2, "realtime": 0}
    work(settings, "bulk")
    assert lines(note) == ["bulk"]
    bell.dispatch("note", str(note))
    work(settings, "bulk")
    assert lines(note) == ["bulk", "bulk"]


def test_work_whose_job_was_lost_is_queued_again_at_once(
    bell: JobQueue, settings: Settings, tmp_path: Path
) -> None:
    note = str(tmp_path / "note")
    bell.dispatch("note", note)
    client = _client(settings)
    taken = client.lpop("rq:queue:bulk")  # by a worker that dies before it starts it
    assert (bell.waiting() or {})["bulk"] == 0
    bell.dispatch("note", note)
    assert (bell.waiting() or {})["bulk"] == 1
    assert client.lindex("rq:queue:bulk", 0) != taken
    client.flushall()
    bell.dispatch("note", note)
    assert (bell.waiting() or {})["bulk"] == 1


def worker_process(settings: Settings, tmp_path: Path) -> subprocess.Popen[bytes]:
    code = (
        "import sys; from pathlib import Path; from hub.queue import run_worker; from hub.settings import Settings;"
        "run_worker(Settings(home=Path(sys.argv[1])), 'bulk')"
    )
    tests = str(Path(__file__).parent.parent)
    with (tmp_path / "worker.log").open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-c", code, str(settings.home)],
            env={**os.environ, "PYTHONPATH": tests},
            stdout=log,
            stderr=log,
        )


@pytest.fixture
def busy_worker(
    bell: JobQueue, settings: Settings, tmp_path: Path
) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    """A worker in the middle of a job that would take ten minutes."""
    note = tmp_path / "note"
    bell.dispatch("slow", str(note))
    process = worker_process(settings, tmp_path)
    eventually(lambda: lines(note) == ["begin"])
    yield process, note
    process.kill()
    process.wait()


def horses(worker: int) -> list[int]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = stat.read_text()
        except OSError:
            continue
        state, parent = text.rpartition(")")[2].split()[:2]
        if int(parent) == worker and state != "Z":
            found.append(int(stat.parent.name))
    return found


def test_work_that_changes_while_it_runs_is_queued_again(
    bell: JobQueue, busy_worker: tuple[subprocess.Popen[bytes], Path]
) -> None:
    _, note = busy_worker
    bell.dispatch("slow", str(note))
    assert (bell.waiting() or {})["bulk"] == 1


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's death")
def test_a_job_dies_with_its_killed_worker(busy_worker: tuple[subprocess.Popen[bytes], Path]) -> None:
    process, _ = busy_worker
    (horse,) = horses(process.pid)
    process.kill()
    process.wait()
    eventually(lambda: not Path(f"/proc/{horse}").exists() or "Z" in Path(f"/proc/{horse}/stat").read_text())


def test_a_second_signal_ends_the_job_too(busy_worker: tuple[subprocess.Popen[bytes], Path]) -> None:
    process, note = busy_worker
    process.send_signal(signal.SIGTERM)
    time.sleep(1.2)  # RQ takes a second signal within a second for the same one
    assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    process.wait(20)
    assert lines(note) == ["begin"]


def test_an_idle_worker_ends_at_once(bell: JobQueue, settings: Settings, tmp_path: Path) -> None:
    note = tmp_path / "note"
    process = worker_process(settings, tmp_path)
    bell.dispatch("note", str(note))
    eventually(lambda: lines(note) == ["bulk"])
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0


def test_a_worker_gives_signs_of_life_and_survives_one_that_fails(
    bell: JobQueue, settings: Settings, tmp_path: Path
) -> None:
    beats = []

    def beat() -> None:
        beats.append(os.getpid())
        raise OSError("no database")

    bell.dispatch("note", str(tmp_path / "note"))
    work(settings, "bulk", on_beat=beat)
    assert beats
    assert set(beats) == {os.getpid()}
    assert lines(tmp_path / "note") == ["bulk"]


def test_a_job_that_fails_leaves_nothing_for_long(bell: JobQueue, settings: Settings, tmp_path: Path) -> None:
    bell.dispatch("fail", str(tmp_path / "note"))
    bell.dispatch("note", str(tmp_path / "other"))
    work(settings, "bulk")
    client = _client(settings)
    kept = list(client.scan_iter("rq:job:*"))
    assert all(0 < client.ttl(key) <= 3600 for key in kept)
    assert not any(client.ttl(key) > 120 for key in kept if client.hget(key, "status") == b"failed")


def test_jobs_carry_json(bell: JobQueue, settings: Settings) -> None:
    bell.dispatch("note", 17)
    client = _client(settings)
    (key,) = client.scan_iter("rq:job:*")
    import zlib

    assert b"queue_probe.note" in zlib.decompress(client.hget(key, "data"))
    assert b"[17" in zlib.decompress(client.hget(key, "data"))


def test_every_queue_has_a_kind_of_job() -> None:
    assert {q for job in queue.JOBS.values() for q in job.queues.values()} == set(queue.QUEUES)


def test_an_unknown_kind_or_queue_is_refused(bell: JobQueue, settings: Settings) -> None:
    with pytest.raises(WrongUse, match="Known: pull, drain"):
        bell.dispatch("pul", 1)
    with pytest.raises(WrongUse, match="Known: pull, bulk, realtime"):
        queue.run_worker(settings, "fast")


# --- without a queue ------------------------------------------------------------------------------


def test_without_a_queue_nothing_raises(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    down = queue.open_queue(Settings(home=tmp_path))
    assert not down.available()
    assert down.dispatch("pull", 1) is False
    assert down.waiting() is None
    assert down.take("k", rate=1000, burst=1) == 0.0
    assert [r.levelname for r in caplog.records].count("WARNING") == 1


def test_a_worker_without_a_queue_says_so(tmp_path: Path) -> None:
    with pytest.raises(RemoteUnavailable, match="hub up"):
        queue.run_worker(Settings(home=tmp_path), "pull")


def test_a_queue_that_comes_back_is_used_again(settings: Settings, tmp_path: Path) -> None:
    other = Settings(home=tmp_path)
    bell = queue.open_queue(other)
    assert not bell.dispatch("pull", 1)
    with Supervisor(stop_seconds=1) as supervisor:
        supervisor.add([embedded.spec(other)])
        assert supervisor.wait_until(bell.available, seconds=15)
        assert bell.dispatch("pull", 1)
    bell.close()


def test_a_socket_in_a_folder_open_to_others_is_not_trusted(settings: Settings) -> None:
    settings.socket.parent.chmod(0o777)
    try:
        assert not queue.open_queue(settings).available()
    finally:
        settings.socket.parent.chmod(0o700)


# --- the call budget ------------------------------------------------------------------------------


class Clock:
    now = 50.0

    def __call__(self) -> float:
        return self.now


def test_a_local_budget_gives_burst_then_rate() -> None:
    clock = Clock()
    bucket = budget.LocalBucket(clock)
    assert [bucket.take("k", rate=2, burst=3) for _ in range(3)] == [0, 0, 0]
    assert bucket.take("k", rate=2, burst=3) == pytest.approx(0.5)
    clock.now += 0.5
    assert bucket.take("k", rate=2, burst=3) == 0
    assert bucket.take("other", rate=2, burst=3) == 0


def test_a_reserve_is_kept_for_the_urgent_lane() -> None:
    bucket = budget.LocalBucket(Clock())
    bulk = [bucket.take("k", rate=1, burst=4, reserve=2) for _ in range(3)]
    assert bulk[:2] == [0, 0]
    assert bulk[2] > 0
    assert [bucket.take("k", rate=1, burst=4) for _ in range(2)] == [0, 0]


def test_a_reserve_as_large_as_the_burst_still_lets_one_through() -> None:
    assert budget.LocalBucket(Clock()).take("k", rate=1, burst=2, reserve=9) == 0


def test_a_held_key_gives_nothing_until_then() -> None:
    clock = Clock()
    bucket = budget.LocalBucket(clock)
    bucket.hold("k", seconds=60)
    assert bucket.take("k", rate=100, burst=10) == pytest.approx(60)
    clock.now += 60
    assert bucket.take("k", rate=100, burst=10) == 0


def test_a_budget_that_allows_nothing_is_refused() -> None:
    with pytest.raises(WrongUse, match="allows no call"):
        budget.LocalBucket(Clock()).take("k", rate=0, burst=1)


def test_the_shared_budget_does_the_same(bell: JobQueue) -> None:
    assert [bell.take("k", rate=0.5, burst=3) for _ in range(3)] == [0, 0, 0]
    assert 1.5 < bell.take("k", rate=0.5, burst=3) <= 2
    bulk = [bell.take("r", rate=0.01, burst=4, reserve=2) for _ in range(3)]
    assert bulk[:2] == [0, 0]
    assert bulk[2] > 0
    assert [bell.take("r", rate=0.01, burst=4) for _ in range(2)] == [0, 0]
    bell.hold("h", seconds=60)
    assert 55 < bell.take("h", rate=100, burst=10) <= 60


def test_many_share_one_budget(bell: JobQueue, settings: Settings) -> None:
    granted: list[int] = []

    def taker() -> None:
        mine = queue.open_queue(settings)
        granted.append(sum(mine.take("shared", rate=0.001, burst=20) == 0 for _ in range(10)))
        mine.close()

    threads = [threading.Thread(target=taker) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(granted) == 20


def test_pace_sleeps_a_little_and_refuses_to_sleep_long() -> None:
    clock = Clock()
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        clock.now += seconds

    before_call = budget.pace(budget.LocalBucket(clock), "k", rate=1, burst=1, sleep=sleep)
    before_call()
    before_call()
    assert slept == [pytest.approx(1.0)]
    slow = budget.pace(budget.LocalBucket(clock), "k", rate=0.01, burst=1, sleep=sleep)
    slow()
    with pytest.raises(RateLimited) as caught:
        slow()
    assert caught.value.after == pytest.approx(100)
