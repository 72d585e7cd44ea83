"""One submission's way through a fresh grader process, and what that process has loaded at its end."""

import json
import subprocess
import sys
from pathlib import Path

from tests.support.processes import HANGS

REPOSITORY = Path(__file__).resolve().parents[3]
HEAVY = ("torch", "sentence_transformers", "transformers", "onnxruntime", "litellm", "matplotlib")

PROGRAM = """
import json, sys
from pathlib import Path
import nbformat
from autograder import cli
from autograder.course.notebooks import read_notebook, solved
from autograder.judge.homework import find_homework
from autograder.judge.submission import grade_submission
from autograder.intake.merge import Submission
folder = Path(sys.argv[1])
notebook = solved(read_notebook(folder / "hw4.ipynb"))
graded = grade_submission(Submission(notebook), find_homework(folder), 1)
print(json.dumps([sum(v.score for v in graded.verdicts), sorted(set(sys.argv[2:]) & sys.modules.keys())]))
"""


def test_a_grader_imports_nothing_that_no_submission_asks_for(small_homework, sandboxed):
    """Embeddings come from the cache: neither a model nor an API is needed to grade."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(small_homework.folder), *HEAVY],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=HANGS,
    )
    assert done.returncode == 0, done.stderr
    score, loaded = json.loads(done.stdout.splitlines()[-1])
    assert (score, loaded) == (95.0, [])
