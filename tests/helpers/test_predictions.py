"""An answer is closed in a notebook, whole elsewhere, and escaped."""

import pandas as pd

from helpers.predictions import reveal
from helpers.tables import Table


def test_texts_and_tables_are_shown_in_order_below_a_closed_line():
    page = reveal("a < b", Table(pd.DataFrame({"x": [1]})), prompt="Guess & open")._repr_html_()
    assert page.startswith("<details><summary><em>Guess &amp; open</em></summary>") and page.endswith("</details>")
    assert " open>" not in page.split("\n")[0]
    assert page.index("a &lt; b</pre>") < page.index('<table class="dataframe">')
    assert "<pre>" not in page, "a long line is broken, not cut off"


def test_without_html_everything_is_readable():
    assert repr(reveal("three", Table(pd.DataFrame({"x": [1]})))) == "three\nx\n1"


def test_a_picture_keeps_its_description():
    from helpers import plots

    picture = plots.idf_curves()
    page = reveal("before", picture)._repr_html_()
    assert page.count("<img") == 1 and picture.html() in page
    assert repr(reveal(picture)) == picture.description
