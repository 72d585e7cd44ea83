"""What a right answer to each question is like, and how the notebook shows it: students receive this file.

A question is a function, a property a sentence with its points, an example a call with what it should give. The titles
and points are those of the key. A property without an example is asked in grading only.
"""

from helpers.checks import gives, prop


def recall(recall_at_k):
    """Measure what a search has found."""
    return [
        prop(
            "the share of the relevant ids that was found",
            6,
            gives(lambda: recall_at_k([7, 3, 9], [3, 9, 4, 8]), 0.5, "Divide by the number of relevant ids."),
        ),
        prop(
            "only the first k retrieved ids count",
            2,
            gives(lambda: recall_at_k([7, 3, 9], [3, 9, 4, 8], k=2), 0.25, "Look only at the first k."),
        ),
        prop("with no relevant ids the recall is 0.0", 2),
    ]


QUESTIONS = [recall]
