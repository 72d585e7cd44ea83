"""Run all benchmarks, or those that are named, and write docs/benchmarks.md (`make bench`).

python -m benchmarks [script ...] [--no-page]
"""

import argparse
import importlib
import sys
import time
import traceback
from pathlib import Path

from benchmarks import harness

FOLDER = Path(__file__).resolve().parent
PAGE = FOLDER.parent / "docs" / "benchmarks.md"
MINUTES = 15  # for all of them
_FIRST = (
    "bm25_build",
    "bm25_one_query",
    "bm25_all_queries",
    "bm25_growth",
    "semantic_batch",
    "alpha_sweep",
    "evaluation",
)


def scripts() -> list[str]:
    """The names of the modules of this folder that have claims: search first, then the others."""
    found = sorted(path.stem for path in FOLDER.glob("*.py") if "\ndef claims(" in path.read_text())
    return [*(name for name in _FIRST if name in found), *(name for name in found if name not in _FIRST)]


def measure(names: list[str]) -> tuple[str, list[str]]:
    """The page about these scripts, and the names of those that stopped with an error."""
    head, sections, verdicts, times, stopped = harness.page_head(), [], [], [], []
    began = time.perf_counter()
    for name in names:
        script_began = time.perf_counter()
        try:
            section, found = harness.run(importlib.import_module(f"benchmarks.{name}"))
        except Exception as error:
            traceback.print_exc()
            stopped.append(name)
            section = f"## benchmarks.{name}\n\nIt stopped with an error: {type(error).__name__}: {error}\n"
            found = [harness.Verdict(f"benchmarks.{name}", "runs to its end", type(error).__name__, False)]
        sections.append(section)
        verdicts += found
        times.append([name, f"{time.perf_counter() - script_began:.0f}"])
    minutes = (time.perf_counter() - began) / 60
    times.append(["all", f"{minutes * 60:.0f}"])
    verdicts.append(
        harness.Verdict("All benchmarks", f"< {MINUTES} minutes", f"{minutes:.1f} minutes", minutes < MINUTES)
    )
    timing = harness.table("How long the benchmarks took", ["script", "s"], times, level=2)
    return "\n".join([head, harness.summary(verdicts), harness.HOW_TO_READ, *sections, timing]), stopped


def main() -> int:
    found = scripts()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("scripts", nargs="*", metavar="script", help=f"some of: {', '.join(found)} (default: all)")
    parser.add_argument("--no-page", action="store_true", help="print only, and leave docs/benchmarks.md alone")
    wanted = parser.parse_args()
    if unknown := set(wanted.scripts) - set(found):
        parser.error(f"there is no script {', '.join(sorted(unknown))}; there are {', '.join(found)}")
    page, stopped = measure(wanted.scripts or found)
    if wanted.scripts or wanted.no_page:
        print(page[page.index("## Targets") :].split("\n## ")[0])
    else:
        PAGE.write_text(page)
        print(f"Written: {PAGE.relative_to(Path.cwd()) if PAGE.is_relative_to(Path.cwd()) else PAGE}")
    for name in stopped:
        print(f"benchmarks.{name} stopped with an error.", file=sys.stderr)
    return 1 if stopped else 0


if __name__ == "__main__":
    sys.exit(main())
