"""A homework's due date and late rule, as the instructor writes them."""

from datetime import UTC, datetime, timedelta

import pytest

from autograder.course.deadline import DeadlineError, deadline_of
from autograder.course.folder import Course


@pytest.fixture
def written(tmp_path):
    """A function: the deadline that a due.toml of this text gives."""

    def read(text):
        path = tmp_path / "homework" / "hw4" / "due.toml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return deadline_of(Course(tmp_path), "hw4")

    return read


def test_no_file_no_deadline(tmp_path):
    assert deadline_of(Course(tmp_path), "hw4") is None


@pytest.mark.parametrize(
    ("text", "due"),
    [
        ("due = 2026-10-09T23:59:00Z", datetime(2026, 10, 9, 23, 59, tzinfo=UTC)),
        ("due = 2026-10-09 23:59:00\nzone = 'Europe/Berlin'", datetime(2026, 10, 9, 21, 59, tzinfo=UTC)),
        ("due = 2026-12-09 23:59:00\nzone = 'Europe/Berlin'", datetime(2026, 12, 9, 22, 59, tzinfo=UTC)),
        ("due = 2026-10-09\nzone = 'UTC'", datetime(2026, 10, 9, 23, 59, 59, tzinfo=UTC)),
        ("due = 2026-10-09T23:59:00-07:00", datetime(2026, 10, 10, 6, 59, tzinfo=UTC)),
    ],
)
def test_the_moment(written, text, due):
    assert written(text).due_with() == due


def test_an_extension_ends_at_the_same_time_of_day_when_the_clocks_change(written):
    due = written("due = 2026-10-24 23:59:00\nzone = 'Europe/Berlin'").due_with(2)
    assert due == datetime(2026, 10, 26, 22, 59, tzinfo=UTC)


RULE = "due = 2026-10-09 12:00:00\nzone = 'UTC'\n[late]\npercent_per_day = 10\ndays = 3\ngrace_minutes = 30\n"


@pytest.mark.parametrize(
    ("hours", "extension", "days", "penalty"),
    [(-1, 0, 0, 0), (0.5, 0, 0, 0), (0.6, 0, 1, 5), (24, 0, 1, 5), (24.1, 0, 2, 10), (72, 0, 3, 15), (73, 0, 4, 40)]
    + [(30, 1, 1, 5), (24.4, 1, 0, 0), (60, 0.5, 2, 10)],
)
def test_what_lateness_costs(written, hours, extension, days, penalty):
    """40 of 50 points earned: 5 points a day begun, and everything after three days."""
    deadline = written(RULE)
    late = deadline.days_late(datetime(2026, 10, 9, 12, tzinfo=UTC) + timedelta(hours=hours), extension)
    assert (late, deadline.penalty(40, 50, late)) == (days, penalty)


def test_work_never_loses_more_than_it_earned(written):
    assert written(RULE).penalty(3, 50, 2) == 3
    assert written("due = 2026-10-09").penalty(40, 50, 9) == 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("due = ", "cannot be read as TOML"),
        ("dew = 2026-10-09", "'dew', which means nothing"),
        ("due = 2026-10-09\n[late]\npercent = 10", "'percent', which means nothing"),
        ("due = 2026-10-09\nlate = 10", "'late'"),
        ("due = '9 October'", "names no due date"),
        ("[late]\ndays = 2", "names no due date"),
        ("due = 2026-10-09\nzone = 'Berlin'", "unknown zone, 'Berlin'"),
        ("due = 2026-10-09\n[late]\npercent_per_day = -1", "percent_per_day = -1"),
        ("due = 2026-10-09\n[late]\ndays = true", "days = True"),
        ("due = 2026-10-09\n[late]\ndays = nan", "days = nan"),
        ("due = 2026-10-09\n[late]\ndays = inf", "days = inf"),
        ("due = 2026-10-09\n[late]\npercent_per_day = inf", "percent_per_day = inf"),
        ("due = 2026-10-09\n[late]\ngrace_minutes = 1e300", "grace_minutes = 1e+300"),
    ],
)
def test_what_cannot_be_followed_is_one_sentence(written, text, said):
    with pytest.raises(DeadlineError, match=r"homework/hw4/due\.toml") as refused:
        written(text)
    assert said in str(refused.value) and "\n" not in str(refused.value)
