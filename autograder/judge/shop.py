"""What the judges of homework on the course's sample share."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from helpers.homework_data import HomeworkData, fingerprint_of


@dataclass
class SampleShop:
    """A sample of products with its queries and judgments, and the reference values. A key's shop adds right scores.

    reference: what the key's `measure_reference` gives; empty only while it is being measured.
    """

    data: HomeworkData
    reference: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def fingerprint(self) -> str:
        return fingerprint_of(self.data)
