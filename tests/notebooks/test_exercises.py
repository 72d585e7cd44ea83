"""Every exercise of a lecture has its four cells; it is stored unsolved, and its folded solution passes its checks."""

import re
from pathlib import Path

import nbformat
import pytest

from tests.support.catalogues import run_cells

LECTURES = sorted((Path(__file__).parents[2] / "lectures").glob("*.ipynb"))
HEADING = re.compile(r"### Exercise: [A-Z][^\n]+ \(\d+ minutes\)\n")
SOLUTION = re.compile(
    r"<details><summary><b>Solution</b></summary>\n\n(?:[^`]+\n\n)?```python\n(.+?)\n```\n\n(?:[^`]+\n\n)?</details>",
    re.DOTALL,
)


def exercises(path):
    """name -> its four cells, in the order of the notebook: text, empty function, checks, solution."""
    cells = nbformat.read(path, as_version=4).cells
    found = {}
    for i, cell in enumerate(cells):
        if "### Exercise" in cell.source:
            found[cell.id.removeprefix("exercise-")] = cells[i : i + 4]
    return found


with_exercises = pytest.mark.parametrize(
    "path", [path for path in LECTURES if exercises(path)], ids=lambda path: path.stem
)


@with_exercises
def test_an_exercise_has_its_four_cells(path):
    for name, cells in exercises(path).items():
        text, answer, checks, solution = cells
        assert [cell.id for cell in cells] == [f"{kind}-{name}" for kind in ("exercise", "answer", "check", "solution")]
        assert HEADING.match(text.source), text.source.splitlines()[0]
        assert answer.source.rstrip().endswith("\n    ..."), f"{name}: the function is not empty"
        assert checks.source.splitlines()[-1].startswith(("check_that(", " ")), name
        assert SOLUTION.fullmatch(solution.source), f"{name}: the solution is not folded as it should be"
        assert signature(answer.source) == signature(SOLUTION.search(solution.source)[1]), name


def signature(source):
    return re.search(r"^def .+?:$", source, re.MULTILINE | re.DOTALL)[0]


@with_exercises
def test_an_exercise_is_stored_unsolved(path):
    for name, (_, _, checks, _) in exercises(path).items():
        [output] = checks.outputs
        lines = output.text.splitlines()
        assert lines and all(line.startswith("○ still to be written: ") for line in lines), (name, lines)


@with_exercises
def test_the_folded_solutions_pass_every_check(path):
    solved = {
        f"answer-{name}": SOLUTION.search(solution.source)[1] for name, (_, _, _, solution) in exercises(path).items()
    }
    printed = run_cells(path, instead=solved)
    verdicts = [line for line in printed.splitlines() if line.startswith(("✓", "✗", "○"))]
    stored = [line for _, _, checks, _ in exercises(path).values() for line in checks.outputs[0].text.splitlines()]
    assert verdicts == [line.replace("○ still to be written: ", "✓ ") for line in stored]


# One wrong answer, such as students write, for each exercise: its checks have to notice.
WRONG = {
    "03-lexical-search": {
        "count": "def count_score(query, doc):\n    return sum(word in doc for word in query.split())",
        "idf": "import math\n\n\ndef word_weight(df, n):\n    return math.log((n - df + 0.5) / (df + 0.5))",
        "bm25": (
            "def bm25_score(query, doc, docs, k1=1.2, b=0.75):\n"
            "    average = sum(len(other) for other in docs) / len(docs)\n"
            "    score = 0.0\n"
            "    for word in query.split():\n"
            "        tf, df = doc.count(word), sum(word in other for other in docs)\n"
            "        score += idf(df, len(docs)) * tf * (k1 + 1) / (tf + b * (1 - k1 + k1 * len(doc) / average))\n"
            "    return score"
        ),
        "tokenizer": "import re\n\n\ndef shop_tokenize(text):\n    return re.findall(r'\\w+', text.lower())",
        "index": (
            "def invert(docs):\n"
            "    words = {word for doc in docs for word in doc}\n"
            "    return {word: {number: 1 for number, doc in enumerate(docs) if word in doc} for word in words}"
        ),
        "phrase": "def contains_phrase(phrase, doc):\n    return all(word in doc for word in phrase.split())",
        "ndcg": (
            "def ndcg(grades, judged, k=10):\n"
            "    ideal = dcg(sorted(grades, reverse=True)[:k])\n"
            "    return dcg(grades[:k]) / ideal if ideal > 0 else 0.0"
        ),
        "honest": (
            "def choose_and_report(grid, choose, report):\n"
            "    means = grid.mean(axis=2)\n"
            "    row, column = np.unravel_index(means.argmax(), means.shape)\n"
            "    return row, column, grid[row, column, report].mean()"
        ),
    },
    "04-embeddings-and-semantic-search": {
        "cosine": "def cosine(a, b):\n    return float(np.dot(a, b))",
        "batch": "def cosines(query, docs):\n    return docs @ query / np.linalg.norm(docs, axis=1)",
        "top-k": "def top_positions(scores, k):\n    return np.argsort(scores)[-k:][::-1]",
        "semantic": (
            "def search_by_meaning(query, embeddings, table, k=10):\n"
            "    similarity = batch_cosine_similarity(get_embedding_local(query), embeddings)\n"
            "    best = top_k(similarity, k)\n"
            "    return table.loc[best].assign(similarity=similarity[best], rank=range(1, k + 1))"
        ),
        "recall": "def recall(retrieved, relevant, k=10):\n    return len(set(retrieved[:k]) & relevant) / k",
        "failures": (
            "def reason(query, index):\n"
            "    if any(term not in index for term in snowball_tokenize(query)):\n"
            "        return 'unknown word'\n"
            "    pieces = [word_pieces(term) for term in snowball_tokenize(query)]\n"
            "    return 'rare name' if max(map(len, pieces)) > 1 else 'something else'"
        ),
        "min-max": "def min_max(scores):\n    return np.asarray(scores) / np.max(scores)",
        "hybrid": (
            "def hybrid_scores(semantic_scores, bm25_scores, alpha):\n"
            "    meaning, words = normalize_scores(semantic_scores), normalize_scores(bm25_scores)\n"
            "    return (1 - alpha) * meaning + alpha * words"
        ),
    },
}


@with_exercises
def test_a_wrong_answer_is_noticed(path):
    wrong = WRONG[path.stem]
    assert wrong.keys() == exercises(path).keys()
    after_each = {
        f"check-{name}": f"print('exercise', {name!r})\n{checks.source}"
        for name, (_, _, checks, _) in exercises(path).items()
    }
    printed = run_cells(path, instead={f"answer-{name}": code for name, code in wrong.items()} | after_each)
    for part in printed.split("\nexercise ")[1:]:
        name, *lines = part.splitlines()
        assert any(line.startswith("✗") for line in lines), name


@with_exercises
def test_an_empty_function_is_its_solution_with_lines_taken_out(path):
    for name, (_, answer, _, solution) in exercises(path).items():
        left = iter(SOLUTION.search(solution.source)[1].splitlines())
        assert all(line in left for line in answer.source.splitlines() if line.strip() != "..."), name
