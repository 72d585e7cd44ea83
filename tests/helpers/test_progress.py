"""The bar is seen while work lasts and leaves nothing behind: in a terminal, a pipe and a notebook, and for nbval."""

import io
import subprocess
import sys
import time
import warnings
from copy import deepcopy

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook
from tqdm import TqdmWarning

from helpers import progress
from helpers.progress import ProgressBar, no_advice_on_widgets
from tests.support.processes import HANGS


class Terminal(io.StringIO):
    def isatty(self):
        return True


def work(**options):
    for _ in ProgressBar(range(3), unit=" texts", **options):
        time.sleep(0.11)  # just longer than tqdm's interval between two drawings


def test_a_terminal_shows_the_bar_for_long_work_and_then_an_empty_line(monkeypatch):
    monkeypatch.setattr(progress, "DELAY_SECONDS", 1e-9)
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    work()
    drawn = terminal.getvalue()
    assert "texts/s" in drawn and "\n" not in drawn and drawn.endswith("\r")
    assert drawn.split("\r")[-2].strip() == ""


@pytest.mark.parametrize("case", ["short work", "a pipe", "not wanted"])
def test_no_bar(case, monkeypatch, capsys):
    monkeypatch.setattr(progress, "DELAY_SECONDS", 60 if case == "short work" else 1e-9)
    if case != "a pipe":
        monkeypatch.setattr(sys, "stderr", Terminal())
    work(show=case != "not wanted")
    assert getattr(sys.stderr, "getvalue", lambda: "")() == "" and capsys.readouterr() == ("", "")


CELLS = [
    """
import time
from pathlib import Path
import numpy as np
from helpers import progress
from helpers.embedding_cache import EmbeddingCache, embed_through_cache

progress.DELAY_SECONDS = 1e-9
cache = EmbeddingCache(Path("cache"))

def slow_encoder():
    def encode(texts):
        time.sleep(0.11)
        return np.ones((len(texts), 2))
    return encode

def embed(texts):
    return embed_through_cache(texts, "m", cache, slow_encoder, chunk_size=1, show_progress=True)
""",
    "print('first')\nvectors = embed(list('abc'))\nprint(vectors.shape)",
    "embed(list('cdef'))",
    "_ = embed(['g', 'h'])",
]


class Client(NotebookClient):
    """Runs a notebook and keeps what its displays were updated to."""

    def process_message(self, msg, cell, cell_index):
        if msg["msg_type"] == "update_display_data":
            self.updates.append(msg["content"]["data"])
        return super().process_message(msg, cell, cell_index)


def run(folder):
    """Run the cells in a folder -> the notebook, stored in it too, and what its displays were updated to."""
    notebook = new_notebook(cells=[new_code_cell(source) for source in CELLS])
    client = Client(notebook, kernel_name="python3", timeout=HANGS, resources={"metadata": {"path": str(folder)}})
    client.updates = []
    client.execute()
    return notebook, client.updates


def seen(cell):
    """A cell's outputs as a reader sees them: a display without content is nothing, and a text goes on after it."""
    shown = []
    for output in deepcopy(cell.outputs):
        if shown and output.output_type == "stream" and output.name == shown[-1].get("name"):
            shown[-1].text += output.text
        elif output.output_type != "display_data" or output.data:
            shown.append(output)
    return shown


def test_a_notebook_holds_the_same_with_and_without_a_bar(tmp_path):
    folder, another = tmp_path / "one", tmp_path / "another"
    folder.mkdir()
    another.mkdir()
    cold, bars = run(folder)
    assert any("texts/s" in data.get("text/plain", "") for data in bars) and bars[-1] == {}
    warm, bars = run(folder)
    assert bars == [] and [seen(cell) for cell in cold.cells] == [cell.outputs for cell in warm.cells]
    kinds = [[output.output_type for output in cell.outputs] for cell in warm.cells]
    assert kinds == [[], ["stream"], ["execute_result"], []]

    # nbval runs each where the cache is in the other state. On stderr it would see a bar.
    nbformat.write(cold, folder / "cold.ipynb")
    nbformat.write(warm, another / "warm.ipynb")
    red = new_code_cell("import sys; print('bar', end='\\r', file=sys.stderr)", execution_count=1)
    nbformat.write(new_notebook(cells=[red]), another / "red.ipynb")
    command = [sys.executable, "-m", "pytest", "-c", "/dev/null", "--nbval", "--nbval-current-env", "-q"]
    done = subprocess.run(
        [*command, "--rootdir", tmp_path, folder, another], cwd=tmp_path, capture_output=True, text=True
    )
    failed = [line.split()[1] for line in done.stdout.splitlines() if line.startswith("FAILED")]
    assert failed == ["another/red.ipynb::Cell"] and "8 passed" in done.stdout, done.stdout


def test_tqdms_advice_on_widgets_is_not_shown(recwarn):
    with no_advice_on_widgets():
        warnings.warn("IProgress not found", TqdmWarning, stacklevel=2)
    assert len(recwarn) == 0
