"""What the grader asks of a student's kernel, and how the answer is packed as data.

The text of this file is sent to the kernel and runs there, beside the student's code, so it imports nothing
of the grader and nothing it says is believed: `autograder.wire` reads the evidence with suspicion.
The grader itself imports `pack` to write the probes.
"""

import base64
import contextlib
import dis
import io
import json
import math
import signal
import threading

import numpy as np
import pandas as pd

EVIDENCE_TYPE = "application/vnd.embeddings-course.evidence+json"
MAX_ITEMS = 200_000
MAX_TEXT = 300
AGAIN_SECONDS = 20
SET_UP = ("products", "queries", "labels", "index", "doc_lengths", "product_embeddings")


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
    return {"$": "other", "type": type(value).__name__[:MAX_TEXT]}


def unpack(value, named):
    """JSON value -> Python value; `named` looks up the objects that the homework's set-up builds."""
    if isinstance(value, list):
        return [unpack(v, named) for v in value]
    if not isinstance(value, dict):
        return value
    kind = value["$"]
    if kind == "float":
        return float(value["value"])
    if kind == "set":
        return {unpack(v, named) for v in value["items"]}
    if kind == "array":
        data = np.frombuffer(base64.b64decode(value["data"]), dtype=value["dtype"])
        return data.reshape(value["shape"]).copy()
    if kind == "frame":
        columns = {name: unpack(column, named) for name, column in value["columns"].items()}
        return pd.DataFrame(columns, index=unpack(value["index"], named))
    if kind == "index":
        from helpers import build_index

        return build_index(value["texts"])[0]
    return named(value["name"])


def set_up_objects():
    """A look-up of the homework's own objects, built afresh so that a changed `products` in the notebook does no harm."""
    built = {}

    def named(name):
        if not built:
            from helpers import load_homework_data

            built.update(vars(load_homework_data()))
        return built[name]

    return named


def copies(named):
    """The same look-up with copies of its own, so that what a function does to its arguments ends with its probes."""
    kept = {}

    def look_up(name):
        if name not in kept:
            value = named(name)
            kept[name] = value.copy() if isinstance(value, (pd.DataFrame, np.ndarray)) else value
        return kept[name]

    return look_up


def course_function(name):
    """The course's own version of a function that the student writes, with the student's signature."""
    from helpers import evaluation, hybrid, similarity

    def recall_at_k(retrieved_ids, relevant_ids, k=10):
        return evaluation.calculate_recall(list(retrieved_ids), list(relevant_ids), k)

    def semantic_search(query, product_embeddings, products_df, k=10):
        return similarity.semantic_search(query, product_embeddings, products_df, k=k)

    return {
        "cosine_similarity": similarity.cosine_similarity,
        "batch_cosine_similarity": similarity.batch_cosine_similarity,
        "recall_at_k": recall_at_k,
        "semantic_search": semantic_search,
        "normalize_scores": hybrid.normalize_scores,
        "hybrid_search": hybrid.hybrid_search,
    }[name]


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


@contextlib.contextmanager
def at_most(seconds):
    """TimeoutError in what takes longer, where the platform can do that (an alarm in the main thread)."""
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(signum, frame):
        raise TimeoutError(f"it took longer than {seconds} seconds")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


class AnswerCell:
    """An answer cell that can be run again, once, after a fresh set-up with only some of the queries."""

    def __init__(self, source, namespace, named):
        self.source, self.namespace, self.named = source, namespace, named
        self.found, self.problem = None, None

    def left(self, query_ids):
        """The names that the cell sets, with their values; what it raised is raised again."""
        if self.found is None and self.problem is None:
            try:
                self.found = self._run(query_ids)
            except Exception as problem:
                self.problem = problem
        if self.problem is not None:
            raise self.problem
        return self.found

    def _run(self, query_ids):
        from IPython.core.inputtransformer2 import TransformerManager

        if self.source is None:
            return {}
        fresh = {name: self.named(name) for name in SET_UP}
        queries = fresh["queries"]
        fresh["queries"] = queries[queries["query_id"].isin(query_ids)].reset_index(drop=True)
        with changed_for_a_while(self.namespace, fresh), at_most(AGAIN_SECONDS):
            code = compile(TransformerManager().transform_cell(self.source), "<answer>", "exec")
            exec(code, self.namespace)
            sets = {step.argval for step in dis.get_instructions(code) if step.opname == "STORE_NAME"}
            return {name: self.namespace[name] for name in sets if name in self.namespace}


class NoSuchName(Exception):
    """The notebook does not define what a probe asks for."""


def answer_probes(probes, namespace, named, answer_cell=None):
    """Ask the student's functions and variables -> list of {"id", "answer"}; an exception is an answer too.

    A probe that says which other one it is "like" has the arguments of that one.
    answer_cell: the text of the question's answer cell, for probes that run it again.
    """
    asked = {probe["id"]: probe for probe in probes}
    own, again = copies(named), copies(named)
    answers, cell = [], AnswerCell(answer_cell, namespace, copies(named))
    for probe in probes:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            try:
                stand_ins = {name: course_function(name) for name in probe.get("with", ())}
                with changed_for_a_while(namespace, stand_ins) if stand_ins else contextlib.nullcontext():
                    answer = _answer(
                        {**asked.get(probe.get("like"), {}), **probe}, namespace, again if stand_ins else own, cell
                    )
            except NoSuchName as missing:
                answer = {"$": "missing", "name": str(missing)}
            except Exception as error:
                answer = {"$": "error", "type": type(error).__name__, "message": str(error)[:MAX_TEXT]}
        answers.append({"id": probe["id"], "answer": answer})
    return answers


def _answer(probe, namespace, named, cell):
    """The packed answer to one probe."""
    if "read" in probe:
        holder = cell.left(probe["queries"]) if "queries" in probe else namespace
        return pack(_look_up(holder, probe["read"]), probe.get("columns"))
    function = _look_up(namespace, probe["call"])
    args = [unpack(a, named) for a in probe["args"]]
    kwargs = {name: unpack(a, named) for name, a in probe.get("kwargs", {}).items()}
    given = function(*args, **kwargs)
    return pack(args[probe["argument"]] if "argument" in probe else given, probe.get("columns"))


def _look_up(holder, name):
    if name not in holder:
        raise NoSuchName(name)
    return holder[name]


def send_evidence(request, namespace):
    """Answer a request {"nonce", "probes", "answer_cell"} and publish the evidence as display data."""
    from IPython.display import publish_display_data

    answers = answer_probes(request["probes"], namespace, set_up_objects(), request.get("answer_cell"))
    evidence = {"nonce": request["nonce"], "answers": answers}
    publish_display_data({EVIDENCE_TYPE: json.dumps(evidence), "text/plain": "evidence"})
