"""Tests and notebooks always run on the demo catalogue, whatever is downloaded or set on this machine."""

import os

os.environ["COURSE_DATASET"] = "demo"
os.environ.pop("COURSE_DATA_DIR", None)
os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
