"""What the grader asks of a student's kernel, and how the answer is packed as data.

The text of this file is sent to the kernel and runs there, beside the student's code, so it imports nothing
of the grader and nothing it says is believed: `autograder.wire` reads the evidence with suspicion.
The grader itself imports `pack` to write the probes.
"""

import base64
import contextlib
import io
import json
import math

import numpy as np
import pandas as pd

EVIDENCE_TYPE = "application/vnd.embeddings-course.evidence+json"
MAX_ITEMS = 200_000
MAX_TEXT = 300


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
        return {"$": "frame", "rows": len(value), "names": [str(c) for c in value.columns][:50],
                "columns": {str(c): [pack(v) for v in value[c].tolist()] for c in wanted},
                "index": [pack(v) for v in value.index.tolist()]}
    if isinstance(value, (pd.Series, np.ndarray)):
        array = np.asarray(value)
        if array.dtype.kind in "biuf" and array.size <= MAX_ITEMS * 50:
            return {"$": "array", "dtype": array.dtype.name, "shape": list(array.shape),
                    "data": base64.b64encode(np.ascontiguousarray(array).tobytes()).decode("ascii")}
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


def answer_probes(probes, namespace, named):
    """Call the student's functions on the probes -> list of {"id", "answer"}; an exception is an answer too."""
    answers = []
    for probe in probes:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            try:
                if "read" in probe:
                    answer = pack(namespace[probe["read"]], probe.get("columns"))
                else:
                    function = namespace[probe["call"]]
                    args = [unpack(a, named) for a in probe["args"]]
                    kwargs = {name: unpack(a, named) for name, a in probe.get("kwargs", {}).items()}
                    answer = pack(function(*args, **kwargs), probe.get("columns"))
            except KeyError as error:
                missing = probe.get("read") or probe["call"]
                if missing not in namespace:
                    answer = {"$": "missing", "name": missing}
                else:
                    answer = {"$": "error", "type": "KeyError", "message": str(error)[:MAX_TEXT]}
            except Exception as error:
                answer = {"$": "error", "type": type(error).__name__, "message": str(error)[:MAX_TEXT]}
        answers.append({"id": probe["id"], "answer": answer})
    return answers


def send_evidence(request, namespace):
    """Answer a request {"nonce", "probes"} and publish the evidence as display data."""
    from IPython.display import publish_display_data

    answers = answer_probes(request["probes"], namespace, set_up_objects())
    evidence = {"nonce": request["nonce"], "answers": answers}
    publish_display_data({EVIDENCE_TYPE: json.dumps(evidence), "text/plain": "evidence"})
