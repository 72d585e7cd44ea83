"""A student's final mark of a homework: the one place where it is put together.

It is the sum of the questions' marks (the judge's, a reader's where the judge gives none, a reader's in the judge's
place where somebody overrode it) less what lateness costs, and never below 0. Terminal, JSON, report, pages and export
all take it from here; nbgrader's gradebook holds the same marks and the same penalty.
"""

import math
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from nbgrader.api import Assignment, Gradebook, Student, SubmittedAssignment, SubmittedNotebook
from sqlalchemy import select

from autograder.course.deadline import Deadline, deadline_of
from autograder.course.files import kept_time
from autograder.course.folder import Course
from autograder.course.roster import by_student_id
from autograder.course.students import full_name, student_id
from autograder.gradebook import marks
from autograder.gradebook.marks import Mark


@dataclass(frozen=True)
class FinalMark:
    """One student's final mark of one homework.

    student: the id in the gradebook; name: first and last name, or the id where none is known; email and lms_id: empty
    where unknown; questions: {question id: mark}, empty where nothing is graded; handed_in and due (the student's own,
    with the extension): in UTC, None where unknown; days_late: days begun since then; penalty: points that this costs.
    """

    student: str
    name: str
    email: str = ""
    lms_id: str = ""
    on_roster: bool = True
    questions: dict[str, Mark] = field(default_factory=dict)
    handed_in: datetime | None = None
    due: datetime | None = None
    time_from: str = ""
    days_late: int = 0
    penalty: float = 0.0

    @property
    def points(self) -> float:
        """The sum of the questions, before any penalty."""
        return sum(mark.score for mark in self.questions.values())

    @property
    def score(self) -> float:
        """The final mark."""
        return after_penalty(self.points, self.penalty)

    @property
    def max_score(self) -> float:
        return sum(mark.max_score for mark in self.questions.values())

    @property
    def waiting(self) -> tuple[str, ...]:
        """The questions that a reader still has to mark."""
        return tuple(question for question, mark in self.questions.items() if mark.waiting)

    @property
    def overridden(self) -> tuple[str, ...]:
        """The questions on which a reader's mark stands in the place of the judge's."""
        return tuple(question for question, mark in self.questions.items() if mark.overridden)


def after_penalty(points: float, penalty: float) -> float:
    """The final mark of work that has earned so many points."""
    return max(0.0, round(points - penalty, 6))


def final_marks(course: Course, assignment: str, only: str | None = None) -> dict[str, FinalMark]:
    """{student id: final mark} of everybody who is graded or on the roster, in the order of ids; or of one student id.

    What lateness costs is worked out anew from the homework's due.toml, the roster's extensions and the marks as they
    stand now, and written to the gradebook where it has changed, so that Formgrader shows the same. Without a due.toml
    the gradebook's own due date and penalty stand.
    """
    deadline, known = deadline_of(course, assignment), by_student_id(course)
    found: dict[str, FinalMark] = {}
    with marks.opened(course) as gradebook:
        held = marks.marks_in(gradebook, assignment, only)
        for student, notebook, submission, homework in _submissions(gradebook, assignment, only):
            listed = known.get(student.id)
            extension = listed.extension(assignment) if listed else 0.0
            handed_in, time_from = kept_time(course, assignment, student.id)
            mark = FinalMark(
                student.id,
                (listed.name if listed else "") or full_name(student.first_name, student.last_name) or student.id,
                (listed.email if listed else "") or student.email or "",
                student.lms_user_id or "",
                listed is not None or not known,
                held.get(student.id, {}),
                handed_in or _aware(submission.timestamp),
                _aware(homework.duedate and homework.duedate + (submission.extension or timedelta())),
                time_from,
                penalty=float(notebook.late_submission_penalty or 0.0),
            )
            found[student.id] = _late(mark, deadline, extension)
            if deadline:
                rows = notebook, submission, homework
                _write_lateness(rows, found[student.id], extension, deadline)
        gradebook.db.commit()
    for name, listed in known.items():
        due_then = deadline.due_with(listed.extension(assignment)) if deadline else None
        found.setdefault(name, FinalMark(name, listed.name or listed.id, listed.email, due=due_then))
    return {name: found[name] for name in sorted(found) if only in (None, name)}


def final_mark(course: Course, assignment: str, student: str) -> FinalMark | None:
    """One student's final mark; None where they are neither graded nor on the roster."""
    own = student_id(student)
    return final_marks(course, assignment, own).get(own)


def _submissions(gradebook: Gradebook, assignment: str, student: str | None) -> list:
    asked = select(Student, SubmittedNotebook, SubmittedAssignment, Assignment).select_from(SubmittedNotebook)
    of_one = marks.of_assignment(asked, assignment, student)
    return list(gradebook.db.execute(of_one.join(Student, SubmittedAssignment.student_id == Student.id)))


def _late(mark: FinalMark, deadline: Deadline | None, extension: float) -> FinalMark:
    """The mark with what lateness costs by the homework's own rule, where it has one."""
    if deadline is None:
        late = mark.handed_in - mark.due if mark.handed_in and mark.due else timedelta()
        return replace(mark, days_late=max(0, math.ceil(late / timedelta(days=1))))
    days = deadline.days_late(mark.handed_in, extension) if mark.handed_in else 0
    penalty = deadline.penalty(mark.points, mark.max_score, days)
    return replace(mark, due=deadline.due_with(extension), days_late=days, penalty=penalty)


def _write_lateness(
    rows: tuple[SubmittedNotebook, SubmittedAssignment, Assignment], mark: FinalMark, extension: float, due: Deadline
) -> None:
    """What Formgrader shows of it; a column that has its value already is not written again."""
    notebook, submission, assignment = rows
    longer = due.due_with(extension) - due.due_with()
    for row, column, value in (
        (notebook, "late_submission_penalty", mark.penalty or None),
        (submission, "extension", longer or None),
        (submission, "timestamp", mark.handed_in and mark.handed_in.replace(tzinfo=None)),
        (assignment, "duedate", due.due_with().replace(tzinfo=None)),
    ):
        if getattr(row, column) != value:
            setattr(row, column, value)


def _aware(moment: datetime | None) -> datetime | None:
    """nbgrader keeps times without their zone, which is UTC."""
    return moment.replace(tzinfo=UTC) if moment else None
