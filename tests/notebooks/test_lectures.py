"""The lectures are fit to be shown, and run on real data, and with and without an API key."""

import json
import os
import re
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from helpers import load_wands_products, onnx_model, product_text
from helpers.catalogue import DEMO_FOLDER
from helpers.local_model import word_pieces
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
def similar(one, other):
    return cosine_similarity(*batch_embed_local([one, other]))

assert (bm25(concept, k=5)["bm25_score"] > 0).all(), "every product is there because of some word"
assert np.allclose(np.linalg.norm(product_embeddings, axis=1), 1, atol=1e-5), "every vector has length 1"
assert abs(best_auc(product_embeddings) - best_auc(product_embeddings @ turn)) < 0.05, "no axis is special"
assert best_auc(product_embeddings) > 0.9, "a single number can tell a class apart rather well"
assert similar("couch", "sofa") == max(similar(a, b) for i, a in enumerate(furniture) for b in furniture[:i])
assert similar("sofa", "loveseat") < min(similar("sofa", "desk"), similar("sofa", "love seat"))
assert similar("sofa", "davenport") == min(similar("sofa", word) for word in words)
assert word_pieces("davenport") == ["davenport"] and len(word_pieces("love seat")) == 2
assert word_pieces("wyndford") == ["w", "##yn", "##df", "##ord"]
assert similar("hot", "cold") > 0.4
assert min(similar(*pair) for pair in pairs[-3:]) > 0.7, "a colour, a negation, a number: as if they were not there"
assert similar("dog bites man", "man bites dog") > similar("dog bites man", "a dog attacked a person") + 0.2
assert set(semantic(concept)["product_id"]) != set(bm25(concept)["product_id"])
assert semantic("helicopter")["similarity"].max() < 0.4 and len(semantic("helicopter")) == 10
assert normalize_scores(cosines_for_helicopter).max() == 1
assert on_names.mean() < results["bm25"].mean(), "the class helps BM25"
assert (results["gain"] > 0).any() and (results["gain"] < 0).any(), "each search finds what the other misses"
assert above[~shares_class].mean() < 0.01 and 0 < 1 - shares_class[above].mean() < 0.5
assert (mean_recall.max() > mean_recall[[0, -1]]).all(), "a mix can beat both"
assert len(choose_queries) + len(report_queries) == len(queries)
"""
CLAIMS_ON_THE_DEMO = """
assert "back and relax" in bm25(concept)["product_name"].iloc[0]
assert len(top_ten["couch"] & top_ten["sofa"]) == 0
animals = hopeless[1]
assert not bm25(animals)["product_name"].str.contains("giraffe|elephant|lion|zebra").any()
assert semantic(animals, k=5)["product_name"].str.contains("giraffe").any()
assert "dachshund" in semantic(animals)["product_name"].iloc[0], "no wild animal"
assert "sit back" in semantic(concept)["product_name"].iloc[0], "a sign still leads"
assert semantic(concept, k=5)["product_name"].str.contains("chair").any()
assert "ceiling fan" in semantic("helicopter")["product_name"].iloc[0]
assert round(semantic("helicopter")["similarity"].iloc[0], 2) == 0.24
assert on_names.mean() < results["semantic"].mean() < results["bm25"].mean(), "the winner changes with the text"
assert results["bm25"].mean() - on_names.mean() > abs(results["gain"].mean()), "the class is worth more than the lead"
assert all(0.44 < share < 0.5 for share in unjudged.values()), "nearly half of each top ten has no label"
assert "dinosaur bedding" in set(ahead["query"])
assert "stegosaurus" in why(ahead[ahead["query"] == "dinosaur bedding"].iloc[0])
"""
CLAIMS_ON_THE_POOL = """
assert on_names.mean() < results["bm25"].mean() < results["semantic"].mean(), "the same winner either way"
assert all(0.025 < share < 0.055 for share in unjudged.values()), "3% to 5% have no label"
assert (count > 125).mean() >= 0.5, "half of the queries have more than 125 relevant products"
assert results[["bm25", "semantic"]].mean().min() > 0.8 * ceiling, "both come close to the ceiling"
assert mean_recall[5] < mean_recall[-1], "at alpha 0.5 the mix is worse than semantic search alone"
"""


def name(path):
    return path.stem


def test_a_lectures_kernel_has_the_students_packages_only():
    """nbval runs the lectures in such kernels, in the folder lectures/."""
    cells = ["import numpy, helpers, litellm", "import nbgrader", "import autograder", "import pytest.x"]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in cells])
    client = NotebookClient(notebook, allow_errors=True, resources={"metadata": {"path": str(ROOT / "lectures")}})
    ran = client.execute()
    assert [[output.get("ename") for output in cell.outputs] for cell in ran.cells] == [
        [],
        *[["ModuleNotFoundError"]] * 3,
    ]


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


@pytest.fixture
def lecture_4_on(monkeypatch):
    """A function: run lecture 4 on a catalogue, then what is to be tried among its variables -> what was printed."""

    def run(folder, then="", **options):
        for variable in OURS:
            monkeypatch.delenv(variable, raising=False)
        monkeypatch.setenv("COURSE_DATA_DIR", str(folder))
        return run_cells(LECTURE_4, then=then, **options)

    return run


def test_the_prose_of_lecture_4_is_true_on_the_demo_catalogue(lecture_4_on):
    lecture_4_on(DEMO_FOLDER, CLAIMS_OF_LECTURE_4 + CLAIMS_ON_THE_DEMO)


@pytest.mark.skipif(not POOL.is_dir(), reason="the pool of real WANDS data is not on this machine")
def test_lecture_4_runs_on_real_data_and_its_prose_stays_true(lecture_4_on):
    printed = lecture_4_on(POOL.resolve(), CLAIMS_OF_LECTURE_4 + CLAIMS_ON_THE_POOL)
    assert not re.search(r"\bnan\b", printed)


def measured() -> dict[str, tuple[str, ...]]:
    """The rows of the first tables in docs/results.md: what -> its figures on the demo and on the pool."""
    lines = (ROOT / "docs" / "results.md").read_text("utf-8").split("## The judge")[0].splitlines()
    rows = [line.strip("| ").split(" | ") for line in lines if line.startswith("| ")]
    return {what: tuple(figures) for what, *figures in rows if len(figures) == 2}


# A row of lecture 4's two tables of figures -> the row of docs/results.md that it quotes.
QUOTED = {
    "BM25 on names only": "BM25 on names only: Recall@10",
    "BM25 on name and class": "BM25 (name + class): Recall@10",
    "semantic search on name and class": "Semantic (MiniLM, name + class): Recall@10",
    "the ceiling": "the highest mean Recall@10 that any search could reach",
    "semantic search finds more / BM25 finds more / neither": "queries where semantic / BM25 finds more / neither",
    "BM25": "BM25 (name + class): Recall@10",
    "semantic search": "Semantic (MiniLM, name + class): Recall@10",
    "hybrid at alpha 0.5": "0.5",
    "hybrid, alpha chosen on one half, reported on the other (mean of 20 splits)": (
        "alpha chosen on one half, Recall@10 on the other (mean of 20 splits)"
    ),
    "best alpha on all queries": "best alpha (weight of the semantic score)",
}


def test_the_figures_that_lecture_4_quotes_are_those_that_were_measured():
    text = "\n".join(cell.source for cell in nbformat.read(LECTURE_4, as_version=4).cells)
    tables = re.findall(r"\| [^\n]*people judged \|\n\|[-:|]+\|\n((?:\|[^\n]+\n)+)", text)
    rows = [line.strip("| ").split(" | ") for table in tables for line in table.splitlines()]
    assert [what for what, *_ in rows] == list(QUOTED)
    for what, demo, pool in rows:
        on_demo, on_pool = measured()[QUOTED[what]]
        assert pool == on_pool, what
        assert demo in (on_demo, f"{float(on_demo):.3f}" if "/" not in on_demo else ""), what


# The public runs' figures, as the design quotes them; nothing else in the lecture comes from there.
def test_figures_of_public_runs_name_their_source():
    for cell in nbformat.read(LECTURE_4, as_version=4).cells:
        if re.search(r"\b0\.357\b|\b0\.372\b|\b0\.327\b|\b924\b", cell.source):
            assert "public runs of this" in " ".join(cell.source.split())


def test_the_main_path_of_lecture_4_is_short_enough_for_its_promise():
    """At most 4,000 words and 260 lines of code, what is folded or optional left out."""
    words = lines = 0
    optional = False
    for cell in nbformat.read(LECTURE_4, as_version=4).cells:
        if cell.cell_type == "code":
            lines += 0 if optional else sum(bool(line.strip()) for line in cell.source.splitlines())
            continue
        text = re.sub(r"<details>.*?</details>|\(https?://[^)]*\)", "", cell.source, flags=re.DOTALL)
        for part in re.split(r"(?m)^(?=##+ )", text):
            if part.startswith("##"):
                optional = part.splitlines()[0].startswith("### Optional: ")
            words += 0 if optional else len(re.findall(r"\b[\w'’-]+\b", part))
    assert words <= 4_000 and lines <= 260


def test_lecture_4_loads_no_large_library_where_its_embeddings_are_cached():
    """A tokenizer, a count of tokens and a price need neither torch nor litellm; nor does the speed of ONNX Runtime."""
    cells = [cell.source for cell in nbformat.read(LECTURE_4, as_version=4).cells if cell.cell_type == "code"]
    timing = [cell for cell in cells if ".encoder()" in cell]
    assert len(timing) == 1
    cells = cells if onnx_model.is_installed() else [cell for cell in cells if cell not in timing]
    program = ["display = print", *cells, "import sys", "print('loaded', {'torch', 'litellm'} & set(sys.modules))"]
    variables = {k: v for k, v in os.environ.items() if k not in OURS} | {"COURSE_DATASET": "demo"}
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(program)], env=variables, capture_output=True, text=True, cwd=ROOT
    )
    assert done.returncode == 0 and done.stdout.splitlines()[-1] == "loaded set()", done.stderr[-800:]


@pytest.mark.parametrize("folder", [DEMO_FOLDER, POOL], ids=["demo", "pool"])
def test_openai_cuts_product_texts_into_about_four_percent_more_tokens(folder):
    if not folder.is_dir():
        pytest.skip("the pool of real WANDS data is not on this machine")
    from litellm import encode

    def openai(text):
        return encode(model="text-embedding-3-small", text=text)

    texts = product_text(load_wands_products(folder))[::10]
    pieces, tokens = (sum(len(cut(text)) for text in texts) for cut in (word_pieces, openai))
    assert 1.03 < tokens / pieces < 1.06


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
            if "api" in cell.metadata.get("tags", []):
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
def test_lecture_4_runs_on_small_catalogues_and_says_what_it_cannot_show(tmp_path, lecture_4_on, n, text_ids, bare):
    printed = lecture_4_on(write_catalogue(tmp_path / "shop", n, text_ids, bare))
    assert not re.search(r"\bnan\b", printed)
    assert "ids as stored: True" in printed
    if bare:
        assert "This catalogue does not have both kinds of pairs." in printed
