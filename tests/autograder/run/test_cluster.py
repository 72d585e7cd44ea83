"""What a worker looks at before it runs anything, and what it sends back; tests/flows/test_cluster.py has the whole."""

import json
from dataclasses import asdict

import nbformat
import pytest

from autograder.course.version import surroundings
from autograder.run import cluster, sandbox
from autograder.run.cluster import Cluster, answer
from autograder.run.notebook import Limits, Run, RunFailed
from autograder.run.sandbox import SandboxUnavailable

OWN = {"course code": "abc", "Python": "3.11", "data set": "fff"}


@pytest.fixture
def ran(monkeypatch):
    """The notebooks that were run; this process is a worker."""
    ran = []

    def run(notebook, requests, limits):
        ran.append(notebook)
        return Run(notebook, {"cosine": ["{}", "\ud800"]}, "It ended.", {"recall", "cosine"})

    monkeypatch.setattr(cluster, "run_notebook", run)
    monkeypatch.setattr(cluster, "_surroundings", lambda: OWN)
    monkeypatch.setattr(cluster, "_address", lambda: "tcp://10.0.0.7:1234")
    monkeypatch.setattr(sandbox, "require", lambda: None)
    monkeypatch.delenv(sandbox.UNSAFE, raising=False)
    return ran


def task(notebook="one", **changed):
    notebook = {"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5} if notebook else None
    return json.dumps({"surroundings": OWN | changed, "notebook": notebook, "requests": {}, "limits": asdict(Limits())})


def test_a_run_comes_back_as_it_was(ran):
    told = json.loads(answer(task()))
    assert told["worker"] == "tcp://10.0.0.7:1234" and len(ran) == 1
    grader = grader_that_gets(json.loads)
    run = grader.run(nbformat.v4.new_notebook(), {"cosine": "{}"})
    assert (
        run.evidence == {"cosine": ["{}", "\ud800"]} and run.problem == "It ended." and run.late == {"recall", "cosine"}
    )
    assert isinstance(run.notebook, nbformat.NotebookNode) and run.notebook == nbformat.v4.new_notebook()


def test_a_check_runs_nothing(ran):
    assert json.loads(answer(task(notebook=None)))["run"] is None and not ran


@pytest.mark.parametrize("what", OWN)
def test_a_worker_that_differs_refuses(ran, what):
    told = json.loads(answer(task(**{what: "other"})))
    assert told["refused"].startswith(f"its {what} is {OWN[what]}, but the grader's is other") and not ran


def test_a_worker_set_to_run_without_a_sandbox_refuses(ran, monkeypatch):
    monkeypatch.setenv(sandbox.UNSAFE, "1")
    assert "runs nothing without a sandbox" in json.loads(answer(task()))["refused"] and not ran


def test_a_worker_that_cannot_build_the_sandbox_refuses(ran, monkeypatch):
    def refuse(*_):
        raise SandboxUnavailable("No bubblewrap here.")

    with monkeypatch.context() as patch:
        patch.setattr(sandbox, "require", refuse)
        assert json.loads(answer(task()))["refused"] == "No bubblewrap here." and not ran
    monkeypatch.setattr(cluster, "run_notebook", refuse)
    assert json.loads(answer(task()))["refused"] == "No bubblewrap here."


def test_a_kernel_that_does_not_start_is_the_students_alone(ran, monkeypatch):
    def fail(*_):
        raise RunFailed("No kernel could be started.")

    monkeypatch.setattr(cluster, "run_notebook", fail)
    assert json.loads(answer(task()))["failed"] == "No kernel could be started."


def test_an_error_of_ours_is_the_students_alone_and_is_told(ran, monkeypatch):
    monkeypatch.setattr(cluster, "run_notebook", lambda *_: 1 / 0)
    broke = json.loads(answer(task()))
    assert "ZeroDivisionError" in broke["broke"]
    grader = grader_that_gets(lambda future: broke)
    with pytest.raises(RuntimeError, match="(?s)tcp://10.0.0.7:1234.*ZeroDivisionError"):
        grader.run(nbformat.v4.new_notebook(), {})


def grader_that_gets(result):
    grader = Cluster.__new__(Cluster)
    grader.surroundings, grader.running = OWN, set()
    grader.client = type("Client", (), {"submit": lambda self, function, text, pure: function(text)})()
    grader._result = result
    return grader


def test_a_worker_embeds_the_data_that_its_kernels_read(small_homework, monkeypatch):
    looked = []
    monkeypatch.setattr(cluster, "batch_embed_local", lambda texts, **_: looked.append(len(texts)))
    cluster._known.cache_clear()
    measured = cluster._surroundings()
    cluster._known.cache_clear()
    assert looked == [40]
    assert measured == surroundings() | {"data set": small_homework.fingerprint[:12]}
    assert {"course code", "Python", "numpy", "pandas"} <= set(measured)
