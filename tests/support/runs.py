"""A class of four, and what stands in for the kernels that would run their notebooks."""

import json

from autograder.gradebook import marks
from autograder.inside.collector import KernelPart, answer_probes
from autograder.run.notebook import Run

CLASS = ["ada", "bob", "carl", "dora"]


class Runs:
    """Stands in for kernels, quickly: answers cosine as the solution does, notes each run, and can hang or fail."""

    def __init__(self, namespace, notes):
        self.namespace, self.notes, self.before = namespace, notes, lambda number: None

    @property
    def count(self):
        return len(self.notes.read_text()) if self.notes.exists() else 0

    def __call__(self, notebook, requests, *_):
        with open(self.notes, "a") as file:
            file.write("r")
        self.before(self.count)
        wire = json.loads(requests["cosine"])
        answers = answer_probes(wire["probes"], self.namespace, KernelPart(""))
        return Run(notebook, {"cosine": [json.dumps({"nonce": wire["nonce"], "answers": answers})]})


def scores(course):
    return {s: sum(m.score for m in marks.marks_of(course, "hw4", s).values()) for s in CLASS}
