"""In a notebook an error of the course's own is a sentence and the notebook's own line."""

import subprocess
import sys

import pytest

from helpers.catalogue import DataError
from helpers.embedding_cache import EmbeddingCache, EmbeddingInterrupted, embed_through_cache
from helpers.errors import CourseError

CELL = """from helpers import load_wands_products, evaluate_search

def products_of(name):
    return load_wands_products(name)

first = 1
products = products_of("nowhere")
"""


IN_IPYTHON = """
import sys
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

quiet = Config(HistoryManager={"enabled": False}, InteractiveShell={"colors": "nocolor"})
shell = InteractiveShell.instance(config=quiet)
shell.run_cell(sys.argv[1])
"""


def shown_by_a_notebook(cell: str) -> list[str]:
    """The lines that IPython shows where a cell stops."""
    done = subprocess.run([sys.executable, "-c", IN_IPYTHON, cell], capture_output=True, text=True, check=True)
    return done.stdout.strip().splitlines()


def test_the_sentence_and_the_last_line_of_the_notebook_s_own():
    sentence, line = shown_by_a_notebook(CELL)
    assert sentence.startswith("DataError: There is no folder ") and "set data_dir to a folder that holds" in sentence
    assert line == "Line 4 of the cell: return load_wands_products(name)"


def test_notes_are_shown_too():
    shown = shown_by_a_notebook(
        "import pandas as pd\n"
        "from helpers import evaluate_search, load_wands_labels\n"
        "queries = pd.DataFrame({'query_id': [0], 'query': ['sofa']})\n"
        "labels = pd.DataFrame({'query_id': [0], 'product_id': [0], 'grade': [1]})\n"
        "evaluate_search(lambda query: load_wands_labels('nowhere'), queries, labels)"
    )
    assert [text.split(":")[0] for text in shown] == [
        "DataError",
        "This happened while searching for query 0",
        "Line 5 of the cell",
    ]


def test_an_interrupted_embedding_says_that_nothing_is_lost():
    shown = shown_by_a_notebook(
        "from helpers.local_model import LocalModel\n"
        "def encode(texts, **options):\n"
        "    raise KeyboardInterrupt\n"
        "class Model:\n"
        "    encode = staticmethod(encode)\n"
        "model = LocalModel('a', 'a model that is interrupted', Model)\n"
        "model.encode(['sofa'])"
    )
    assert shown[0] == ("EmbeddingInterrupted: Embedding stopped. What was done is kept: run the cell again to go on.")
    assert len(shown) == 2


def test_an_interrupt_is_still_one(tmp_path):
    def interrupted(texts):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as stopped:
        embed_through_cache(["sofa"], "m", EmbeddingCache(tmp_path), lambda: interrupted, 10, show_progress=False)
    assert isinstance(stopped.value, EmbeddingInterrupted) and not isinstance(stopped.value, Exception)
    assert stopped.value.__suppress_context__


def test_outside_a_notebook_there_is_no_line():
    assert DataError("no data.")._render_traceback_() == ["DataError: no data."]
    with pytest.raises(CourseError) as raised:
        raise DataError("no data.")
    assert raised.value._render_traceback_() == ["DataError: no data."]
