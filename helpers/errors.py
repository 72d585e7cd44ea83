"""The course's own friendly errors."""


class CourseError(Exception):
    """Base of every error the course raises on purpose for something outside the caller's code.

    A missing data set, a model that cannot be reached, an API without a key: each lives beside the code that
    raises it and subclasses this one, so a notebook can catch all of them with one ``except CourseError``.
    The message says what is wrong and what to do. A wrong argument is a plain ValueError or TypeError.
    """
