"""Run all benchmarks, or those that are named, and write docs/benchmarks.md (`make bench`).

python -m benchmarks [script ...] [--no-page]
"""

import argparse
import importlib
import pkgutil
import time
from pathlib import Path

import benchmarks
from benchmarks import harness

PAGE = Path(__file__).resolve().parents[1] / "docs" / "benchmarks.md"


def scripts() -> dict:
    """Name -> module, for the modules of this folder that have claims."""
    names = [module.name for module in pkgutil.iter_modules(benchmarks.__path__) if module.name != "__main__"]
    modules = {name: importlib.import_module(f"benchmarks.{name}") for name in names}
    return {name: module for name, module in modules.items() if hasattr(module, "claims")}


def main() -> None:
    found = scripts()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "scripts", nargs="*", metavar="script", help=f"some of: {', '.join(found)} (default: all)"
    )
    parser.add_argument(
        "--no-page", action="store_true", help="print only, and leave docs/benchmarks.md alone"
    )
    wanted = parser.parse_args()
    if unknown := set(wanted.scripts) - set(found):
        parser.error(f"there is no script {', '.join(sorted(unknown))}; there are {', '.join(found)}")
    began = time.perf_counter()
    page = [harness.page_head()]
    for name in wanted.scripts or found:
        section = harness.run(found[name])
        page.append(section)
    page.append(f"All of this took {(time.perf_counter() - began) / 60:.1f} minutes.\n")
    if not wanted.scripts and not wanted.no_page:
        PAGE.write_text("\n".join(page))


if __name__ == "__main__":
    main()
