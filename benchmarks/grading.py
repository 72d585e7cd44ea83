"""Grading a class: submissions graded in a minute, beside nbgrader and otter

Homework-4 submissions: the solution, two sets of mistakes. The same files go to `autograder grade
-j 2` (sandbox, fresh probes, judge, gradebook), to plain nbgrader 0.9.6 and, with otter's own check cells added, to
otter. The other two run ordinary hidden asserts that ask about the same things, among them Recall@10 over all queries
against reference values; they run student code unprotected. Where a grader took only some of a class, its time for one
more is scaled up, and its time to start is counted once.
"""

import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from unittest import mock

import nbformat
from nbformat.v4 import new_code_cell

from autograder.commands.demo import make_course
from autograder.commands.grade import find_submissions, grade_all
from autograder.course.cells import answered_question, tested_question, visible_tests
from autograder.course.notebooks import read_notebook, solved, with_mistakes
from autograder.gradebook import marks
from autograder.inside.collector import CHECKS
from autograder.judge import submission as grading
from autograder.judge.homework import find_homework
from autograder.run import notebook as run
from autograder.run import sandbox
from benchmarks import harness

JOBS = 2
HEAVY_LINE = "from sentence_transformers import SentenceTransformer\n\n"


@dataclass(frozen=True)
class Kind:
    """A class of submissions; `nbgrader` and `otter`: how many of them these graders take, and the ratio to reach."""

    name: str
    size: int
    nbgrader: int
    otter: int
    nbgrader_target: float | None
    otter_target: float | None
    first_line: str = ""
    plain_sweep: bool = False


KINDS = (
    Kind("ordinary submissions", 30, 16, 2, 3.5, 5),
    Kind("submissions that import sentence_transformers", 30, 4, 2, 8, 5, first_line=HEAVY_LINE),
    Kind("submissions that search anew for every alpha", 4, 3, 0, None, None, plain_sweep=True),
)
BIN = Path(sys.executable).parent

# What an instructor without this course's judge would write: {question: the body of a hidden test}.
ASSERTS = {
    "cosine": """
for a, b in ((np.array([1.0, 2, 3]), np.array([3.0, -1, 2])), (np.array([0.2, 0.1]), np.array([-4.0, 9]))):
    assert abs(cosine_similarity(a, b) - a @ b / np.sqrt((a @ a) * (b @ b))) < 1e-6
assert cosine_similarity(np.zeros(3), np.ones(3)) == 0
""",
    "batch_cosine": """
right = product_embeddings @ product_embeddings[7] / np.linalg.norm(product_embeddings, axis=1)
right /= np.linalg.norm(product_embeddings[7])
assert np.allclose(batch_cosine_similarity(product_embeddings[7], product_embeddings), right, atol=1e-5)
""",
    "recall": """
assert recall_at_k([4, 9, 1, 3], {9, 3, 5}, k=4) == 2 / 3 and recall_at_k([1], set()) == 0
""",
    "semantic": """
relevant_to = labels[labels["grade"] > 0].groupby("query_id")["product_id"].agg(set).to_dict()
recalls = []
for query_id, text in zip(queries["query_id"], queries["query"]):
    found = semantic_search(text, product_embeddings, products, k=10)["product_id"]
    good = relevant_to.get(query_id, set())
    recalls.append(len(set(found) & good) / len(good) if good else 0.0)
assert SEMANTIC_LEAST - 1e-9 <= np.mean(recalls) <= SEMANTIC_MOST + 1e-9
""",
    "normalize": """
assert np.allclose(normalize_scores(np.array([3.0, -1, 7])), [0.5, 0, 1])
assert np.allclose(normalize_scores(np.array([2.0, 2])), 0)
""",
    "hybrid": """
relevant_to = labels[labels["grade"] > 0].groupby("query_id")["product_id"].agg(set).to_dict()
recalls = []
for query_id, text in zip(queries["query_id"], queries["query"]):
    found = hybrid_search(text, index, product_embeddings, products, doc_lengths, alpha=0.5, k=10)["product_id"]
    good = relevant_to.get(query_id, set())
    recalls.append(len(set(found) & good) / len(good) if good else 0.0)
assert HYBRID_LEAST - 1e-9 <= np.mean(recalls) <= HYBRID_MOST + 1e-9
""",
    "best_alpha": """
means = alpha_table.sort_values("alpha")["mean_recall"].to_numpy()
assert (means >= np.array(CHOOSE_LEAST) - 1e-6).all() and (means <= np.array(CHOOSE_MOST) + 1e-6).all()
assert abs(best_alpha - alpha_table.set_index("alpha")["mean_recall"].idxmax()) < 1e-6
for name, place in (("bm25", 0), ("hybrid", round(10 * best_alpha)), ("semantic", 10)):
    assert REPORT_LEAST[place] - 1e-6 <= held_out[name] <= REPORT_MOST[place] + 1e-6
""",
    "misaligned": """
moved = product_embeddings[:300].copy()
moved[[2, 6, 150]] = moved[[6, 150, 2]]
assert sorted(misaligned_rows(moved, products.head(300))) == [2, 6, 150]
assert len(misaligned_rows(product_embeddings, products)) == 0
""",
}


def asserts(reference: dict) -> dict[str, str]:
    """ASSERTS with the reference values written in."""
    numbers = {
        f"{method.upper()}_{end.upper()}": reference[method][f"mean_{end}"]
        for method in ("semantic", "hybrid")
        for end in ("least", "most")
    }
    numbers |= {
        f"{half.upper()}_{end.upper()}": [row[end] for row in reference[half]]
        for half in ("choose", "report")
        for end in ("least", "most")
    }
    found = {}
    for question, text in ASSERTS.items():
        for name, value in numbers.items():
            text = text.replace(name, repr(value))
        found[question] = text.strip()
    return found


class Workshop:
    """A course folder for each grader, and the class's files, made once."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.course = make_course(folder / "ours")
        self.homework = find_homework(self.course.homework("hw4"))
        self.tests = asserts(self.homework.shop.reference)
        self.source = read_notebook(self.course.source("hw4"))
        self.classes = {kind: self._class(kind) for kind in KINDS}
        self._nbgrader_course()

    def _class(self, kind: Kind) -> Path:
        notebooks = [
            solved(self.source),
            *(with_mistakes(self.source, wrong) for wrong in self.homework.key.DEMO_MISTAKES.values()),
        ]
        folder = self.folder / kind.name.replace(" ", "-")
        for number in range(kind.size):
            notebook = nbformat.from_dict(notebooks[number % len(notebooks)])
            answers = {answered_question(cell): cell for cell in notebook.cells if answered_question(cell)}
            answers["cosine"].source = kind.first_line + answers["cosine"].source
            if kind.plain_sweep:
                answers["best_alpha"].source = next(
                    a.source
                    for q in self.homework.questions
                    for a in q.right_answers
                    if q.id == "best_alpha" and "own hybrid_search" in a.title
                )
            place = folder / f"student{number:02d}"
            place.mkdir(parents=True)
            nbformat.write(notebook, place / "hw4.ipynb")
        return folder

    def _nbgrader_course(self) -> None:
        """The same homework with ordinary asserts as hidden tests, and nothing of ours configured."""
        self.plain = self.folder / "nbgrader"
        (self.plain / "source" / "hw4").mkdir(parents=True)
        (self.plain / "nbgrader_config.py").write_text(
            f"c = get_config()\nc.CourseDirectory.course_id = 'plain'\nc.CourseDirectory.root = {str(self.plain)!r}\n"
        )
        notebook = nbformat.from_dict(self.source)
        for cell in notebook.cells:
            if (question := tested_question(cell)) in self.tests:
                cell.source = (
                    visible_tests(cell.source)
                    + "\n### BEGIN HIDDEN TESTS\n"
                    + self.tests[question]
                    + "\n### END HIDDEN TESTS"
                )
        nbformat.write(notebook, self.plain / "source" / "hw4" / "hw4.ipynb")
        shutil.copy(self.homework.folder / CHECKS, self.plain / "source" / "hw4")
        self._nbgrader("generate_assignment", "hw4", "--force")

    def _nbgrader(self, *words: str) -> float:
        return clocked([str(BIN / "nbgrader"), *words], self.plain)

    def nbgrader(self, kind: Kind, students: int) -> float:
        """Seconds of `nbgrader autograde` for the first students of a class."""
        for name in ("submitted", "autograded"):
            shutil.rmtree(self.plain / name, ignore_errors=True)
        for place in sorted(self.classes[kind].iterdir())[:students]:
            target = self.plain / "submitted" / place.name / "hw4"
            target.mkdir(parents=True)
            shutil.copy(place / "hw4.ipynb", target)
            shutil.copy(self.homework.folder / CHECKS, target)
        seconds = self._nbgrader("autograde", "hw4", "--force")
        require_no_error(self.plain / "autograded" / "student00" / "hw4" / "hw4.ipynb")
        return seconds

    def ours(self, kind: Kind) -> float:
        """Seconds of `autograder grade` for a class, the whole command. As for nbgrader, the gradebook is there."""
        return clocked(
            [
                str(BIN / "autograder"),
                "grade",
                "hw4",
                "--submissions",
                str(self.classes[kind]),
                "--regrade",
                "-j",
                str(JOBS),
                "--course",
                str(self.course.root),
            ],
            self.folder,
        )

    def otter(self, kind: Kind, students: int) -> float:
        """Seconds of `otter run`, which grades one notebook at a time, for the first students of a class."""
        place = self.folder / "otter"
        if not (place / "autograder.zip").exists():
            self._otter_tests(place)
        total = 0.0
        for student in sorted(self.classes[kind].iterdir())[:students]:
            notebook = nbformat.read(student / "hw4.ipynb", as_version=4)
            cells = [new_code_cell("import otter\ngrader = otter.Notebook()")]
            for cell in notebook.cells:
                cells.append(cell)
                if (question := tested_question(cell)) in self.tests:
                    cells.append(new_code_cell(f"grader.check({question!r})"))
            notebook.cells = cells
            nbformat.write(notebook, place / "hw4.ipynb")
            total += clocked([str(BIN / "otter"), "run", "hw4.ipynb", "-a", "autograder.zip", "-o", "results"], place)
        return total

    def _otter_tests(self, place: Path) -> None:
        (place / "tests").mkdir(parents=True)
        (place / "results").mkdir()
        shutil.copy(self.homework.folder / CHECKS, place)
        names = (
            "np",
            "product_embeddings",
            "products",
            "queries",
            "labels",
            "index",
            "doc_lengths",
            "cosine_similarity",
            "batch_cosine_similarity",
            "recall_at_k",
            "semantic_search",
            "normalize_scores",
            "hybrid_search",
            "alpha_table",
            "best_alpha",
            "held_out",
            "misaligned_rows",
        )
        for question, text in self.tests.items():
            used = ", ".join(name for name in names if name in text)
            body = text.replace("\n", "\n    ")
            (place / "tests" / f"{question}.py").write_text(
                f"from otter.test_files import test_case\n\nOK_FORMAT = False\nname = {question!r}\npoints = 10\n\n\n"
                f"@test_case(hidden=True)\ndef test_{question}({used}):\n    {body}\n"
            )
        clocked([str(BIN / "otter"), "generate", "-t", "tests", "-o", "autograder.zip", "--no-environment"], place)


def require_no_error(path: Path) -> None:
    """RuntimeError where a cell of the solution, as another grader has run it, ended in an error: it did less work."""
    for cell in nbformat.read(path, as_version=4).cells:
        for output in cell.get("outputs", ()):
            if output.output_type == "error":
                raise RuntimeError(f"{path}: {output.ename}: {output.evalue}")


def clocked(command: list[str], folder: Path) -> float:
    """Seconds that a command takes; RuntimeError with its last words where it fails."""
    environment = os.environ | {
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "HF_HUB_OFFLINE": "1",
        "PATH": f"{BIN}:{os.environ.get('PATH', os.defpath)}",
    }  # nbgrader starts alembic by name
    began = time.perf_counter()
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    seconds = time.perf_counter() - began
    if done.returncode:
        raise RuntimeError(
            f"{' '.join(command[:3])} ended with {done.returncode}: {(done.stderr or done.stdout)[-800:]}"
        )
    return seconds


def scaled(measure, students: int, size: int) -> tuple[float, float]:
    """(seconds for the whole class, seconds for each one more) from a run with one and a run with some students."""
    one, some = measure(1), measure(students)
    each = (some - one) / (students - 1)
    return one + each * (size - 1), each


def throughput(workshop: Workshop):
    """Rows and verdicts of all classes and all graders."""
    rows, verdicts = [], []
    otter = importlib.util.find_spec("otter") is not None
    for kind in KINDS:
        total = workshop.ours(kind)
        what = f"{kind.size} {kind.name}"
        rows.append(
            [
                what,
                f"autograder grade -j {JOBS}",
                f"{total:.0f}",
                f"{kind.size / total * 60:.0f}",
                f"{total / kind.size:.2f}",
                "1",
            ]
        )
        others = [
            (
                "nbgrader autograde",
                scaled(lambda students, kind=kind: workshop.nbgrader(kind, students), kind.nbgrader, kind.size),
                kind.nbgrader_target,
            )
        ]
        if otter and kind.otter:
            each = workshop.otter(kind, kind.otter) / kind.otter
            others.append(("otter run", (each * kind.size, each), kind.otter_target))
        for name, (whole, each), target in others:
            rows.append(
                [what, name, f"{whole:.0f}", f"{kind.size / whole * 60:.0f}", f"{each:.2f}", f"{whole / total:.1f}"]
            )
            if target:
                verdicts.append(
                    harness.Verdict(
                        f"Grading {what}, beside {name}",
                        f">= {target}x",
                        f"{whole / total:.1f}x",
                        whole / total >= target,
                    )
                )
    note = (
        "otter is not installed and left out."
        if not otter
        else "otter grades one notebook with each command, so its start counts every time."
    )
    return harness.Listing(
        "Whole classes",
        ["submissions", "grader", "s for the class", "submissions a minute", "s for one more", "times as long as ours"],
        rows,
        note
        + " Most of an ordinary submission's time is the student's own code, in the cells and again for the probes "
        "(table above). No grader can make that faster, so it bounds the ratio, most of all in the last class.",
        verdicts,
    )


@contextmanager
def _watched(spent: dict[str, float]):
    """Meanwhile the stages of a grading run add their seconds to `spent`."""
    places = [
        (run.Kernel, "start", "start of the kernel"),
        (run.Kernel, "stop", "end of the kernel"),
        (run, "_ask", "answers to the probes"),
        (grading, "judge", "judging"),
        (marks, "record", "recording"),
    ]
    before = [(owner, name, getattr(owner, name)) for owner, name, _ in places]
    executed = run.Kernel.execute

    def timed(function, stage):
        def work(*arguments, **named):
            began = time.perf_counter()
            try:
                return function(*arguments, **named)
            finally:
                spent[stage] += time.perf_counter() - began

        async def work_in_turns(*arguments, **named):
            began = time.perf_counter()
            try:
                return await function(*arguments, **named)
            finally:
                spent[stage] += time.perf_counter() - began

        return work_in_turns if function.__code__.co_flags & 0x80 else work  # a coroutine function

    async def execute(self, cell, position, seconds, in_history=True):
        began = time.perf_counter()
        try:
            return await executed(self, cell, position, seconds, in_history)
        finally:
            if in_history:
                stage = (
                    "imports and set-up"
                    if "load_homework_data" in cell.source
                    else "cells with answers and visible checks"
                )
                spent[stage] += time.perf_counter() - began

    for owner, name, stage in places:
        setattr(owner, name, timed(getattr(owner, name), stage))
    try:
        with mock.patch.object(run.Kernel, "execute", execute):
            yield
    finally:
        for owner, name, function in before:
            setattr(owner, name, function)


def stages(workshop: Workshop):
    """Where the time of one submission goes: with a fresh kernel for each, and with a fork from the warm parent."""
    handed = find_submissions(workshop.classes[KINDS[0]], "hw4")[:12]
    found = {}
    for way, unsafe in (("a fresh kernel for each", "1"), ("forked from a warm parent", "0")):
        os.environ[sandbox.UNSAFE] = unsafe
        shutil.rmtree(workshop.course.build, ignore_errors=True)
        # In this process, so that the stages can be watched, and once more in a worker, as always.
        apart = partial(grade_all, workshop.course, workshop.homework, jobs=1, seed=0)
        here = partial(apart, runner=run.run_notebook)
        for grade in (here, apart):  # what only a first run does is no part of what is measured
            grade(handed=handed[:1])
        spent: dict[str, float] = defaultdict(float)
        began = time.perf_counter()
        with _watched(spent):
            here(handed=handed)
        spent["everything"] = time.perf_counter() - began
        began = time.perf_counter()
        apart(handed=handed)
        spent["everything, run in a process apart"] = time.perf_counter() - began
        found[way] = {stage: seconds / len(handed) for stage, seconds in spent.items()}
    del os.environ[sandbox.UNSAFE]
    first, second = found
    order = [
        "start of the kernel",
        "imports and set-up",
        "cells with answers and visible checks",
        "answers to the probes",
        "end of the kernel",
        "judging",
        "recording",
        "everything",
        "everything, run in a process apart",
    ]
    rows = [[stage, *(f"{found[way].get(stage, 0.0):.2f}" for way in (first, second))] for stage in order]
    return harness.Listing(
        "Where the time goes",
        ["stage", f"{first}, s", f"{second}, s"],
        rows,
        "Mean of 12 ordinary submissions, one after another, sandbox in the second column only. 'Everything' holds "
        "more than its parts: reading the file, keeping the original, writing the result. A grading run has a process "
        "of its own for each notebook that runs, as in the last row; there the stages cannot be watched.",
    )


def claims():
    sandbox.require()
    with tempfile.TemporaryDirectory(prefix="grading-") as folder:
        workshop = Workshop(Path(folder))
        yield stages(workshop)
        yield throughput(workshop)


if __name__ == "__main__":
    harness.main()
