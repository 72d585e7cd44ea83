"""The site of lectures and documentation: `make site` builds it from this repository into build/site.

Sphinx with MyST-NB reads Markdown and notebooks as they are committed, and runs none. Formulas become MathML, which
browsers draw by themselves, so that a page needs no network; the search is a file of the site.
"""

import shutil
from pathlib import Path

from docutils.nodes import SkipNode
from latex2mathml.converter import convert

project = "Embeddings and product search"
extensions = ["myst_nb"]
root_doc = "README"
# A homework's own notebook holds what students must not see.
include_patterns = ["README.md", "CHANGELOG.md", "lectures/*", "docs/*.md"]
exclude_patterns = ["**/.ipynb_checkpoints"]

nb_execution_mode = "off"
nb_merge_streams = True
nb_ipywidgets_js: dict = {}  # a page has no kernel, and may have no network for a widget's code
myst_enable_extensions = ["dollarmath", "amsmath", "tasklist"]
myst_enable_checkboxes = True
myst_heading_anchors = 3
html_math_renderer = "mathml"
suppress_warnings = ["myst.header", "misc.highlighting_failure"]

html_theme = "furo"
html_title = project
html_show_sphinx = html_show_copyright = html_copy_source = False
html_static_path = ["site.css"]
html_css_files = ["site.css"]

CONTENTS = """
```{toctree}
:hidden:
:caption: Lectures
:glob:
lectures/README
lectures/*-*
```

```{toctree}
:hidden:
:caption: For instructors
docs/run-a-course
docs/grade-a-homework
docs/grade-on-a-cluster
docs/write-a-homework
docs/judging
docs/security
```

```{toctree}
:hidden:
:caption: For contributors
docs/contribute
docs/results
docs/benchmarks
CHANGELOG
```
"""


def setup(app) -> None:
    app.add_html_math_renderer("mathml", (formula, None), (formula, None))
    app.connect("source-read", add_contents)
    app.connect("build-finished", copy_start_page)


def formula(translator, node) -> None:
    block = node.tagname == "math_block"
    translator.body.append(convert(node.astext(), display="block" if block else "inline"))
    raise SkipNode


def add_contents(app, name: str, source: list[str]) -> None:
    """The README of the repository is the site's first page; the list of pages would be noise in the repository."""
    if name == root_doc:
        source[0] += CONTENTS


def copy_start_page(app, exception) -> None:
    if exception is None:
        shutil.copy(Path(app.outdir) / f"{root_doc}.html", Path(app.outdir) / "index.html")
