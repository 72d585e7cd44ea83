"""The site of lectures and documentation: whole, readable without a network, in light and in dark, wide and narrow."""

import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import nbformat
import pytest

from tests.conftest import REPOSITORY
from tests.support.browser import new_page

LECTURES = sorted((REPOSITORY / "lectures").glob("*.ipynb"))


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    for tool in ("sphinx", "myst_nb", "furo"):
        pytest.importorskip(tool, reason=f"the site needs {tool}, of the extra docs")
    out = tmp_path_factory.mktemp("site")
    options = ["-W", "--keep-going", "-q", "-c", REPOSITORY / "docs", "-d", tmp_path_factory.mktemp("doctrees")]
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", *options, REPOSITORY, out], capture_output=True, text=True, cwd=out
    )
    assert done.returncode == 0, done.stderr
    return out


class Page(HTMLParser):
    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path, self.ids, self.links, self.needs, self.images = path, set(), [], [], []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.ids.add(found.get("id"))
        if tag == "a" and found.get("href"):
            self.links.append(found["href"])
        if tag in ("link", "script", "img", "iframe", "source") and (address := found.get("src") or found.get("href")):
            self.needs.append(address)
        if tag == "img":
            self.images.append(found.get("alt") or "")


@pytest.fixture(scope="module")
def pages(site) -> dict[Path, Page]:
    return {path: Page(path) for path in site.rglob("*.html")}


def test_every_link_inside_leads_somewhere(site, pages):
    missing = []
    for path, page in pages.items():
        for link in page.links + page.needs:
            address = urlsplit(link)
            if address.scheme or address.netloc:
                continue
            target = (path.parent / unquote(address.path)).resolve() if address.path else path
            there = target.is_file() and target.is_relative_to(site)
            if not there or (address.fragment and target in pages and address.fragment not in pages[target].ids):
                missing.append(f"{path.relative_to(site)}: {link}")
    assert not missing


def test_the_readme_opens_with_pictures_that_are_small_and_described():
    first = (REPOSITORY / "README.md").read_text(encoding="utf-8").split("\n\n")[1]
    found = re.findall(r"!\[([^]]{20,})\]\((docs/pictures/\w+\.png)\)", first)
    assert len(found) == 2
    assert all(5_000 < (REPOSITORY / path).stat().st_size < 150_000 for _, path in found)


def test_no_page_needs_a_network(pages):
    assert {need for page in pages.values() for need in page.needs if re.match(r"(https?:)?//", need)} == set()


def test_every_document_is_there_and_no_homework(site, pages):
    made = {str(path.relative_to(site).with_suffix("")) for path in pages}
    documents = [*LECTURES, *(REPOSITORY / "docs").glob("*.md"), REPOSITORY / "README.md", REPOSITORY / "CHANGELOG.md"]
    assert {str(path.relative_to(REPOSITORY).with_suffix("")) for path in documents} | {"index", "search"} <= made
    assert not [path for path in site.rglob("*") if "hw4" in path.name]


@pytest.mark.parametrize("lecture", LECTURES, ids=lambda path: path.stem)
def test_a_lecture_has_its_pictures_with_their_descriptions_and_its_formulas(lecture, site, pages):
    page = pages[site / "lectures" / f"{lecture.stem}.html"]
    cells = nbformat.read(lecture, as_version=4).cells
    shown = [output for cell in cells if cell.cell_type == "code" for output in cell.outputs if "data" in output]
    pictures = [output for output in shown if "image/png" in output.data]
    assert {output.metadata["image/png"]["alt"] for output in pictures} <= set(page.images)
    assert not [alt for alt in page.images if len(alt) < 20 or alt.endswith(".png")], "every picture is described"
    text = page.path.read_text(encoding="utf-8")
    assert text.count("<math") >= sum(cell.source.count("$$") // 2 for cell in cells if cell.cell_type == "markdown")
    assert not re.search(r"\$\s*<math|</math>\s*\$", text), "half of the formula's signs were taken for text"
    assert "$$" not in text and "\\frac" not in re.sub(
        r"<annotation.*?</annotation>|<pre>.*?</pre>", "", text, flags=re.S
    )


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_a_page_is_light_or_dark_and_never_wider_than_the_window(dark, browser, site):
    page = new_page(browser, dark=dark)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for width in (1300, 390):
        page.set_viewport_size({"width": width, "height": 900})
        for name in ["index", f"lectures/{LECTURES[-1].stem}", "docs/benchmarks"]:
            page.goto((site / f"{name}.html").as_uri())
            assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{name} at {width}"
            ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
            assert (max(map(int, re.findall(r"\d+", ground)[:3])) < 60) == dark, ground
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []


@pytest.mark.parametrize("lecture", LECTURES, ids=lambda path: path.stem)
def test_what_a_cell_gives_is_seen_whole(lecture, page, site):
    """Texts are broken, never cut off; on a wide page no picture is shrunk; a list of tasks has boxes."""
    page.goto((site / "lectures" / f"{lecture.stem}.html").as_uri())
    page.evaluate("document.querySelectorAll('details').forEach(e => e.open = true)")
    for width in (1300, 390):
        page.set_viewport_size({"width": width, "height": 900})
        cut = "[...document.querySelectorAll('.cell_output pre')].filter(e => e.scrollWidth > e.clientWidth)"
        assert page.evaluate(f"{cut}.map(e => e.innerText.slice(0, 60))") == []
        least = 2000 if width == 1300 else 480
        shrunk = f"filter(e => e.width < Math.min({least}, e.attributes.width.value))"
        assert page.evaluate(f"[...document.querySelectorAll('.cell_output img')].{shrunk}.map(e => e.alt)") == []
    assert "[ ]" not in page.inner_text("body")


def test_the_search_finds_a_word_of_a_lecture(page, site):
    page.goto((site / "search.html").as_uri() + "?q=vocabulary+mismatch")
    page.wait_for_selector("#search-results li a")
    assert "lecture" in page.inner_text("#search-results").lower()
