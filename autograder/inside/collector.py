"""What the grader asks of a student's kernel, and how the answer is packed as data.

The text of this file is sent to the kernel and runs there, beside the student's code, so it imports nothing
of the grader and nothing it says is believed: `autograder.judge.evidence` reads the evidence with suspicion.
The grader itself imports `pack` to write the probes.
"""

import base64
import contextlib
import io
import json
import math
import signal
import sys
import threading
import types
from collections.abc import Mapping

import numpy as np
import pandas as pd

EVIDENCE_TYPE = "application/vnd.embeddings-course.evidence+json"
MAX_ITEMS = 200_000
MAX_TEXT = 300
AGAIN_SECONDS = 20  # of computing, for an answer cell that is run again
CUT_SHORT = "evidence, cut short"  # said beside the evidence where that was not enough
NO_ANSWER_YET = "evidence, no answer yet"  # said where there is nothing but missing names and stubs
# How a question is asked: beside its test cell; once more at the notebook's end, where there was no answer yet; and
# last of all with the course's functions in the place of those that it builds on.
OWN, END, AGAIN = "", "end/", "again/"
CHECKS = "checks.py"  # no question: the text of the visible checks, written beside the notebook before its first cell
KEPT = "course_evidence"  # a module of no file, which lives as long as the kernel


def pack(value, columns=None):
    """Python value -> JSON value. `columns` limits which columns of a DataFrame are packed."""
    if value is None or isinstance(value, (bool, str)):
        return value[:100_000] if isinstance(value, str) else value
    if isinstance(value, np.bool_):
        return bool(value)
    if isinstance(value, (int, np.integer)):
        return int(value) if abs(int(value)) < 2**63 else {"$": "other", "type": "a huge integer"}
    if isinstance(value, (float, np.floating)):
        number = float(value)
        return number if math.isfinite(number) else {"$": "float", "value": repr(number)}
    if isinstance(value, pd.DataFrame):
        wanted = [c for c in value.columns if columns is None or c in columns]
        if value.size > MAX_ITEMS * 50 or len(value) > MAX_ITEMS:
            return {"$": "other", "type": f"a DataFrame of {len(value):,} rows, too large to be an answer"}
        return {
            "$": "frame",
            "rows": len(value),
            "names": [str(c) for c in value.columns][:50],
            "columns": {str(c): [pack(v) for v in value[c].tolist()] for c in wanted},
            "index": [pack(v) for v in value.index.tolist()],
        }
    if isinstance(value, (pd.Series, np.ndarray)):
        array = np.asarray(value)
        if array.dtype.kind in "biuf" and array.size <= MAX_ITEMS * 50:
            return {
                "$": "array",
                "dtype": array.dtype.name,
                "shape": list(array.shape),
                "data": base64.b64encode(np.ascontiguousarray(array).tobytes()).decode("ascii"),
            }
        if array.dtype.kind in "OUT" and array.size <= MAX_ITEMS:
            return [pack(v) for v in array.ravel().tolist()]
        return {"$": "other", "type": f"an array of dtype {array.dtype}"}
    if isinstance(value, (list, tuple)) and len(value) <= MAX_ITEMS:
        return [pack(v) for v in value]
    if isinstance(value, (set, frozenset)) and len(value) <= MAX_ITEMS:
        return {"$": "set", "items": [pack(v) for v in value]}
    if isinstance(value, Mapping) and len(value) <= MAX_ITEMS:
        return {"$": "dict", "items": [[pack(key), _pack_entry(v)] for key, v in value.items()]}
    array = _as_array(value)
    if array is None:
        return {"$": "other", "type": type(value).__name__[:MAX_TEXT]}
    return pack(array if array.ndim else array[()])


def _pack_entry(value):
    """As `pack`; in a dict a Series is one more dict, of its labels: `dict(series)` is what it stands for there."""
    return pack(value.to_dict() if isinstance(value, pd.Series) and value.index.is_unique else value)


def _as_array(value):
    """What other packages call an array or a tensor, wherever it lies, as NumPy's; None for everything else."""
    try:
        if callable(getattr(value, "detach", None)):
            value = value.detach().cpu()
        array = np.asarray(value) if hasattr(type(value), "__array__") else None
        return array if array is not None and array.dtype.kind in "biuf" else None
    except Exception:
        return None


def unpack(value, named, make):
    """JSON value -> Python value; `named` looks up the objects that the homework's set-up builds, and `make` makes what
    is no data."""
    if isinstance(value, list):
        return [unpack(v, named, make) for v in value]
    if not isinstance(value, dict):
        return value
    kind = value["$"]
    if kind == "float":
        return float(value["value"])
    if kind == "set":
        return {unpack(v, named, make) for v in value["items"]}
    if kind == "dict":
        return {key: unpack(v, named, make) for key, v in value["items"]}
    if kind == "array":
        data = np.frombuffer(base64.b64decode(value["data"]), dtype=value["dtype"])
        return data.reshape(value["shape"]).copy()
    if kind == "frame":
        columns = {name: unpack(column, named, make) for name, column in value["columns"].items()}
        return pd.DataFrame(columns, index=unpack(value["index"], named, make))
    if kind == "made":
        return make(value["what"], unpack(value["value"], named, make))
    return named(value["name"])


class KernelPart:
    """What a homework's kernel.py gives; a homework without the file, or without a function in it, needs none.

    set_up(only=()): {name: object} as the notebook's set-up cell builds them, built afresh. With `only`, ids that mean
    something to the homework, a smaller world: so many queries, say. stand_ins(): {name: the course's own version of a
    function that students write}. make(what, value): an object that a probe needs and that is no data.
    """

    def __init__(self, text):
        self.space: dict = {"__name__": "kernel_part"}
        exec(compile(text, "<kernel part>", "exec"), self.space)

    def set_up(self, only=()):
        return self.space["set_up"](only) if "set_up" in self.space else {}

    def stand_ins(self):
        return self.space["stand_ins"]() if "stand_ins" in self.space else {}

    def make(self, what, value):
        return self.space["make"](what, value)


class Objects:
    """The objects that a set-up builds, as copies of its own: what a function does to its arguments ends with its
    probes. They are built when first asked for, and only once for all who share `built`."""

    def __init__(self, part, built):
        self.part, self.built, self.kept = part, built, {}

    def __call__(self, name):
        if name not in self.kept:
            if not self.built:
                self.built.update(self.part.set_up())
            self.kept[name] = _copied(self.built[name])
        return self.kept[name]


def _copied(value):
    return value.copy() if isinstance(value, (pd.DataFrame, np.ndarray)) else value


@contextlib.contextmanager
def changed_for_a_while(namespace, changes):
    """The namespace with some names set; afterwards it is as it was, whatever was set, deleted or made meanwhile."""
    before = dict(namespace)
    namespace.update(changes)
    try:
        yield
    finally:
        for name in set(namespace) - set(before):
            del namespace[name]
        namespace.update(before)


class TookTooLong(TimeoutError):
    """What was run again computed for longer than it may."""


@contextlib.contextmanager
def at_most(seconds):
    """TookTooLong in what computes for longer, where the platform can do that (a signal in the main thread). The time
    is the process's own, so that a busy machine ends nothing; what only waits is ended by the grader, from outside."""
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(signum, frame):
        raise TookTooLong(f"it took more than {seconds} seconds of computing")

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


class AnswerCells:
    """The cells of an answer, which can be run again, once, after a fresh and smaller set-up. As in a notebook, one
    that fails does not keep the next from running.

    asked: the names that probes read or call. They are gone before the cell runs, so what is there afterwards is of its
    making, however it was set: below `%%time`, as a function's global, or as the very object that it was before.
    """

    def __init__(self, sources, namespace, part, asked):
        self.sources, self.namespace, self.part, self.asked = sources, namespace, part, asked
        self.has_run, self.found, self.problem = False, {}, None
        self.names = {}  # all that there were at the end, for a function that the cells define

    def left(self, only, name):
        """What the cells set an asked name to; where they did not, what a cell raised is raised again."""
        if not self.has_run:
            self.has_run = True
            try:
                self._run(only)
            except Exception as problem:
                self.problem = problem
        if name not in self.found and self.problem is not None:
            raise self.problem
        return _look_up(self.found, name)

    def _run(self, only):
        from IPython.core.inputtransformer2 import TransformerManager

        fresh = {name: _copied(value) for name, value in self.part.set_up(tuple(only)).items()}
        with changed_for_a_while(self.namespace, fresh), at_most(AGAIN_SECONDS):
            for name in self.asked:
                self.namespace.pop(name, None)
            raised = None
            for source in self.sources:
                try:
                    exec(compile(TransformerManager().transform_cell(source), "<answer>", "exec"), self.namespace)
                except TookTooLong:
                    raise
                except Exception as problem:
                    raised = problem
            self.found = {name: self.namespace[name] for name in self.asked if name in self.namespace}
            self.names = dict(self.namespace)
            if raised is not None:
                raise raised


class NoSuchName(Exception):
    """The notebook does not define what a probe asks for."""


def answer_probes(probes, namespace, part, answer_cells=()):
    """Ask the student's functions and variables -> list of {"id", "answer"}; an exception is an answer too.

    part: a `KernelPart`, or what has its three functions; answer_cells: the texts of the question's answer, for probes
    that run it again.
    """
    built: dict = {}
    own, again = Objects(part, built), Objects(part, built)
    answers, rerun = [], {probe.get("read") or probe["call"] for probe in probes if "only" in probe}
    cells = AnswerCells(answer_cells, namespace, part, rerun)
    course = part.stand_ins() if any("with" in probe for probe in probes) else {}
    for probe in probes:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            try:
                names = probe.get("with", ())
                stand_ins = {name: course[name] for name in names}
                with changed_for_a_while(namespace, stand_ins) if names else contextlib.nullcontext():
                    answer = _answer(probe, namespace, again if names else own, part.make, cells)
            except NoSuchName as missing:
                answer = {"$": "missing", "name": str(missing)}
            except Exception as error:
                answer = {"$": "error", "type": type(error).__name__, "message": str(error)[:MAX_TEXT]}
        answers.append({"id": probe["id"], "answer": answer})
    return answers


def _answer(probe, namespace, named, make, cells):
    """The packed answer to one probe."""
    name, is_rerun = probe.get("read") or probe["call"], "only" in probe
    value = cells.left(probe["only"], name) if is_rerun else _look_up(namespace, name)
    if "read" in probe:
        return pack(value, probe.get("columns"))
    args = [unpack(a, named, make) for a in probe["args"]]
    kwargs = {name: unpack(a, named, make) for name, a in probe.get("kwargs", {}).items()}
    with changed_for_a_while(namespace, cells.names) if is_rerun else contextlib.nullcontext():
        given = value(*args, **kwargs)
    return pack(args[probe["argument"]] if "argument" in probe else given, probe.get("columns"))


def _look_up(holder, name):
    if name not in holder:
        raise NoSuchName(name)
    return holder[name]


def send_evidence(request, namespace):
    """Answer a request {"nonce", "question", "kind", "probes", "part", "answer_cells"} and publish the evidence as
    display data.

    What is asked with the course's functions is asked of the notebook as it was when its own were asked, whatever cells
    have changed since.
    """
    from IPython.display import publish_display_data

    kept = sys.modules.setdefault(KEPT, types.ModuleType(KEPT)).__dict__
    question, is_again = request["question"], request["kind"] == AGAIN
    if not is_again:
        kept[question] = {name: value for name, value in namespace.items() if not name.startswith("_")}
    with changed_for_a_while(namespace, kept.get(question, {})) if is_again else contextlib.nullcontext():
        part = KernelPart(request.get("part", ""))
        answers = answer_probes(request["probes"], namespace, part, request.get("answer_cells", ()))
    evidence = {"nonce": request["nonce"], "answers": answers}
    publish_display_data({EVIDENCE_TYPE: json.dumps(evidence), "text/plain": _about(answers)})


def _about(answers):
    """What is said beside the evidence: nobody believes it, it only tells the grader what to ask next."""
    packed = [answer["answer"] for answer in answers]
    kinds = {(a["$"], a.get("type")) if isinstance(a, dict) else None for a in packed}
    if ("error", TookTooLong.__name__) in kinds:
        return CUT_SHORT
    return NO_ANSWER_YET if kinds <= {("missing", None), ("error", "NotImplementedError")} else "evidence"
