"""The doorbell: RQ over Redis or Valkey. The only importer of redis and rq.

SQL is the truth (DESIGN §7): a job carries an id, and losing all of Redis loses nothing, because upkeep dispatches
again what is due. So nothing here raises because the queue is down; `dispatch` answers False, and the row waits. Every
job may run twice.
"""

from __future__ import annotations

import logging
import os
import signal
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeVar

from hub import leash
from hub.budget import LocalBucket, bounded_reserve
from hub.errors import RemoteUnavailable, WrongUse
from hub.settings import Settings

if TYPE_CHECKING:
    from redis import Redis
    from rq.worker import Worker

log = logging.getLogger(__name__)

T = TypeVar("T")
Lane = Literal["realtime", "bulk"]


class Job(NamedTuple):
    """A kind of job: its entry point `run(id, lane)` by dotted name, each lane's queue, its longest life (seconds)."""

    entry: str
    queues: Mapping[Lane, str]
    timeout: int


# The one table from kind to code: the hub never imports a job. One worker process serves one queue, so a long pull
# holds up no delivery, and no bulk delivery holds up a webhook.
JOBS: Mapping[str, Job] = {
    "pull": Job("jobs.pull.run", {"realtime": "pull", "bulk": "pull"}, 3600),
    "drain": Job("jobs.drain.run", {"realtime": "realtime", "bulk": "bulk"}, 300),
    "webhook": Job("jobs.webhook.run", {"realtime": "realtime", "bulk": "realtime"}, 300),
    "backfill": Job("jobs.pull.run", {"realtime": "bulk", "bulk": "bulk"}, 300),
    "upkeep": Job("jobs.upkeep.run", {"realtime": "bulk", "bulk": "bulk"}, 300),
}
QUEUES = ("pull", "bulk", "realtime")
# Long-running processes by name; `main(settings, …)`, blocking until a signal.
PROCESSES: Mapping[str, str] = {"worker": "jobs.worker.main", "scheduler": "jobs.schedule.main"}

_WAITING_TTL = 3600  # a job nobody took in this time is dispatched again by upkeep anyway
_DOWN_PAUSE = 2.0  # seconds for which a queue found down is not asked again
_WORKER_TTL, _MAINTENANCE, _MONITORING = 30, 10, 5

# KEYS[1] the bucket; ARGV rate (calls/s), burst, reserve (calls kept for others). The server's clock is the only clock.
# Answers the seconds to wait; 0 = one call was taken.
_TAKE = """
local t = redis.call('TIME')
local now = tonumber(t[1]) + tonumber(t[2]) / 1000000
local rate, burst, reserve = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local state = redis.call('HMGET', KEYS[1], 'tokens', 'at', 'held')
local held = tonumber(state[3] or '0') or 0
local at = tonumber(state[2] or now) or now
local tokens = math.min(burst, (tonumber(state[1] or burst) or burst) + math.max(0, now - at) * rate)
local wait = 0
if held > now then wait = held - now
elseif tokens - 1 >= reserve then tokens = tokens - 1
else wait = (reserve + 1 - tokens) / rate end
redis.call('HSET', KEYS[1], 'tokens', string.format('%.6f', tokens), 'at', string.format('%.6f', now))
redis.call('PEXPIRE', KEYS[1], math.ceil((burst / rate + math.max(0, held - now) + 10) * 1000))
return string.format('%.6f', wait)
"""
_HOLD = """
local t = redis.call('TIME')
local till = tonumber(t[1]) + tonumber(t[2]) / 1000000 + tonumber(ARGV[1])
if till > (tonumber(redis.call('HGET', KEYS[1], 'held') or '0') or 0) then
  redis.call('HSET', KEYS[1], 'held', string.format('%.6f', till))
  redis.call('PEXPIRE', KEYS[1], math.ceil((tonumber(ARGV[1]) + 10) * 1000))
end
"""


class JobQueue:
    """A process's access to the queue. Safe to build when the queue is down, and to keep over a fork."""

    def __init__(self, url: str, *, private: bool = False) -> None:
        """`url`: redis://, rediss:// or unix://; `private`: its socket's folder must be ours. See `open_queue`."""
        self._url = url
        self._private = private
        self._client: Redis | None = None
        self._down = False
        self._ask_again = 0.0
        self._local = LocalBucket()

    def available(self) -> bool:
        """Whether the queue answers now."""
        self._ask_again = 0.0
        return self._attempt(lambda client: bool(client.ping()), otherwise=False)

    def dispatch(self, kind: str, id: int | str, lane: Lane = "bulk") -> bool:
        """Ring for one piece of work. False: the queue is down (the row in SQL waits for upkeep).

        While the same call waits to be started it is not queued again; once a worker has it, it is: its row may have
        changed, or the worker died with it.
        """
        job = _job(kind)
        queue = job.queues[lane]
        bell = f"hub:bell:{queue}:{kind}:{id}"  # holds the id of the job that waits

        def ring(client: Redis) -> bool:
            from rq import Queue, Retry

            rung: Any = client.get(bell)
            if rung is not None and client.lpos(f"rq:queue:{queue}", rung) is not None:
                return True
            made = Queue(queue, connection=client, serializer="json").enqueue_call(
                job.entry,
                args=(id, lane),
                timeout=job.timeout,
                ttl=_WAITING_TTL,
                result_ttl=0,
                failure_ttl=60,
                description=f"{kind} {id} {lane}",
                retry=Retry(
                    max=2
                ),  # for a worker that was killed; what a job itself meets, its row remembers
            )
            client.set(bell, made.id, ex=_WAITING_TTL)
            return True

        return self._attempt(ring, otherwise=False)

    def take(self, key: str, *, rate: float, burst: float, reserve: float = 0.0) -> float:
        """As Bucket.take, shared by all processes; while the queue is down, this process's own."""
        reserve = bounded_reserve(rate=rate, burst=burst, reserve=reserve)
        wait = self._attempt(
            lambda client: float(client.eval(_TAKE, 1, f"hub:budget:{key}", rate, burst, reserve)),
            otherwise=None,
        )
        return self._local.take(key, rate=rate, burst=burst, reserve=reserve) if wait is None else wait

    def hold(self, key: str, *, seconds: float) -> None:
        self._local.hold(key, seconds=seconds)
        self._attempt(lambda client: client.eval(_HOLD, 1, f"hub:budget:{key}", seconds), otherwise=None)

    def waiting(self) -> dict[str, int] | None:
        """How many jobs wait in each queue; None: the queue is down."""
        return self._attempt(
            lambda client: {name: int(client.llen(f"rq:queue:{name}")) for name in QUEUES}, otherwise=None
        )

    def close(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None

    def _attempt(self, act: Callable[[Redis], T], *, otherwise: T) -> T:
        """`act`, or `otherwise` while the queue is down. Says once that it is gone, and once that it is back."""
        if time.monotonic() < self._ask_again:
            return otherwise
        from redis.exceptions import RedisError

        try:
            if self._client is None:
                self._client = _connect(self._url, private=self._private, patient=False)
            result = act(self._client)
        except (RedisError, OSError) as error:
            self._ask_again = time.monotonic() + _DOWN_PAUSE
            if not self._down:
                log.warning("the queue is down, work waits in the database: %s", error)
            self._down = True
            return otherwise
        if self._down:
            log.info("the queue is back")
        self._down = False
        return result


def open_queue(settings: Settings) -> JobQueue:
    """The queue of these settings. Connects when first used."""
    return JobQueue(settings.queue_url, private=settings.embedded_queue)


def run_worker(settings: Settings, queue: str, *, on_beat: Callable[[], None] | None = None) -> None:
    """Serve one queue until SIGTERM or SIGINT: the running job ends first; a second signal ends the job too.

    `on_beat` is called in the worker (not in the process of a job) at least every 15 s while it lives; it must close
    what it opens, because jobs are forked from here. Raises RemoteUnavailable when the queue does not answer now.
    """
    if queue not in QUEUES:
        raise WrongUse(f"There is no queue {queue!r}.", fix=f"Known: {', '.join(QUEUES)}.")
    from redis.exceptions import RedisError

    try:
        client = _connect(settings.queue_url, private=settings.embedded_queue, patient=True)
        client.ping()
        worker = make_worker(client, queue, on_beat=on_beat)
    except (RedisError, OSError) as error:
        raise RemoteUnavailable(
            "The queue does not answer.",
            cause=str(error),
            fix="Start it: `hub up` brings one, or set redis_url.",
        ) from None
    worker.work(with_scheduler=False)


def make_worker(client: Redis, queue: str, *, on_beat: Callable[[], None] | None = None) -> Worker:
    """The RQ worker of one queue: forks per job, notices a dead colleague within about a minute (stack.md §5)."""
    from rq import Queue

    return _worker_class(on_beat)(
        [Queue(queue, connection=client, serializer="json")],
        connection=client,
        serializer="json",
        worker_ttl=_WORKER_TTL,
        maintenance_interval=_MAINTENANCE,
        job_monitoring_interval=_MONITORING,
        default_result_ttl=0,
    )


def _worker_class(on_beat: Callable[[], None] | None) -> type[Worker]:
    """Our RQ worker. Made here because rq is imported only by who needs it (half a second of CPU)."""
    from rq.worker import Worker

    class HubWorker(Worker):
        _beaten = 0.0

        def heartbeat(self, timeout: int | None = None, pipeline: Any = None) -> None:
            super().heartbeat(timeout, pipeline)
            now = time.monotonic()
            if on_beat is not None and not self._is_horse and now - self._beaten >= _MONITORING - 1:
                self._beaten = now
                try:
                    on_beat()
                except Exception:
                    log.exception("the worker's sign of life could not be written")

        def main_work_horse(self, job: Any, queue: Any) -> None:
            # Without this a job whose worker was killed runs on while a second worker starts the same one.
            leash.hold(self.pid or os.getppid(), signal.SIGKILL)
            super().main_work_horse(job, queue)

    return HubWorker


def _connect(url: str, *, private: bool, patient: bool) -> Redis:
    """A client. `patient`: for a worker, which waits long on purpose; others rather do without the queue."""
    from redis import Redis
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    if private:
        _check_private(Path(url.removeprefix("unix://")).parent)
    if patient:
        return Redis.from_url(url, socket_connect_timeout=5, health_check_interval=30)
    return Redis.from_url(url, socket_connect_timeout=2, socket_timeout=5, retry=Retry(NoBackoff(), 1))


def _check_private(folder: Path) -> None:
    """Raises OSError unless nobody else can have put a socket there (it may stand below /tmp)."""
    state = folder.stat()
    if state.st_mode & 0o022 or state.st_uid not in (os.getuid(), 0):
        raise PermissionError(f"{folder} can be written by others, so its socket is not trusted")


def _job(kind: str) -> Job:
    try:
        return JOBS[kind]
    except KeyError:
        raise WrongUse(f"There is no kind of job {kind!r}.", fix=f"Known: {', '.join(JOBS)}.") from None
