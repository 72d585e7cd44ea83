"""Runs on a Dask cluster on loopback: a scheduler and two workers, each a process of its own, as on other machines."""

import json
import logging
import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import nbformat
import psutil
import pytest
from distributed import LocalCluster
from nbgrader.api import Gradebook
from typer.testing import CliRunner

from autograder.cli import app
from autograder.commands.demo import make_course
from autograder.commands.grade import find_submissions, grade_all
from autograder.course.files import GradingStopped
from autograder.course.folder import Course
from autograder.course.notebooks import read_notebook, with_answers
from autograder.gradebook import marks
from autograder.inside.collector import CHECKS
from autograder.run import cluster as clusters
from autograder.run import sandbox
from autograder.run.cluster import Cluster, answer
from tests.conftest import REPOSITORY
from tests.support.processes import HANGS, until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the sandbox needs Linux")
START = "import sys; sys.argv[0] = 'dask'; {change}; from distributed.cli.dask_{part} import main; main()"
DYING = "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)"
NO_BUBBLEWRAP = "import autograder.run.sandbox; autograder.run.sandbox.candidates = lambda: []"


class Dask:
    """A scheduler and its workers; `change` is what a worker does before it begins."""

    def __init__(self, folder: Path, data: Path):
        self.folder, self.processes = folder, []
        # One lost worker is no reason to give a run up, two are.
        self.environment = os.environ | {
            "COURSE_DATA_DIR": str(data),
            "PYTHONPATH": str(REPOSITORY),
            "DASK_CONFIG": str(folder),
            "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "1",
        }
        self.environment.pop(sandbox.UNSAFE, None)
        places = folder / "scheduler.json"
        self.start("scheduler", "--port", "0", "--scheduler-file", str(places))
        until(lambda: places.exists() and places.read_text())
        self.address = json.loads(places.read_text())["address"]

    def start(self, part: str, *arguments: str, change: str = "pass", **environment: str) -> subprocess.Popen:
        with open(self.folder / f"{len(self.processes)}-{part}.log", "wb") as log:
            process = subprocess.Popen(
                [
                    sys.executable,
                    "-c",
                    START.format(change=change, part=part),
                    *arguments,
                    "--host",
                    "127.0.0.1",
                    "--no-dashboard",
                    "--dashboard-address",
                    "127.0.0.1:0",
                ],
                cwd=self.folder,
                env=self.environment | environment,
                stdout=log,
                stderr=log,
            )
        self.processes.append(process)
        return process

    def worker(self, name: str, change: str = "pass", **environment: str) -> subprocess.Popen:
        return self.start(
            "worker",
            self.address,
            "--name",
            name,
            "--nthreads",
            "1",
            "--no-nanny",
            "--local-directory",
            str(self.folder),
            change=change,
            **environment,
        )

    def stop(self) -> None:
        for process in reversed(self.processes):
            process.kill()
            process.wait()


@pytest.fixture(scope="module")
def dask(small_homework, small_data, tmp_path_factory):
    dask = Dask(tmp_path_factory.mktemp("dask"), small_data)
    try:
        dask.worker("one")
        dask.worker("two")
        yield dask
    finally:
        dask.stop()


@pytest.fixture(scope="module")
def cluster(dask, small_homework):
    with Cluster(dask.address) as cluster:
        cluster.client.wait_for_workers(2, timeout=HANGS)
        yield cluster


def worker_named(cluster, name):
    """The address of a worker, as soon as it has joined."""

    def found():
        workers = cluster.client.scheduler_info(n_workers=-1)["workers"]
        return next((address for address, worker in workers.items() if worker["name"] == name), None)

    until(found)
    return found()


@pytest.fixture(scope="module")
def template(small_homework, solutions_few, tmp_path_factory):
    """Four students: one right and one wrong on the quick questions, one whose kernel dies, one broken file."""
    course = make_course(tmp_path_factory.mktemp("course"), small_homework.folder.parents[1])
    marks.register(course, "hw4")
    source = read_notebook(course.source("hw4"))
    answers = {
        "ada-k": {},
        "carl-g": {"cosine": "def cosine_similarity(a, b):\n    return float(np.dot(a, b))"},
        "dying-w": {"normalize": DYING},
    }
    for student, own in answers.items():
        course.submitted("hw4", student).parent.mkdir(parents=True)
        nbformat.write(with_answers(source, solutions_few | own), course.submitted("hw4", student))
    course.submitted("hw4", "broken-b").parent.mkdir(parents=True)
    course.submitted("hw4", "broken-b").write_text("{")
    return course


@pytest.fixture(scope="module")
def solutions_few(solutions):
    """The instructor's answers to the questions that take no time; the others stay unanswered."""
    return {
        question: text if question in ("cosine", "recall", "normalize") else "raise NotImplementedError()"
        for question, text in solutions.items()
    }


@pytest.fixture
def course(template, tmp_path):
    shutil.copytree(template.root, tmp_path / "course")
    return Course(tmp_path / "course")


@pytest.fixture(scope="module")
def local(template, small_homework, tmp_path_factory):
    """What this machine alone finds: {student: result}."""
    folder = tmp_path_factory.mktemp("local") / "course"
    shutil.copytree(template.root, folder)
    return found(grade(Course(folder), small_homework, jobs=2))


def grade(course, homework, **options):
    handed = find_submissions(course.build / "submitted", "hw4")
    return grade_all(course, homework, handed, **{"seed": 11} | options)


def found(results):
    return {r.student: (r.status, r.score, r.reason, r.problem, r.questions) for r in results}


def test_the_same_marks_and_nothing_secret_sent(cluster, course, local, small_homework, monkeypatch):
    sent, submit = [], cluster.client.submit

    def record(function, *arguments, **options):
        sent.append((function, arguments, options))
        return submit(function, *arguments, **options)

    monkeypatch.setattr(cluster.client, "submit", record)
    graded = found(grade(course, small_homework, jobs=cluster.jobs, runner=cluster.run))
    assert graded == local
    assert 0 < graded["carl-g"][1] < graded["ada-k"][1]
    assert graded["dying-w"][0] == graded["broken-b"][0] == "failed"  # who killed a kernel cannot be told
    for student, (_, score, *_) in graded.items():
        assert sum(m.score for m in marks.marks_of(course, "hw4", student).values()) == score

    assert len(sent) == 4  # the one whose kernel died is run twice
    numbers = set(floats(small_homework.shop.reference))
    assert len(numbers) > 5
    judged = small_homework.shop.data.labels.query("grade > 0").groupby("query_id")["product_id"].agg(set)
    for function, arguments, options in sent:
        assert function is answer and options == {"pure": False}
        [text] = arguments
        task = json.loads(text)
        assert set(task) == {"surroundings", "notebook", "requests", "limits"}
        assert not [student for student in local if student in text]
        assert not [number for number in numbers if repr(number) in text]
        lists = [set(map(str, values)) for values in every_list(task)]
        for relevant in judged[judged.map(len) > 2]:
            assert not [values for values in lists if set(map(str, relevant)) <= values]
        shipped = task["requests"].pop(CHECKS)
        assert shipped == (small_homework.folder / "checks.py").read_text(encoding="utf-8")  # students have it
        for request in map(json.loads, task["requests"].values()):
            assert set(request) <= {"nonce", "question", "kind", "part", "probes", "answer_cells"}
            assert request["probes"] and not [probe for probe in request["probes"] if "about" in probe]


def floats(values):
    """The numbers in `values` that cannot stand somewhere by chance."""
    if isinstance(values, float) and len(repr(values)) > 8:
        yield values
    for value in values.values() if isinstance(values, dict) else values if isinstance(values, list) else ():
        yield from floats(value)


def every_list(values):
    if isinstance(values, list):
        yield [value for value in values if not isinstance(value, (list, dict))]
    for value in values.values() if isinstance(values, dict) else values if isinstance(values, list) else ():
        yield from every_list(value)


def test_the_command(cluster, dask, course, local, tmp_path):
    for student in ("ada-k", "broken-b", "dying-w"):
        (course.build / "submitted" / student).rename(tmp_path / student)
    command = ["grade", "hw4", "--course", str(course.root), "--scheduler", dask.address]
    run = CliRunner().invoke(app, [*command, "--seed", "11", "--json", str(tmp_path / "out.json")])
    assert run.exit_code == 0, run.output
    [carl] = json.loads((tmp_path / "out.json").read_text())["students"]
    assert (carl["student"], carl["score"], carl["questions"]) == (
        "carl-g",
        local["carl-g"][1],
        [v.to_json() for v in local["carl-g"][4]],
    )
    run = CliRunner().invoke(app, [*command, "--unsafe-no-sandbox"])
    assert "runs nothing without a sandbox" in str(run.exception)


def test_a_worker_killed_in_mid_batch_loses_nothing(cluster, dask, course, local, small_homework, monkeypatch):
    victim = dask.worker("victim")
    address = worker_named(cluster, "victim")
    had, submit = [], cluster.client.submit
    # Each run is the victim's first, and anybody's once it is lost.
    monkeypatch.setattr(
        cluster.client,
        "submit",
        lambda *arguments, **options: submit(*arguments, workers=[address], allow_other_workers=True, **options),
    )

    def kill():
        until(lambda: cluster.client.processing().get(address) and psutil.Process(victim.pid).children())
        had.extend(psutil.Process(victim.pid).children(recursive=True))
        os.kill(victim.pid, signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    results = grade(course, small_homework, jobs=4, runner=cluster.run)
    killer.join()
    assert had and victim.wait() == -signal.SIGKILL
    assert found(results) == local
    with Gradebook(course.config().CourseDirectory.db_url, course.config().CourseDirectory.course_id) as book:
        assert sorted(s.student_id for s in book.assignment_submissions("hw4")) == ["ada-k", "carl-g"]
    assert psutil.wait_procs(had, timeout=HANGS)[1] == []  # its sandboxes went with it


def test_a_notebook_that_takes_worker_after_worker_fails_alone(cluster, dask, course, small_homework, monkeypatch):
    victims = [dask.worker("first"), dask.worker("second")]
    addresses = [worker_named(cluster, name) for name in ("first", "second")]
    submit = cluster.client.submit

    def deadly(function, task, **options):
        if json.dumps(DYING)[1:-1] in task:
            return submit(lambda task: os._exit(1), task, workers=addresses, **options)
        return submit(function, task, **options)

    monkeypatch.setattr(cluster.client, "submit", deadly)
    results = {r.student: r for r in grade(course, small_homework, jobs=4, runner=cluster.run)}
    assert [victim.wait(timeout=HANGS) for victim in victims] == [1, 1]
    assert results["dying-w"].status == "failed" and "were lost, one after the other" in results["dying-w"].reason
    assert results["ada-k"].status == results["carl-g"].status == "graded"


def test_a_worker_without_a_sandbox_refuses(cluster, dask, course, small_homework, local):
    for student in ("ada-k", "dying-w"):
        shutil.rmtree(course.build / "submitted" / student)
    grade(course, small_homework, runner=cluster.run)
    before = {s: marks.marks_of(course, "hw4", s) for s in local}
    unfit = dask.worker("unfit", change=NO_BUBBLEWRAP)
    try:
        address = worker_named(cluster, "unfit")
        with pytest.raises(GradingStopped, match=f"The worker {address} cannot take part.*bubblewrap is missing"):
            Cluster(dask.address).__enter__()
        # One that joins later refuses too, and then no mark is lost.
        submit = cluster.client.submit
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(cluster.client, "submit", lambda *a, **o: submit(*a, **o, workers=[address]))
            with pytest.raises(GradingStopped, match=f"{address} cannot take part"):
                grade(course, small_homework, runner=cluster.run)
    finally:
        unfit.kill()
        unfit.wait()
    now = {s: marks.marks_of(course, "hw4", s) for s in local}
    assert now == before and sum(m.score for m in now["carl-g"].values()) == local["carl-g"][1]


@pytest.fixture
def empty(small_homework, monkeypatch):
    """A scheduler without workers."""
    monkeypatch.setattr(clusters, "WAIT_SECONDS", 0.2)
    monkeypatch.setattr(clusters, "LOOK_SECONDS", 0.1)
    with LocalCluster(
        n_workers=0,
        processes=False,
        protocol="tcp",
        host="127.0.0.1",
        dashboard_address=None,
        silence_logs=logging.CRITICAL,
    ) as scheduler:
        yield scheduler


def test_no_worker_and_no_scheduler_are_one_sentence(empty, small_homework, monkeypatch):
    with pytest.raises(GradingStopped, match="has had no worker"):
        Cluster(empty.scheduler_address).__enter__()
    monkeypatch.setattr(Cluster, "_check_workers", lambda self: 0)
    monkeypatch.setattr(clusters, "WAIT_SECONDS", 60)
    with Cluster(empty.scheduler_address) as cluster:
        threading.Timer(0.5, empty.close).start()
        with pytest.raises(GradingStopped, match="scheduler at .* is gone"):
            cluster.run(nbformat.v4.new_notebook(), {})
    monkeypatch.setattr(clusters, "CONNECT_SECONDS", 0.5)
    for wrong in ("tcp://127.0.0.1:9", "nonsense://x"):
        with pytest.raises(GradingStopped, match="There is no Dask scheduler at"):
            Cluster(wrong)
