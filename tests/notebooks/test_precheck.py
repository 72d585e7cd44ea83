"""The pre-check lets a clean notebook pass and refuses each kind of unfit one, with the reason."""

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from tests.notebooks.precheck import problems


@pytest.fixture
def clean():
    """A notebook that was run top to bottom; tests spoil it."""
    cells = [
        new_markdown_cell("# Title", id="title"),
        new_code_cell("%matplotlib inline\nx = 1", execution_count=1, id="first", metadata={"tags": ["api"]}),
        new_code_cell(
            "x",
            execution_count=2,
            id="second",
            outputs=[
                new_output(
                    "execute_result",
                    {"text/plain": "1", "image/png": "aGVs/home/ada/bG8="},
                    execution_count=2,
                    metadata={"image/png": {"width": 10, "height": 10, "alt": "one"}},
                )
            ],
        ),
        new_code_cell(
            "print('https://sbert.net/home/x', 1/2)",
            execution_count=3,
            id="third",
            outputs=[new_output("stream", name="stdout", text="and/or, 3/4, ./build/x\n")],
        ),
    ]
    return new_notebook(
        cells=cells,
        metadata={
            "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
    )


@pytest.fixture
def check(tmp_path):
    def check(notebook, **options):
        path = tmp_path / "notebook.ipynb"
        nbformat.write(notebook, path)
        return problems(path, **options)

    return check


def test_clean_notebook_passes(clean, check):
    assert check(clean) == []


@pytest.mark.parametrize("counts", [[1, 3, 2], [2, 3, 4], [1, 2, None], [None, None, None], [1, 1, 2]])
def test_not_run_top_to_bottom(clean, check, counts):
    for cell, count in zip(clean.cells[1:], counts):
        cell.execution_count = count
        cell.outputs = []
    assert check(clean) == [f"it was not run top to bottom: its cells are numbered {counts}"]


def test_homework_may_be_stored_unrun_but_not_half_run(clean, check):
    for cell in clean.cells[1:]:
        cell.execution_count, cell.outputs = None, []
    clean.cells[1].metadata["nbgrader"] = {
        "grade_id": "setup",
        "grade": False,
        "solution": False,
        "locked": True,
        "task": False,
        "schema_version": 3,
    }
    assert check(clean, homework=True) == []
    clean.cells[1].execution_count = 1
    assert check(clean, homework=True) == ["it was not run top to bottom: its cells are numbered [1, None, None]"]


def test_error_output(clean, check):
    clean.cells[3].outputs = [new_output("error", ename="NameError", evalue="y", traceback=[])]
    assert check(clean) == ["cell third holds an error: NameError"]


def test_stderr(clean, check):
    clean.cells[3].outputs = [new_output("stream", name="stderr", text="Embedding: 100%\n")]
    assert check(clean) == ["cell third holds text on stderr: 'Embedding: 100%'"]


def test_output_of_another_run(clean, check):
    clean.cells[2].outputs[0].execution_count = 7
    assert check(clean) == ["cell second holds the output of another run"]


@pytest.mark.parametrize(
    "source, what",
    [
        ("%load_ext autoreload", "the unknown magic load_ext"),
        ("%%bash\nls", "the unknown magic bash"),
        ("x = %sql select", "the unknown magic sql"),
        ("!pip install x", "a shell command"),
        ("files = !ls", "a shell command"),
        ("print?", "the unknown magic pinfo"),
        ("x = (", "code that is not Python: '(' was never closed"),
    ],
)
def test_unknown_commands(clean, check, source, what):
    clean.cells[3].source = source
    assert check(clean) == [f"cell third uses {what}"]


@pytest.mark.parametrize("path", ["/home/ada/data.csv", "/tmp/x", "C:\\Users\\ada", "file:///data", "/Users/ada/x"])
@pytest.mark.parametrize("place", ["source", "stdout", "result", "markdown"])
def test_absolute_path(clean, check, path, place):
    if place == "source":
        clean.cells[3].source = f"open({path!r})"
    elif place == "stdout":
        clean.cells[3].outputs[0].text = f"saved to {path}"
    elif place == "result":
        clean.cells[2].outputs[0].data["text/html"] = f"<b>{path}</b>"
    else:
        clean.cells[0].source = f"See `{path}`."
    (found,) = check(clean)
    assert "holds an absolute path" in found


def test_stray_metadata_of_the_notebook(clean, check):
    clean.metadata["widgets"] = {}
    clean.metadata["language_info"]["version"] = "3.11.7"
    assert sorted(check(clean)) == [
        "the notebook has stray metadata: language_info.version",
        "the notebook has stray metadata: widgets",
    ]


@pytest.mark.parametrize(
    "metadata, what",
    [
        ({"execution": {"iopub.status.busy": "2026-01-01"}}, "execution"),
        ({"tags": ["draft"]}, "tag draft"),
        ({"collapsed": True, "scrolled": False}, "collapsed, scrolled"),
        ({"nbgrader": {}}, "nbgrader"),
    ],
)
def test_stray_metadata_of_a_cell(clean, check, metadata, what):
    clean.cells[3].metadata.update(metadata)
    assert check(clean) == [f"cell third has stray metadata: {what}"]


def test_stray_metadata_of_an_output(clean, check):
    clean.cells[2].outputs[0].metadata["needs_background"] = "light"
    assert check(clean) == ["cell second has stray metadata: output needs_background"]


def test_other_kernel(clean, check):
    clean.metadata["kernelspec"]["name"] = "my-env"
    assert check(clean) == ["its kernel is not python3"]


def test_old_format_and_no_notebook(clean, check, tmp_path):
    for cell in clean.cells:
        del cell["id"]
    clean.nbformat_minor = 4
    assert "older than 4.5" in check(clean)[0]
    (tmp_path / "text.ipynb").write_text("no notebook")
    assert "not a valid notebook" in problems(tmp_path / "text.ipynb")[0]
