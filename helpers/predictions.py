"""An answer that stays closed until the reader opens it, so that a question of the lecture can be answered first."""

import html
from typing import Any

_PROMPT = "Your prediction first. Then open the answer."


class Closed:
    """Texts and tables below a line that opens them. As the last value of a cell it is shown once; see `reveal`."""

    def __init__(self, shown: tuple[Any, ...], prompt: str) -> None:
        self.shown = shown
        self.prompt = prompt

    def _repr_html_(self) -> str:
        body = "\n".join(_as_html(value) for value in self.shown)
        return f"<details><summary><em>{html.escape(self.prompt)}</em></summary>\n{body}\n</details>"

    def __repr__(self) -> str:
        return "\n".join(str(value) for value in self.shown)


def reveal(*shown: Any, prompt: str = _PROMPT) -> Closed:
    """Show an answer closed: the reader opens it with a click. Where there is no HTML, it is printed as it is.

    Parameters
    ----------
    *shown : texts, pictures, and objects that Jupyter can show as HTML, such as `helpers.tables.Table`
    prompt : the line that is clicked on

    Examples
    --------
    >>> reveal("none of ten", "(0%)")
    none of ten
    (0%)
    """
    return Closed(shown, prompt)


def _as_html(value: Any) -> str:
    if hasattr(value, "_repr_mimebundle_"):  # a picture
        return value._repr_mimebundle_()[0]["text/html"]
    as_html = getattr(value, "_repr_html_", None)
    return as_html() if as_html else f'<pre style="white-space: pre-wrap">{html.escape(str(value))}</pre>'
