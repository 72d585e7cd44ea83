"""Tests and notebooks always run on the demo catalogue, without an API key and with an embedding cache of their own,
whatever is downloaded, set or left by an earlier run on this machine."""

import os
import shutil
import tempfile
from pathlib import Path

os.environ["COURSE_DATASET"] = "demo"
for variable in ("COURSE_DATA_DIR", "OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_API_BASE"):
    os.environ.pop(variable, None)
os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")

# Empty at first and filled once by whoever needs it: this process, its kernels, sandboxes and subprocesses share it.
_cache = Path(tempfile.mkdtemp(prefix="course-cache-"))
_cache.chmod(0o755)  # tests read it as an ordinary user too
os.environ["COURSE_CACHE_DIR"] = str(_cache)


def pytest_unconfigure():
    shutil.rmtree(_cache, ignore_errors=True)
