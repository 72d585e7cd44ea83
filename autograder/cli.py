"""The command line: one function a command, from `autograder new` to `autograder demo`."""

import errno
import os
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

# No part of grading may wait for a network: litellm and the model hub are told so before anything imports them.
os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")

import typer
from rich.markup import escape

from autograder.pages.console import out, show_changes, show_results
from helpers.errors import CourseError

if TYPE_CHECKING:
    from autograder.judge.submission import Runner

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Release, grade and report the course's homework.",
)


Assignment = Annotated[str, typer.Argument(help="Which homework, such as hw4.")]
CourseOption = Annotated[Path | None, typer.Option("--course", help="The course folder (default: this one).")]
Unsafe = Annotated[
    bool, typer.Option("--unsafe-no-sandbox", help="Run notebooks with your own rights: only if you trust them all.")
]


@app.command()
def new(assignment: Assignment, course: CourseOption = None) -> None:
    """Write the skeleton of a new homework: a notebook with one question, its answer key and its kernel part."""
    from autograder.commands.new import new_homework
    from autograder.course.folder import Course

    folder = new_homework(Course.find(course), assignment)
    out.print(f"Homework: {folder}", markup=False, soft_wrap=True)
    out.print(
        f"It can be released as it is: autograder release {assignment}. How to go on: docs/write-a-homework.md.",
        soft_wrap=True,
    )


@app.command()
def release(
    assignment: Assignment,
    out_folder: Annotated[Path | None, typer.Option("--out", help="Where (default: build/student-edition).")] = None,
    migrate: Annotated[
        bool, typer.Option("--migrate", help="Take marks of an older version of the homework out of the gradebook.")
    ] = False,
    unsafe: Unsafe = False,
    course: CourseOption = None,
) -> None:
    """Build the student edition, after proving that the homework grades right and nothing leaks."""
    from autograder.commands.release import release as build
    from autograder.course.folder import Course
    from autograder.judge.homework import find_homework

    here = Course.find(course)
    here.source(assignment)
    runner = runner_here(unsafe)
    folder = (out_folder or here.build / "student-edition").resolve()
    with out.status("Proving: running the solution and the blank notebook ..."):
        proofs = build(here, find_homework(here.homework(assignment)), folder, runner, migrate)
    for proof in proofs:
        out.print(f"[green]proved[/] {proof.what} ({proof.found})", soft_wrap=True)
    out.print(f"Student edition: {folder}", markup=False, soft_wrap=True)


@app.command()
def collect(
    assignment: Assignment,
    source: Annotated[Path, typer.Option("--from", help="A folder, or the zip that the LMS hands out.")],
    course: CourseOption = None,
) -> None:
    """Sort the submissions of a folder or an LMS zip into build/submitted. Exit status 1 if some had none."""
    from autograder.commands.collect import collect as take_in
    from autograder.course.folder import Course

    collected = take_in(Course.find(course), assignment, source.resolve())
    for one in collected:
        who = f"{one.student} ({one.name})" if one.name and one.name != one.student else one.student
        parts = [f"{who}: {one.status}"]
        if one.handed_in:
            late = f", {one.days_late} day{'s' if one.days_late > 1 else ''} late" if one.days_late else ""
            parts.append(f"Handed in {one.handed_in:%Y-%m-%d %H:%M} UTC ({one.time_from}){late}.")
        out.print(". ".join(parts).rstrip(".") + (f". {one.note}" if one.note else ""), markup=False, soft_wrap=True)
    taken = sum(one.status in ("new", "same", "changed") for one in collected)
    out.print(f"{taken} of {len(collected)} students have a notebook: autograder grade {assignment}", soft_wrap=True)
    if any(one.status == "failed" for one in collected):
        raise typer.Exit(1)


@app.command()
def roster(
    file: Annotated[Path | None, typer.Argument(help="The list, as CSV (default: show the one taken in last).")] = None,
    course: CourseOption = None,
) -> None:
    """Take in, or show, the list of students: id, name, email, each platform's id, extension in days.

    Says who is new, gone or changed since the last list, and whose homework is missing or of nobody on it.
    """
    from autograder.commands.roster import compare, take_in
    from autograder.course.folder import Course
    from autograder.course.roster import roster_of

    here = Course.find(course)
    standing = take_in(here, file.resolve()) if file else compare(here, roster_of(here))
    if not standing.students:
        raise CourseError("There is no list of students yet: give one, autograder roster FILE.csv.")
    if file is None:
        for one in standing.students.values():
            days = "".join(f", {days:g} days longer{f' for {hw}' if hw else ''}" for hw, days in one.extensions.items())
            out.print(f"{one.id}: {one.name or 'no name'}{days}", markup=False, soft_wrap=True)
    lines = [*(f"{one}: new" for one in standing.new), *(f"{one}: no longer on the list" for one in standing.gone)]
    lines += [f"{one}: changed, {what}" for one, what in standing.changed.items()]
    for homework, missing in standing.missing.items():
        lines += [f"{one}: {homework} is missing" for one in missing]
        lines += [f"{one}: handed in {homework} and is not on the list" for one in standing.unknown[homework]]
    for line in lines:
        out.print(line, markup=False, soft_wrap=True)
    out.print(f"{len(standing.students)} students on the list.")


@app.command()
def grade(
    assignment: Assignment,
    submissions: Annotated[Path | None, typer.Option(help="One folder per student (default: build/submitted).")] = None,
    jobs: Annotated[
        int | None,
        typer.Option(
            "-j", "--jobs", min=1, help="How many notebooks run at once (default: 1, or what keeps a cluster busy)."
        ),
    ] = None,
    scheduler: Annotated[
        str | None,
        typer.Option(help="Run the notebooks on the Dask cluster at this address, such as tcp://10.0.0.5:8786."),
    ] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Also write the results here.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Repeat the probes of an earlier run.")] = None,
    regrade: Annotated[bool, typer.Option("--regrade", help="Also run again what has not changed.")] = False,
    only: Annotated[
        list[str] | None, typer.Option("--only", help="Regrade this student only; may be given several times.")
    ] = None,
    question: Annotated[str | None, typer.Option(help="Regrade this question only: all other marks stay.")] = None,
    unsafe: Unsafe = False,
    course: CourseOption = None,
) -> None:
    """Run and judge every submission that is new or changed, and record the marks.

    What is already graded and has not changed is left alone, unless --regrade, --only, --question or --seed asks for
    it; then a table shows the marks before and after.
    Exit status 1 if some work could not be graded. Who is on the roster and handed in nothing has a line that says so.
    """
    runner = None
    if scheduler is None:
        runner = runner_here(unsafe)
        if not unsafe:
            prepare_kernels(submissions or (course or Path()) / "build" / "submitted")
    elif unsafe:
        raise CourseError("A cluster runs nothing without a sandbox: leave out --scheduler or --unsafe-no-sandbox.")

    from autograder.commands.grade import find_submissions, grade_all, missing_students, only_these, results_json
    from autograder.course.files import require_writable, write_whole
    from autograder.course.folder import Course
    from autograder.course.students import shown_name
    from autograder.gradebook.results import load_results, what_changed
    from autograder.judge.homework import find_homework
    from autograder.judge.judge import new_seed
    from autograder.pages.progress import GradingProgress, Stopped
    from autograder.run.apart import end_runs
    from autograder.run.cluster import Cluster

    here = Course.find(course)
    here.source(assignment)
    if json_file:
        require_writable(json_file)
    handed = find_submissions((submissions or here.build / "submitted").resolve(), assignment, here.homeworks())
    missing = missing_students(here, assignment, handed)
    handed = only_these(here, handed, only) if only else handed + missing
    homework = find_homework(here.homework(assignment))
    if question and question not in {one.id for one in homework.questions}:
        known = ", ".join(one.id for one in homework.questions)
        raise CourseError(f"{assignment} has no question {question!r}; it has {known}.")
    again = bool(regrade or seed is not None or only or question)
    before = load_results(here, assignment) if again else []
    chosen = new_seed() if seed is None else seed
    with ExitStack() as stack:
        cluster = stack.enter_context(Cluster(scheduler)) if scheduler else None
        try:
            with GradingProgress(len(handed), out, f"autograder grade {assignment}") as progress:
                results = grade_all(
                    here,
                    homework,
                    handed,
                    chosen,
                    jobs or (cluster.jobs if cluster else 1),
                    on_result=progress.settled,
                    regrade=again,
                    runner=cluster.run if cluster else runner,
                    end_runs=cluster.end_runs if cluster else end_runs,
                    question=question,
                )
        except Stopped:
            raise SystemExit(130) from None
    show_results(results, {shown_name(one.student) for one in handed if one.path is None})
    if before:
        show_changes(what_changed(before, results))
    unchanged = sum(r.kept for r in results)
    if unchanged:
        out.print(
            f"{unchanged} of {len(results)} had been graded before and have not changed (--regrade runs them again).",
            style="dim",
            soft_wrap=True,
        )
    out.print(f"Seed of this run: {chosen} (--seed {chosen} repeats its probes).", style="dim", soft_wrap=True)
    if json_file:
        write_whole(json_file, results_json(assignment, results))
    nothing = {shown_name(one.student) for one in missing}
    if any(r.status == "failed" and r.student not in nothing for r in results):
        raise typer.Exit(1)


@app.command()
def feedback(assignment: Assignment, course: CourseOption = None) -> None:
    """Write a page for every student under build/feedback: the marks, or why there are none and what to do."""
    from autograder.commands.feedback import give_feedback
    from autograder.course.folder import Course

    here = Course.find(course)
    here.source(assignment)
    pages, failed = give_feedback(here, assignment)
    others = f", {len(failed)} of them for students who could not be graded" if failed else ""
    out.print(
        f"{len(pages) + len(failed)} feedback pages{others}: "
        f"{here.build / 'feedback'}/<student>/{assignment}/{assignment}.html",
        markup=False,
        soft_wrap=True,
    )


@app.command()
def report(
    assignment: Assignment,
    out_file: Annotated[Path | None, typer.Option("--out", help="Where (default: build/reports).")] = None,
    course: CourseOption = None,
) -> None:
    """Write the instructor's report on a homework as one HTML page."""
    from autograder.course.files import require_writable
    from autograder.course.folder import Course
    from autograder.gradebook.results import load_results
    from autograder.judge.homework import Homework
    from autograder.pages.report import write_report

    here = Course.find(course)
    here.source(assignment)
    results = load_results(here, assignment)
    if not results:
        raise CourseError(f"Nothing is graded yet: run `autograder grade {assignment}` first.")
    target = (out_file or here.build / "reports" / f"{assignment}.html").resolve()
    require_writable(target)
    path = write_report(here, Homework(here.homework(assignment)), results, target)
    out.print(f"Report: {path}", markup=False, soft_wrap=True)


@app.command()
def export(
    assignment: Annotated[str | None, typer.Argument(help="Which homework (default: all that are graded).")] = None,
    platform: Annotated[
        str, typer.Option("--format", help="For which platform: csv, canvas, moodle, blackboard or brightspace.")
    ] = "csv",
    into: Annotated[Path | None, typer.Option("--into", help="Fill in this file, which the platform exported.")] = None,
    out_file: Annotated[Path | None, typer.Option("--out", help="Where (default: build/exports).")] = None,
    column: Annotated[
        str | None, typer.Option(help="The column of --into, where it is not called like the homework.")
    ] = None,
    with_waiting: Annotated[
        bool, typer.Option("--with-waiting", help="Export although answers wait to be marked by hand; they count as 0.")
    ] = False,
    course: CourseOption = None,
) -> None:
    """Write the final marks in the form that a learning platform imports, and the feedback pages as an archive.

    Exit status 1 if somebody's mark has no place in the file of --into.
    """
    from autograder.commands.export import export as write
    from autograder.course.folder import Course

    here = Course.find(course)
    if assignment is not None:
        here.source(assignment)
    exported = write(here, assignment, platform, into, out_file, column, with_waiting)
    for line in exported.told():
        out.print(line, markup=False, soft_wrap=True)
    if exported.incomplete:
        raise typer.Exit(1)


@app.command()
def reference(assignment: Assignment, course: CourseOption = None) -> None:
    """Measure the reference values for the data set in use and store them, where the homework has any."""
    from autograder.course.folder import Course
    from autograder.judge.homework import Homework

    here = Course.find(course)
    here.source(assignment)
    homework = Homework(here.homework(assignment))
    path = homework.save_reference()
    if path is None:
        out.print(f"{assignment} measures nothing, so there is nothing to store: its key has no measure_reference.")
        return
    for name, value in homework.shop.reference.items():
        if isinstance(value, (int, float, str)):
            out.print(f"{name}: {value}", soft_wrap=True)
    out.print(f"Stored: {path}", markup=False, soft_wrap=True)


@app.command()
def selftest(
    assignment: Assignment,
    seed: Annotated[int | None, typer.Option(min=0, help="Repeat the probes of an earlier self-test.")] = None,
    exploits: Annotated[bool, typer.Option(help="Also run the exploit bank (some minutes).")] = True,
    out_file: Annotated[Path | None, typer.Option("--out", help="Also write the tables here, as Markdown.")] = None,
    course: CourseOption = None,
) -> None:
    """Judge answers whose worth is known: is right work accepted, wrong work caught, and the mistake named?

    Exit status 1 if any row is wrong.
    """
    from autograder.commands import selftest as tests
    from autograder.course.files import require_writable
    from autograder.course.folder import Course
    from autograder.judge.judge import new_seed

    here = Course.find(course)
    here.source(assignment)
    chosen = new_seed() if seed is None else seed
    if out_file:
        require_writable(out_file)
    rows = []
    with out.status("Judging ...") as status:
        for row in tests.selftest(here, assignment, chosen, exploits):
            rows.append(row)
            status.update(f"Judged {len(rows)} answers; now {escape(row.question)} ...")
    out.print(tests.as_table(rows))
    for line in tests.summarise(rows):
        out.print(f"{line.good} of {line.of} {line.what}", soft_wrap=True)
    out.print(f"Seed of this self-test: {chosen} (--seed {chosen} repeats its probes).", style="dim", soft_wrap=True)
    if out_file:
        out_file.write_text(tests.as_markdown(assignment, rows), encoding="utf-8")
    if not all(row.holds for row in rows):
        raise typer.Exit(1)


@app.command()
def doctor() -> None:
    """Check whether this machine can grade, and say what to do if it cannot."""
    from autograder.commands.doctor import CHECKS
    from helpers.doctor import examine

    if not examine(CHECKS):
        raise typer.Exit(1)


@app.command()
def demo() -> None:
    """Grade a small made-up class in a temporary course folder and show what an instructor sees."""
    from autograder.commands.demo import run_demo

    run_demo(out)


def runner_here(unsafe: bool) -> "Runner":
    """What runs notebooks on this machine. That it can is found out before the work begins."""
    from functools import partial

    from autograder.run import sandbox
    from autograder.run.apart import run_notebook

    if unsafe or not sandbox.is_wanted():
        print("No sandbox: the notebooks run with your own rights, and marks can be cheated.", file=sys.stderr)
        return partial(run_notebook, sandboxed=False)
    sandbox.require()
    return run_notebook


def prepare_kernels(folder: Path) -> None:
    """Have what kernels are forked from started while this process is still busy with its own imports."""
    from autograder.run import parents, sandbox

    if sandbox.is_wanted():
        parents.prepare(folder, sandbox.environment())


def main() -> None:
    """Entry point: a known problem is one sentence on stderr, not a traceback."""
    try:
        app()
    except CourseError as problem:
        print(problem, file=sys.stderr)
        sys.exit(2)
    except OSError as problem:
        if problem.errno not in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise
        print(
            f"{problem.filename or 'A file'} cannot be used ({problem.strerror}): check who owns it and how its disk "
            "is mounted, then give the same command again.",
            file=sys.stderr,
        )
        sys.exit(2)
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        sys.exit(130)
