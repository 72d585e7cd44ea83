"""Hands sandboxed runs to the workers of a Dask cluster; the judge and the gradebook stay with the grader.

To a worker go a clean notebook, the requests for evidence and the limits; back come outputs and evidence.
Both are JSON text, so that nothing a student made travels as a pickle. No reference value, no label, no
student's name and nothing else that only the judge knows is sent. A worker needs the package with its sandbox
and the homework's data set, which notebooks read; it compares its own version and data with the grader's
before every run.

Dask itself pickles what goes between its machines: here the reference to `answer`, by its module and name,
and the text around a run. Its machines trust each other, and so does the grader: a cluster belongs in a
network of its own, or behind TLS. What is not trusted, the students' code, stays in each worker's sandbox.
"""

import json
import logging
import threading
import time
import traceback
from contextlib import redirect_stdout
from dataclasses import asdict
from functools import lru_cache
from io import StringIO

import nbformat
from nbformat import NotebookNode

from autograder.course.files import GradingStopped
from autograder.course.version import surroundings
from autograder.run import sandbox
from autograder.run.apart import run_notebook
from autograder.run.notebook import Limits, Run, RunFailed, Settled, WorkersLost
from autograder.run.sandbox import SandboxUnavailable
from helpers import batch_embed_local, dataset_fingerprint, load_homework_data
from helpers.errors import CourseError

CONNECT_SECONDS = 15
WAIT_SECONDS = 60  # how long the grading waits for a worker when there is none
LOOK_SECONDS = 2  # between two looks whether there is one
SPARE = 2  # runs beside those that the workers have threads for, so that none waits for the grader
AGAIN = "then give the same command again. What is graded so far is kept."


# --- on a worker -----------------------------------------------------------------------------------------


def answer(task: str) -> str:
    """Check this worker, and run the notebook of `task`, if there is one -> what came of it, as JSON text.

    {"refused": why this worker may not run anything}, {"failed": why no kernel started}, {"broke": the
    traceback of an error of ours}, or {"run": the run}, null where there is nothing to run; each with the
    worker's address.
    """
    return json.dumps(_outcome(json.loads(task)) | {"worker": _address()})


def _outcome(task: dict) -> dict:
    if reason := _unfit(task["surroundings"]):
        return {"refused": reason}
    if task["notebook"] is None:
        return {"run": None}
    try:
        run = run_notebook(nbformat.from_dict(task["notebook"]), task["requests"], Limits(**task["limits"]))
    except SandboxUnavailable as reason:
        return {"refused": str(reason)}
    except RunFailed as reason:
        return {"failed": str(reason)}
    except Exception:
        return {"broke": traceback.format_exc()}
    return {"run": run.to_json()}


def _unfit(wanted: dict[str, str]) -> str | None:
    """Why this worker may not run anything for a grader with the surroundings `wanted`."""
    if not sandbox.is_wanted():
        return f"{sandbox.UNSAFE} is set there, and a cluster runs nothing without a sandbox: unset it."
    try:
        sandbox.require()
        own = _surroundings()
    except CourseError as reason:
        return str(reason)
    for what, version in wanted.items():
        if own.get(what) != version:
            return (
                f"its {what} is {own.get(what)}, but the grader's is {version}: make them the same and start it again."
            )
    return None


_once = threading.Lock()


def _surroundings() -> dict[str, str]:
    with _once:  # a worker's threads begin together
        return _known()


_known = lru_cache(maxsize=1)(lambda: _measured())


def _measured() -> dict[str, str]:
    """The surroundings of this process. Measuring embeds the data set's products and queries where this machine's
    cache does not know them yet, so that no kernel has to."""
    with redirect_stdout(StringIO()):  # loading says which data is in use
        data = load_homework_data()
    batch_embed_local(data.queries["query"], show_progress=False)  # into the cache that the kernels read
    return surroundings() | {"data set": dataset_fingerprint(data.products, data.queries, data.labels)[:12]}


def _address() -> str:
    from distributed import get_worker

    return get_worker().address


# --- on the grader's machine -----------------------------------------------------------------------------


class Cluster:
    """The workers behind one scheduler; `run` is a `grading.Runner`, to be called from as many threads as
    runs shall be under way. Every worker is checked when the cluster is opened, and again before each run.

    Raises GradingStopped where there is no scheduler or no worker, or where a worker refuses; its message
    names it.
    """

    def __init__(self, address: str):
        try:
            from distributed import Client
        except ModuleNotFoundError:
            raise CourseError("A cluster needs the package distributed: run `pip install -e '.[cluster]'`.") from None
        # What Dask has to tell about lost connections is said here, in one sentence.
        for name in ("distributed.client", "distributed.comm", "distributed.core"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
        self.address = address
        self.surroundings = _measured()
        self.lock, self.looked, self.seen = threading.Lock(), 0.0, time.monotonic()
        self.running: set = set()
        try:
            self.client = Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
        except (OSError, TimeoutError, ValueError) as problem:
            raise GradingStopped(
                f"There is no Dask scheduler at {address} ({problem}): start one, or correct --scheduler."
            ) from None

    def __enter__(self) -> "Cluster":
        try:
            self.threads = self._check_workers()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *problem) -> None:
        self.client.close(timeout=CONNECT_SECONDS)

    @property
    def jobs(self) -> int:
        """How many runs keep all workers busy."""
        return self.threads + SPARE

    def run(
        self,
        notebook: NotebookNode,
        requests: dict[str, str],
        limits: Limits = Limits(),
        settled: Settled | None = None,
    ) -> Run:
        """What `run_notebook` does, on some worker. Lost with its worker, a run begins again on another one.

        settled: not asked, because a question back would have to find its way to this run; a worker asks everything.
        Raises GradingStopped where a worker refuses, or no worker is left for longer than WAIT_SECONDS;
        RunFailed where no kernel starts, or one worker after the other is lost over this notebook;
        RuntimeError with a worker's traceback where our own code broke over it.
        """
        future = self.client.submit(answer, self._task(notebook, requests, limits), pure=False)
        self.running.add(future)
        try:
            reply = self._result(future)
        finally:
            self.running.discard(future)
        if "failed" in reply:
            raise RunFailed(reply["failed"])
        if "broke" in reply:
            raise RuntimeError(f"on the worker {reply['worker']}:\n{reply['broke']}")
        return Run.from_json(reply["run"])

    def end_runs(self) -> None:
        """Give up what runs now, for a grader that stops; `run` raises GradingStopped."""
        for future in list(self.running):
            future.cancel()

    def _task(self, notebook: NotebookNode | None, requests: dict[str, str], limits: Limits) -> str:
        """All that is sent to a worker."""
        return json.dumps(
            {"surroundings": self.surroundings, "notebook": notebook, "requests": requests, "limits": asdict(limits)}
        )

    def _check_workers(self) -> int:
        """Have every worker check itself, which may take minutes where it has to embed the data -> their
        threads."""
        while not (workers := self._workers()):
            self._look()
            time.sleep(0.1)
        checks = [
            self.client.submit(
                answer, self._task(None, {}, Limits()), pure=False, workers=[worker], allow_other_workers=True
            )
            for worker in workers
        ]
        for check in checks:
            self._result(check)
        return sum(workers.values())

    def _result(self, future) -> dict:
        """What a worker answered. Waits as long as there are workers."""
        from distributed import KilledWorker
        from distributed.client import FutureCancelledError

        ended = threading.Event()
        future.add_done_callback(lambda future: ended.set())
        while not ended.wait(LOOK_SECONDS):
            self._look()
        try:
            reply = json.loads(future.result())
        except FutureCancelledError:
            raise self._gone() from None
        except KilledWorker as problem:
            raise WorkersLost(
                "The workers that ran this notebook were lost, one after the other (the last "
                f"was {problem.last_worker.address}): see their logs, then try again."
            ) from None
        except Exception as problem:
            # Whatever is about one notebook comes as a reply; this is about the machines.
            raise GradingStopped(
                f"The scheduler at {self.address} or a worker of it cannot take part "
                f"({type(problem).__name__}: {' '.join(str(problem).split())[:200]}): "
                f"start them from the same environment as the grader's, {AGAIN}"
            ) from None
        if "refused" in reply:
            raise GradingStopped(
                f"The worker {reply['worker']} cannot take part: {reply['refused']} Or stop that worker; {AGAIN}"
            )
        return reply

    def _look(self) -> None:
        """GradingStopped where scheduler or workers have been gone for too long. Asks no more often than
        it must."""
        with self.lock:
            now = time.monotonic()
            if now - self.looked < LOOK_SECONDS:
                return
            self.looked = now
            if self._workers():
                self.seen = now
            elif now - self.seen > WAIT_SECONDS:
                raise GradingStopped(
                    f"The cluster at {self.address} has had no worker for {WAIT_SECONDS} "
                    f"seconds: start some (`dask worker {self.address}`), {AGAIN}"
                )

    def _workers(self) -> dict[str, int]:
        """{address: threads}"""
        try:
            return self.client.nthreads()
        except (OSError, TimeoutError):
            raise self._gone() from None

    def _gone(self) -> GradingStopped:
        return GradingStopped(f"The Dask scheduler at {self.address} is gone: start it and its workers, {AGAIN}")
