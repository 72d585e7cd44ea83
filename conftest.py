"""Tests and notebooks run on the demo catalogue, without an API key, whatever is downloaded or set on this machine."""

import os

os.environ["COURSE_DATASET"] = "demo"
for variable in ("COURSE_DATA_DIR", "OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_API_BASE"):
    os.environ.pop(variable, None)
os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
