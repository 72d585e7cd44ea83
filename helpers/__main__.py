"""The students' command line: `python -m helpers download`, `doctor` and `check`."""

import sys
from pathlib import Path
from typing import Annotated

from .errors import CourseError

try:
    import typer
except ImportError:
    sys.exit(
        f"The course is not installed for the Python in {sys.prefix}; activate the course's environment, "
        "or run `pip install -e .` in the course's folder."
    )

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.callback(invoke_without_command=True)
def helpers(context: typer.Context) -> None:
    """What the course's notebooks need, apart from notebooks."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@app.command()
def download(
    to: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder to put it in; by default the course's own.")
    ] = None,
) -> None:
    """Fetch the real WANDS data, about 90 MB, once."""
    from .download import download_wands

    folder = download_wands(to)
    use = f"set COURSE_DATA_DIR={folder} to use it" if to else "notebooks use it from now on"
    typer.echo(f"WANDS is in {folder}; {use}.")


@app.command()
def doctor() -> None:
    """Check whether this machine is ready, and say what to do if it is not."""
    from .doctor import examine

    if not examine():
        raise typer.Exit(1)


@app.command()
def check(
    homework: Annotated[str, typer.Argument(help="Its name, such as hw4.")],
    pack: Annotated[bool, typer.Option("--pack/--no-pack", help="Whether to write the file to hand in.")] = True,
    name: Annotated[str | None, typer.Option(help="Yours, for the file; by default that of your account.")] = None,
) -> None:
    """Run your homework from top to bottom in a fresh kernel, as grading does; then pack the file to hand in.

    The exit status is 1 where a question does not pass its visible checks or is empty.
    """
    from .hand_in import check_and_pack

    if not check_and_pack(homework, name, pack):
        raise typer.Exit(1)


def main() -> None:
    """Run a command; an error of the course's own is one sentence on stderr and exit status 1."""
    try:
        app(prog_name="python -m helpers")
    except CourseError as error:
        print(error, file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
