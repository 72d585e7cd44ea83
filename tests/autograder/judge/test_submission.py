"""One submission's way through a fresh grader process, and what that process has loaded at its end."""

import json
import subprocess
import sys
from pathlib import Path

from autograder.judge import homework

REPOSITORY = Path(__file__).resolve().parents[3]
HEAVY = ("torch", "sentence_transformers", "transformers", "onnxruntime", "litellm", "matplotlib")

PROGRAM = """
import json, sys
from pathlib import Path
import nbformat
from autograder import cli
from autograder.judge import homework
from autograder.course.folder import Course, read_notebook
from autograder.commands.demo import solved
from autograder.judge.submission import grade_submission
from autograder.intake.merge import Submission
homework.REFERENCE_FOLDER = Path(sys.argv[1])
course = Course.find(Path(sys.argv[2]))
work = homework.load_homework("hw4")
work.query_embeddings
graded = grade_submission(Submission(solved(read_notebook(course.source("hw4")))), course.questions("hw4"), work, 1)
print(json.dumps([sum(v.score for v in graded.verdicts), sorted(set(sys.argv[3:]) & sys.modules.keys())]))
"""


def test_a_grader_imports_nothing_that_no_submission_asks_for(small_homework, sandboxed):
    """Embeddings come from the cache: neither a model nor an API is needed to grade."""
    small_homework.query_embeddings  # noqa: B018 - into the cache
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(homework.REFERENCE_FOLDER), str(REPOSITORY), *HEAVY],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    score, loaded = json.loads(done.stdout.splitlines()[-1])
    assert (score, loaded) == (95.0, [])
