"""Release, collect, grade, judge and report the course's homework.

Trusted code only: nothing in here is shipped to students or imported by the kernel that runs their notebooks.
"""

import sys
from types import ModuleType
from typing import cast

# Every process that reads a notebook imports jsonschema, and jsonschema this package where it is installed (jupyterlab
# brings it), which then builds 38 grammars for most of a second. They check IRIs, and a notebook's schema has none.
sys.modules.setdefault("rfc3987_syntax", cast(ModuleType, None))
