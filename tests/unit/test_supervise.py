"""The supervisor with real child processes: restart, order, bounded stop, no orphans."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hub.errors import ConnectionBroken, WrongUse
from hub.settings import Settings
from hub.supervise import embedded
from hub.supervise.part import Part, Spec
from hub.supervise.supervisor import Supervisor, parts, start_queue, up

pytestmark = pytest.mark.slow

SLEEPER = "import time; time.sleep(600)"


def python(code: str) -> tuple[str, ...]:
    return (sys.executable, "-I", "-c", textwrap.dedent(code))


def eventually(true: Callable[[], object], *, within: float = 15.0) -> None:
    deadline = time.monotonic() + within
    while not true():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.05)


def gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_part_that_dies_starts_again_with_growing_pauses() -> None:
    clock = Clock()
    part = Part(Spec("short", python("raise SystemExit(3)")), clock=clock)
    pauses = []
    for _ in range(8):
        part.tend()
        eventually(lambda: not part.alive)
        part.tend()  # notices
        before, died = part.starts, clock.now
        while part.starts == before:
            clock.now += 0.25
            part.tend()
        pauses.append(clock.now - died)
        eventually(lambda: not part.alive)
        part.tend()
        clock.now += 100
    assert pauses[0] <= 1.0
    assert pauses == sorted(pauses)
    assert pauses[-1] == 30.0


def test_a_part_that_lived_long_starts_again_quickly() -> None:
    clock = Clock()
    part = Part(Spec("long", python(SLEEPER)), clock=clock)
    part.tend()
    clock.now += 3600
    assert part.pid
    os.kill(part.pid, signal.SIGKILL)
    eventually(lambda: not part.alive)
    part.tend()
    clock.now += 0.6
    part.tend()
    assert part.starts == 2
    assert part.alive
    part.ask_to_stop()
    part.stop(hurry=lambda: True)


def test_what_a_dead_part_had_started_is_ended_with_it(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    code = f"""
        import subprocess, sys, time
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        open({str(note)!r}, "w").write(str(child.pid))
        time.sleep(600)
    """
    part = Part(Spec("parent", python(code)))
    part.tend()
    eventually(lambda: note.exists() and note.read_text())
    assert part.pid
    os.kill(part.pid, signal.SIGKILL)
    eventually(lambda: not part.alive)
    part.tend()
    eventually(lambda: gone(int(note.read_text())))


STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True); time.sleep(600)"


def test_a_part_that_will_not_stop_is_killed_past_its_patience(tmp_path: Path) -> None:
    output = tmp_path / "out"
    part = Part(Spec("stubborn", python(STUBBORN), patience=0.3, log_file=output))
    part.tend()
    eventually(output.read_text)
    pid = part.pid
    assert pid
    began = time.monotonic()
    part.ask_to_stop()
    part.stop(hurry=lambda: False)
    assert time.monotonic() - began < 60  # it would sleep for 600
    assert gone(pid)


WHOLE = """
    import signal, sys
    from pathlib import Path
    from hub import logging_setup
    from hub.settings import Settings
    from hub.supervise import supervisor
    from hub.supervise.part import Spec
    def parts(settings, *, port):
        return [Spec("web", (sys.executable, "-m", "http.server", str(port), "--bind", settings.web_host))]
    supervisor.parts = parts
    logging_setup.configure("up")
    say = lambda text: print(text, flush=True)
    raise SystemExit(supervisor.up(Settings(home=Path(sys.argv[1]), web_port=0, stop_seconds=2), say=say))
"""
DRIVER = """
    import sys
    from pathlib import Path
    from hub.supervise.part import Spec
    from hub.supervise.supervisor import Supervisor
    import signal
    note = Path(sys.argv[1])
    def child(name):
        return (sys.executable, "-I", "-c",
            "import os, signal, sys, time\\n"
            f"note = open({str(note)!r}, 'a')\\n"
            "def end(*_):\\n"
            f"    note.write('stop {name}\\\\n'); note.flush(); sys.exit(0)\\n"
            "signal.signal(signal.SIGTERM, end)\\n"
            f"note.write(f'start {name} {{os.getpid()}}\\\\n'); note.flush()\\n"
            "time.sleep(600)")
    with Supervisor(stop_seconds=2) as supervisor:
        supervisor.add([Spec("queue", child("queue"), serves=True)])
        supervisor.add([Spec("worker", child("worker"), orphaned=signal.SIGKILL), Spec("web", child("web"))])
        supervisor.run()
    print("clean", flush=True)
"""


@pytest.fixture
def driver(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    note = tmp_path / "note"
    note.touch()
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(DRIVER), str(note)],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    eventually(lambda: note.read_text().count("start") == 3)
    yield process, note
    process.kill()
    process.wait()
    for pid in pids(note):
        if not gone(pid):
            os.kill(pid, signal.SIGKILL)


def pids(note: Path) -> list[int]:
    return [int(line.split()[2]) for line in note.read_text().splitlines() if line.startswith("start")]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_everything_in_order(
    driver: tuple[subprocess.Popen[str], Path], number: signal.Signals
) -> None:
    process, note = driver
    process.send_signal(number)
    assert process.wait(10) == 0
    assert process.stdout and process.stdout.read() == "clean\n"
    stops = [line for line in note.read_text().splitlines() if line.startswith("stop")]
    assert stops[-1] == "stop queue"
    assert sorted(stops) == ["stop queue", "stop web", "stop worker"]
    assert all(gone(pid) for pid in pids(note))


def test_ctrl_c_in_a_terminal_reaches_the_supervisor_only(driver: tuple[subprocess.Popen[str], Path]) -> None:
    process, note = driver
    os.killpg(process.pid, signal.SIGINT)  # what a terminal does
    assert process.wait(10) == 0
    assert note.read_text().splitlines()[-1] == "stop queue"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's death")
def test_kill_9_of_the_supervisor_leaves_no_orphan(driver: tuple[subprocess.Popen[str], Path]) -> None:
    process, note = driver
    process.kill()
    process.wait()
    eventually(lambda: all(gone(pid) for pid in pids(note)), within=5)


def test_a_killed_part_is_back_while_the_others_live_on(driver: tuple[subprocess.Popen[str], Path]) -> None:
    _, note = driver
    first = pids(note)
    os.kill(first[1], signal.SIGKILL)
    eventually(lambda: len(pids(note)) == 4)
    assert not gone(first[0])
    assert not gone(first[2])


# --- the embedded queue server --------------------------------------------------------------------


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path)


def running(settings: Settings) -> Supervisor:
    supervisor = Supervisor(stop_seconds=1)
    supervisor.add([embedded.spec(settings)])
    assert supervisor.wait_until(lambda: embedded.answers(settings), seconds=10)
    return supervisor


def test_the_queue_server_listens_on_a_private_socket_only(settings: Settings) -> None:
    with running(settings) as supervisor:
        pid = supervisor.parts[0].pid
        assert settings.socket.parent.stat().st_mode & 0o077 == 0
        listening = subprocess.run(["ss", "-ltnp"], capture_output=True, text=True, check=False).stdout
        assert f"pid={pid}," not in listening
    assert not embedded.answers(settings)


def test_a_queue_file_that_cannot_be_read_is_put_aside(settings: Settings) -> None:
    with running(settings):
        pass
    (base,) = (settings.data / "queue" / "appendonlydir").glob("*.base.*")
    base.write_bytes(b"REDIS-no such thing" * 100)
    with Supervisor(stop_seconds=1) as supervisor:
        start_queue(supervisor, settings)
        assert embedded.answers(settings)
    assert list((settings.data / "queue").glob("appendonlydir.unreadable-*"))


def test_a_long_home_gets_a_short_private_socket(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 60) / ("e" * 60)
    deep.mkdir(parents=True)
    settings = Settings(home=deep)
    assert len(os.fsencode(settings.socket)) < 100
    try:
        with running(settings):
            assert settings.socket.parent.stat().st_mode & 0o777 == 0o700
    finally:
        settings.socket.unlink(missing_ok=True)
        settings.socket.parent.rmdir()


def test_a_socket_folder_put_there_by_somebody_is_refused(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 60) / ("f" * 60)
    settings = Settings(home=deep)
    settings.socket.parent.symlink_to(tmp_path)
    try:
        with pytest.raises(WrongUse, match="another user's"):
            embedded.spec(settings)
    finally:
        settings.socket.parent.unlink()


def test_no_server_for_this_machine_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded.platform, "machine", lambda: "m68k")
    monkeypatch.setattr(embedded.shutil, "which", lambda _: None)
    with pytest.raises(WrongUse, match="redis_url"):
        embedded.binary()


# --- the whole ------------------------------------------------------------------------------------


def test_only_one_hub_up_a_home(settings: Settings) -> None:
    import fcntl

    settings.data.mkdir()
    with (settings.data / "up.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.write("4711")
        file.flush()
        with pytest.raises(WrongUse, match="4711"):
            up(settings)


def test_a_taken_port_is_refused_before_anything_starts(settings: Settings) -> None:
    import dataclasses
    import socket

    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = dataclasses.replace(settings, web_port=other.getsockname()[1])
        with pytest.raises(WrongUse, match="HUB_WEB_PORT"):
            up(taken)
    assert not (settings.data / "queue").exists()


def test_a_queue_server_that_cannot_start_says_why(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    import dataclasses

    monkeypatch.setattr(embedded, "_MEMORY", "nonsense")
    with pytest.raises(ConnectionBroken, match="maxmemory"):
        up(dataclasses.replace(settings, web_port=0))


@pytest.fixture
def whole(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(WHOLE), str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    yield process
    process.kill()
    process.wait()


def test_up_prints_its_address_when_it_can_be_used_and_stops_clean(
    whole: subprocess.Popen[str], settings: Settings
) -> None:
    import urllib.request

    assert whole.stdout
    line = whole.stdout.readline()
    address = line.split(" at ")[1].split()[0]
    assert urllib.request.urlopen(address, timeout=5).status == 200
    assert embedded.answers(settings)
    whole.send_signal(signal.SIGINT)
    assert whole.stdout.read() == "Stopping…\nStopped.\n"
    assert whole.wait(10) == 0
    assert not embedded.answers(settings)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's death")
def test_up_killed_takes_its_queue_server_along_and_starts_again(
    whole: subprocess.Popen[str], settings: Settings
) -> None:
    assert whole.stdout
    whole.stdout.readline()
    whole.kill()
    with Supervisor(stop_seconds=1) as supervisor:
        start_queue(supervisor, settings)
        assert embedded.answers(settings)
        assert supervisor.parts[0].starts == 1


def test_there_is_one_worker_a_queue_and_as_many_as_asked(settings: Settings) -> None:
    import dataclasses

    names = [
        spec.name for spec in parts(dataclasses.replace(settings, bulk_workers=2, pull_workers=0), port=1)
    ]
    assert names == ["worker bulk 1", "worker bulk 2", "worker realtime", "web", "scheduler"]
