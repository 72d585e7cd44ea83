"""nbgrader's side: marks, results, who may grade whom, and the graded notebook."""
