"""From whatever was handed in to a clean notebook, or a reason why there is none."""
