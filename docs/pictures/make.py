"""Takes the pictures that the README opens with, from the real pages: `make pictures`.

The lecture's comes from the site in build/site, the report's from a class that `autograder demo` has just graded
(`--report FILE.html` takes another). Needs Chromium or Chrome.
"""

import argparse
import io
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
LECTURE = ROOT / "build" / "site" / "lectures" / "04-embeddings-and-semantic-search.html"
WINDOW = {"width": 1180, "height": 820}


def graded_report() -> Path:
    """The report of the demo's class."""
    command = [Path(sys.executable).parent / "autograder", "demo"]
    shown = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    found = re.search(r"^Report: (.+)$", shown, flags=re.MULTILINE)
    if found is None:
        raise SystemExit(f"`autograder demo` named no report:\n{shown}")
    return Path(found[1])


def take(browser: Browser, page_file: Path, show: str | None, out: Path, from_afar: float = 1) -> None:
    """A picture of a window on a page, an element in its middle, with no more colours than it needs."""
    width, height = (round(from_afar * side) for side in WINDOW.values())
    page = browser.new_page(viewport={"width": width, "height": height}, color_scheme="light")
    page.goto(page_file.as_uri())
    if show:
        page.locator(show).first.evaluate("e => e.scrollIntoView({block: 'center', behavior: 'instant'})")
    page.wait_for_timeout(500)
    image = Image.open(io.BytesIO(page.screenshot())).convert("RGB").resize((WINDOW["width"], WINDOW["height"]))
    image.quantize(256, dither=Image.Dither.NONE).save(out, optimize=True)
    print(f"{out.relative_to(ROOT)}: {out.stat().st_size / 1000:.0f} kB")


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    asked.add_argument("--report", type=Path, help="a report that is there already")
    report = asked.parse_args().report or graded_report()
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if program is None:
        raise SystemExit("There is no Chromium or Chrome here to take pictures with.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, chromium_sandbox=bool(os.geteuid()))
        take(browser, LECTURE, "img[alt*='first 10 products under alpha']", HERE / "lecture.png")
        take(browser, report.resolve(), None, HERE / "report.png", from_afar=1.27)
        browser.close()


if __name__ == "__main__":
    main()
