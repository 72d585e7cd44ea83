"""Is this machine ready for the course? One line per check: ok, warning or problem, and what to do about it.

Nothing here needs a network or a key. The quick checks come first; the last one loads the real model. Each
check imports what it needs by itself, so that a missing package spoils only the checks that use it.
"""

import importlib.metadata
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from .errors import CourseError

DISTRIBUTION = "embeddings-course"
OLDEST_PYTHON = (3, 11)
API_KEYS = ("OPENAI_API_KEY",)
ENOUGH_DISK = 10**9  # bytes: WANDS and the embeddings of all its products take about 200 MB
_IMPORT_SECONDS = 60  # far more than importing helpers takes
# Where it is not the distribution's own name.
_MODULE_NAME = {"pystemmer": "Stemmer", "ipython": "IPython", "pillow": "PIL"}
_STYLES = {"ok": "green", "warning": "yellow", "problem": "bold red"}


class Finding(NamedTuple):
    """What a check found. A problem stops the course from working; a warning does not."""

    status: Literal["ok", "warning", "problem"]
    subject: str
    says: str


def examine(checks: Sequence[Callable[[], Finding]] | None = None) -> bool:
    """Run the checks, print each finding as it comes, and return whether there was no problem."""
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False, soft_wrap=True)
    healthy = True
    for check in CHECKS if checks is None else checks:
        found = _run(check)
        healthy = healthy and found.status != "problem"
        console.print(
            Text.assemble((f"{found.status:<8}", _STYLES[found.status]), f" {found.subject:<16} {found.says}")
        )
    return healthy


def _run(check: Callable[[], Finding]) -> Finding:
    subject = check.__name__.removeprefix("check_").replace("_", " ")
    try:
        return check()
    except CourseError as error:
        return Finding("problem", subject, str(error))
    except Exception as error:  # a broken installation can fail in any way, and the other checks still matter
        return Finding("problem", subject, f"the check failed ({type(error).__name__}: {error}); install again.")


def check_python() -> Finding:
    """The Python that runs this is new enough."""
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info[:2] < OLDEST_PYTHON:
        return Finding("problem", "python", f"{version} is too old; install Python 3.11 or newer.")
    return Finding("ok", "python", f"{version} in {sys.prefix}")


def check_packages() -> Finding:
    """Every dependency is installed, in a version that pyproject.toml allows; none is imported."""
    from packaging.requirements import Requirement

    try:
        required = [Requirement(line) for line in importlib.metadata.requires(DISTRIBUTION) or ()]
    except importlib.metadata.PackageNotFoundError:
        return Finding("problem", "packages", "the course is not installed; run `pip install -e .` in its folder.")
    required = [item for item in required if item.marker is None or item.marker.evaluate({"extra": ""})]
    complaints = [complaint for item in required if (complaint := _complaint(item))]
    if complaints:
        return Finding(
            "problem", "packages", f"{'; '.join(complaints)}. Run `pip install -e .` in the course's folder."
        )
    return Finding("ok", "packages", f"all {len(required)} are installed, in versions that fit")


def _complaint(item) -> str | None:
    """What is wrong with an installed package, given its packaging Requirement; None if nothing is."""
    module = _MODULE_NAME.get(item.name.lower(), item.name.lower().replace("-", "_"))
    try:
        version = importlib.metadata.version(item.name)
    except importlib.metadata.PackageNotFoundError:
        return f"{item.name} is missing"
    if not item.specifier.contains(version, prereleases=True):
        return f"{item.name} is {version}, needed is {item.specifier}"
    if importlib.util.find_spec(module) is None:
        return f"{item.name} {version} is installed but cannot be imported"
    return None


def check_notebooks() -> Finding:
    """Notebooks run with the Python that runs this check, and can import helpers wherever they lie."""
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

    try:
        kernel = KernelSpecManager().get_kernel_spec("python3")
    except NoSuchKernel:
        return Finding("problem", "notebooks", "there is no Python kernel; run `pip install ipykernel`.")
    # For these names Jupyter takes the Python that it runs on itself, also where no environment is activated.
    major, minor = sys.version_info[:2]
    own = kernel.argv[0] in ("python", f"python{major}", f"python{major}.{minor}")
    program = sys.executable if own else shutil.which(kernel.argv[0])
    if program is None:
        says = f"their Python {kernel.argv[0]} is gone; run `python -m ipykernel install --user`."
        return Finding("problem", "notebooks", says)
    is_other = not os.path.samefile(Path(program).parent, Path(sys.executable).parent)
    advice = "`python -m ipykernel install --sys-prefix`" if is_other else "`pip install -e .` in the course's folder"
    found = _where_helpers_is(program, kernel.env)
    if isinstance(found, str):
        says = f"their Python {program} cannot import helpers ({found}); run {advice}."
        return Finding("problem", "notebooks", says)
    if is_other:
        return Finding("warning", "notebooks", f"they run with another Python, {program}; run {advice}.")
    if found != Path(__file__).resolve().parent:
        return Finding("warning", "notebooks", f"they import helpers from {found}, which is another one; run {advice}.")
    return Finding("ok", "notebooks", "they run with this Python and can import helpers")


def _where_helpers_is(python: str, env: dict[str, str]) -> Path | str:
    """The folder of the helpers that another run of Python imports in a folder without any; or why it cannot."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            done = subprocess.run(
                [python, "-c", "import helpers; print(helpers.__file__)"],
                cwd=folder,
                env=os.environ | env,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=_IMPORT_SECONDS,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return f"{type(error).__name__}: {error}"
    if done.returncode or not done.stdout.strip():
        return (done.stderr.strip().splitlines() or ["it printed nothing"])[-1]
    return Path(done.stdout.strip().splitlines()[-1]).resolve().parent


def check_demo_data() -> Finding:
    """The catalogue that ships with the course is there and can be read."""
    from .catalogue import DEMO_FOLDER

    return Finding("ok", "demo data", _counts(DEMO_FOLDER))


def check_data_in_use() -> Finding:
    """The data set that notebooks read now can be read."""
    from .catalogue import DEMO_FOLDER, data_in_use

    data = data_in_use()
    if data.folder == DEMO_FOLDER:
        says = "demo (synthetic); `python -m helpers download` fetches the real WANDS data"
        return Finding("ok", "data in use", says)
    return Finding("ok", "data in use", f"{data.name}, {_counts(data.folder)}, in {data.folder}")


def _counts(folder: Path) -> str:
    from .catalogue import load_wands_labels, load_wands_products, load_wands_queries

    sizes = [len(load(folder)) for load in (load_wands_products, load_wands_queries, load_wands_labels)]
    return "{:,} products, {:,} queries, {:,} labels".format(*sizes)


def check_cache() -> Finding:
    """Embeddings and downloads can be kept, and what was kept can be read."""
    from .cache_folder import cache_folder, is_temporary
    from .embedding_cache import EmbeddingCache

    folder = cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
        size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    except OSError as error:
        says = f"{folder} cannot be used ({error.strerror}), so embeddings are computed again each time"
        return Finding("warning", "cache", f"{says}; set COURSE_CACHE_DIR to a folder of yours.")
    cache = EmbeddingCache()
    if cache.is_damaged():
        says = f"{cache.path} is damaged; whoever meets the damage renames that file and begins a new one"
        return Finding("warning", "cache", f"{says}, so there is nothing to do.")
    says = f"{size / 1e6:,.1f} MB in {folder}"
    if is_temporary():
        says += ", for now: this user has no home folder; set COURSE_CACHE_DIR to a folder that stays."
        return Finding("warning", "cache", says)
    if damaged := cache.damaged_files():
        says += f"; damaged earlier, and to be deleted when you like: {', '.join(path.name for path in damaged)}"
    return Finding("ok", "cache", says)


def check_disk() -> Finding:
    """There is room for data and embeddings."""
    from .cache_folder import cache_folder

    wanted = cache_folder().absolute()
    folder = next(path for path in (wanted, *wanted.parents) if path.is_dir())
    free = shutil.disk_usage(folder).free
    if free < ENOUGH_DISK:
        return Finding("warning", "disk", f"only {free / 1e6:,.0f} MB are free in {folder}; make room for 1 GB.")
    return Finding("ok", "disk", f"{free / 1e9:,.1f} GB free")


def check_api_key() -> Finding:
    """Whether a key is set. It is never shown, and nothing in the course needs one."""
    found = [name for name in API_KEYS if os.environ.get(name)]
    return Finding("ok", "API key", f"{' and '.join(found)} is set (not needed)" if found else "none (not needed)")


def check_model() -> Finding:
    """The weights of the local model are the published ones."""
    from .local_model import DEFAULT_MODEL, verified_weights_folder

    verified_weights_folder()
    return Finding("ok", "model", f"{DEFAULT_MODEL}, with the published weights")


def check_embedding() -> Finding:
    """The model really runs here: three texts are embedded anew, past the cache, and make sense."""
    import numpy as np

    from .local_model import DEFAULT_DIMENSION, get_local_model

    model = get_local_model()
    vectors = model.encoder()(["couch", "sofa", "wall clock"])
    if vectors.shape != (3, DEFAULT_DIMENSION) or not np.isfinite(vectors).all():
        return Finding("problem", "embedding", f"came out wrong, with shape {vectors.shape}; install the course again.")
    vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    sofa, clock = vectors[1:] @ vectors[0]
    if sofa <= clock:
        return Finding("problem", "embedding", "couch is nearer to wall clock than to sofa; install the course again.")
    return Finding(
        "ok",
        "embedding",
        f"{DEFAULT_DIMENSION} numbers per text, by {model.engine}; couch: sofa {sofa:.2f}, wall clock {clock:.2f}",
    )


CHECKS = (
    check_python,
    check_packages,
    check_notebooks,
    check_demo_data,
    check_data_in_use,
    check_cache,
    check_disk,
    check_api_key,
    check_model,
    check_embedding,
)
