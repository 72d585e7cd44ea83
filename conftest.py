"""Tests and notebooks always see the same machine, whatever is downloaded, set or left by an earlier run on this one:
the demo catalogue, no API key, no network's or terminal's peculiarities, and an embedding cache of their own."""

import os
import shutil
import tempfile
from pathlib import Path

# Beginnings of the names that steer this course, the libraries below it, the network, terminals, and Python itself.
_STEERING = tuple(
    """
    AUTOGRADER_ COURSE_ OPENAI_ LITELLM_
    HF_ HUGGINGFACE_ TRANSFORMERS_ SENTENCE_TRANSFORMERS_ TOKENIZERS_ OMP_ ORT_ MPL MATPLOTLIB
    IPYTHON JUPYTER JPY_ NBGRADER DASK_
    HTTP_PROXY HTTPS_PROXY ALL_PROXY NO_PROXY SSL_CERT_ REQUESTS_CA_ CURL_CA_
    COLUMNS LINES FORCE_COLOR NO_COLOR CLICOLOR PY_COLORS TTY_ GITHUB_ACTIONS
    PYTHONWARNINGS PYTHONOPTIMIZE PYTHONDEVMODE PYTHONSAFEPATH PYTHONIOENCODING
    """.split()
)
for name in list(os.environ):
    if name.upper().startswith(_STEERING):
        del os.environ[name]
os.umask(0o022)  # a sandbox's kernel has a user of its own and reads what tests write

_own = Path(tempfile.mkdtemp(prefix="course-tests-"))
_own.chmod(0o755)  # tests read it as an ordinary user too
os.environ |= {
    "COURSE_DATASET": "demo",
    # Empty at first, filled once by whoever needs it; this process, its kernels, sandboxes and subprocesses share it.
    "COURSE_CACHE_DIR": str(_own / "cache"),
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    # What a user has configured for notebooks of their own is not for these.
    "IPYTHONDIR": str(_own / "ipython"),
    "JUPYTER_CONFIG_DIR": str(_own / "jupyter"),
}

_startup = _own / "ipython" / "profile_default" / "startup"
_startup.mkdir(parents=True)
_students_only = Path(__file__).parent / "tests" / "support" / "students_only.py"
(_startup / "students_only.py").write_text(f"__import__('runpy').run_path({str(_students_only)!r})\n")


def pytest_unconfigure():
    shutil.rmtree(_own, ignore_errors=True)
