"""The lectures are fit to be shown, and run on real data, and with and without an API key."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import nbformat
import pytest

from tests.conftest import POOL
from tests.notebooks.precheck import problems
from tests.support.catalogues import run_cells, write_catalogue

ROOT = Path(__file__).parents[2]
LECTURES = sorted((ROOT / "lectures").glob("*.ipynb"))
NOTEBOOKS = [*LECTURES, *sorted((ROOT / "homework").glob("*/*.ipynb"))]
LECTURE_4 = ROOT / "lectures" / "04-embeddings-and-semantic-search.ipynb"
OURS = ("COURSE_DATASET", "COURSE_DATA_DIR", "OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_API_BASE")

# What the prose of lecture 4 says of any catalogue, in terms of the notebook's own variables.
CLAIMS_OF_LECTURE_4 = """
assert (bm25_everywhere(concept, k=5)["bm25_score"] > 0).all(), "all of the first five share a word with the concept"
v = furniture_vectors
assert cosine_similarity(couch, sofa) > v[1] @ v[5] > v[1] @ v[2]
assert other_vectors[3][largest] > couch[largest]
assert np.median(cosines) + 0.2 < np.median(cosines[same_class]), "two hills, clearly apart"
assert wins > 0 and losses > 0, "the two do not fail on the same queries"
assert len(surer) and found_more > 0, "a search that looked less sure found more, and both means are there"
assert 0 < has_relevant.sum() < len(shop_queries) and (recall[has_relevant].mean() > recall.mean()).all()
assert (hybrid_recall > higher).any(), "some query gains from the mix"
assert inside >= 0 and inside > outside
"""


def name(path):
    return path.stem


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name)
def test_notebook_is_fit_to_be_committed(path):
    assert problems(path, homework=path in NOTEBOOKS[len(LECTURES) :]) == []


@pytest.mark.parametrize("path", LECTURES, ids=name)
def test_lecture_is_small_enough_to_show_on_the_web(path):
    assert path.stat().st_size < 1.5e6


@pytest.mark.parametrize("path", LECTURES, ids=name)
def test_code_of_a_lecture_is_seen_whole_in_a_small_window(path):
    code = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    assert [line for cell in code for line in cell.source.splitlines() if len(line) > 88] == []


@pytest.mark.skipif(not POOL.is_dir(), reason="the pool of real WANDS data is not on this machine")
def test_lecture_4_runs_on_real_data_and_its_prose_stays_true(monkeypatch):
    from nbclient import NotebookClient

    for variable in OURS:
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("COURSE_DATA_DIR", str(POOL.resolve()))
    notebook = nbformat.read(LECTURE_4, as_version=4)
    notebook.cells.append(nbformat.v4.new_code_cell(CLAIMS_OF_LECTURE_4))
    client = NotebookClient(
        notebook, timeout=900, kernel_name="python3", resources={"metadata": {"path": str(LECTURE_4.parent)}}
    )
    client.execute()
    shown = [output.get("text", "") for cell in notebook.cells for output in cell.get("outputs", [])]
    assert not any(" nan" in text for text in shown)


class Api(BaseHTTPRequestHandler):
    """A loopback server that answers as the API would; `status` says how."""

    status, asked = 200, 0

    def do_POST(self):
        type(self).asked += 1
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        texts = [body["input"]] if isinstance(body["input"], str) else body["input"]
        answer = {
            200: {
                "object": "list",
                "model": body["model"],
                "usage": {"prompt_tokens": 1, "total_tokens": 1},
                "data": [
                    {"object": "embedding", "index": i, "embedding": [0.5, -0.25] * 768} for i in range(len(texts))
                ],
            },
            401: {
                "error": {
                    "message": "Incorrect API key provided.",
                    "type": "invalid_request_error",
                    "code": "invalid_api_key",
                }
            },
            429: {
                "error": {
                    "message": "You exceeded your current quota.",
                    "type": "insufficient_quota",
                    "code": "insufficient_quota",
                }
            },
        }[self.status]
        data = json.dumps(answer).encode()
        self.send_response(self.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args):
        pass


@pytest.fixture
def api_cells(monkeypatch, tmp_path, capsys):
    """Runs the API cells of lecture 4, against a server with the given status if there is one; what they print."""
    for variable in OURS:
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("COURSE_CACHE_DIR", str(tmp_path))  # nothing the API ever said is known
    server = None

    def run(key=None, status=None):
        nonlocal server
        if status is not None:
            handler = type("Answering", (Api,), {"status": status})
            server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
            threading.Thread(target=server.serve_forever, daemon=True).start()
            monkeypatch.setenv("OPENAI_BASE_URL", f"http://127.0.0.1:{server.server_port}/v1")
        if key is not None:
            monkeypatch.setenv("OPENAI_API_KEY", key)
        variables = {}
        for cell in nbformat.read(LECTURE_4, as_version=4).cells:
            if {"api", "imports"} & set(cell.metadata.get("tags", [])):
                exec(compile(cell.source, cell.id, "exec"), variables)
        return capsys.readouterr().out.splitlines(), variables, server and server.RequestHandlerClass.asked

    yield run
    if server:
        server.shutdown()
        server.server_close()


LOCAL = ["all-MiniLM-L6-v2: ndarray of float32, dimension 384", "    first values [ 0.056 -0.003 -0.001  0.043 -0.009]"]
INSTEAD = "or use get_embedding_local or batch_embed_local, which need no key and no network."
NOT_TIMED = "The API is not timed, because it gave no answer above; the local figure stands alone."


@pytest.mark.parametrize(
    "key, status, asked, reason",
    [
        (None, None, None, "OPENAI_API_KEY is not set: set it before starting Jupyter"),
        (
            "wrong",
            401,
            1,
            "127.0.0.1 does not accept the key in OPENAI_API_KEY: check that it is complete, valid and "
            "allowed to use 'text-embedding-3-small'",
        ),
        ("used-up", 429, 1, "The account of this key has no credit left at 127.0.0.1: add credit to it"),
    ],
    ids=["no key", "wrong key", "no quota"],
)
def test_without_the_api_one_line_says_so_and_the_local_model_answers(api_cells, key, status, asked, reason):
    printed, variables, requests = api_cells(key, status)
    assert printed == [f"No answer from the API. {reason}; {INSTEAD}", *LOCAL, NOT_TIMED]
    assert variables["api_embedding"] is None and variables["api_seconds"] is None
    assert requests == asked, "what no repeat can mend is not repeated"


def test_with_a_key_the_api_is_used_and_timed(api_cells):
    printed, variables, requests = api_cells("right", 200)
    assert printed[:2] == [
        "text-embedding-3-small: ndarray of float32, dimension 1536",
        "    first values [ 0.5  -0.25  0.5  -0.25  0.5 ]",
    ]
    assert printed[2:4] == LOCAL
    assert printed[4].endswith("texts a second, in one request of 20")
    assert variables["api_seconds"] > 0 and requests == 2


@pytest.mark.parametrize("n, text_ids, bare", [(6, True, True), (20, False, False), (50, True, False)])
def test_lecture_4_runs_on_small_catalogues_and_says_what_it_cannot_show(tmp_path, monkeypatch, n, text_ids, bare):
    monkeypatch.setenv("COURSE_DATA_DIR", str(write_catalogue(tmp_path / "shop", n, text_ids, bare)))
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    # What has nothing to do with the catalogue's size and takes long: token counts, timings.
    printed = run_cells(LECTURE_4, leave_out=("litellm", "perf_counter", "local_seconds", "one_by_one"))
    assert " nan" not in printed
    assert "as saved:          True" in printed
    if n == 6:
        assert "Not drawn, because this catalogue has none: pairs of one class." in printed
        assert "This catalogue has no such query" in printed
        assert "So small a catalogue that the tiny shop has 6 of its products." in printed
