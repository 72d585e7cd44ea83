"""The student edition: what students receive, and how it gets into its folder.

An edition carries a marker, a small file that lists what a release has written there. A release replaces or removes
those files and no others, so a repository for students, with a history and files of its own, is updated in place, and
one edition holds all homework that was ever released into it.
"""

import json
import shutil
import tempfile
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

import nbformat
import tomli_w
from nbformat import NotebookNode

import helpers
from autograder.course.deadline import FILE as DUE
from autograder.course.files import write_whole
from autograder.course.folder import Course
from autograder.course.version import digest
from autograder.judge.homework import KERNEL, KEY
from helpers.errors import CourseError

MARKER = ".student-edition.json"
MADE_BY = "autograder release"
# Of the course folder; helpers are those that run here, and so were proved, wherever they are installed.
SHIPPED = ("lectures", "environment.yml", "requirements/install.py", "requirements/students.txt", "LICENSE")
NOT_SHIPPED = ("__pycache__", ".ipynb_checkpoints", "*.egg-info", ".*")
# Of a homework's folder; the archive is what `python -m helpers check` packs where the instructor's own notebook lies.
KEPT_BACK = (KEY, KERNEL, DUE, "*-submission.zip")


class ReleaseRefused(CourseError):
    """A proof failed or the folder is not for an edition, so nothing was written."""


def check_folders(course: Course, out: Path) -> None:
    """ReleaseRefused unless the course has what students need, and no other helpers than those that run here (it may,
    where the packages are installed without -e), and `out` is new, empty, or an edition that an earlier release wrote.
    """
    absent = [name for name in (*SHIPPED, "pyproject.toml") if not (course.root / name).exists()]
    if absent:
        raise ReleaseRefused(
            f"Not released: {course.root} has no {absent[0]}, which students need: copy it from the course's "
            "repository."
        )
    own, used = course.root / "helpers", Path(helpers.__file__).parent
    if own.is_dir() and _modules(own) != _modules(used):
        raise ReleaseRefused(
            f"Not released: the helpers in {own} are not those that run here, which lie in {used}: "
            "run `pip install -e .` in the course folder, or remove that copy."
        )
    if out == course.build or out == course.root or out in course.root.parents:
        raise ReleaseRefused(f"{out} holds the course itself: name a new folder with --out.")
    if out.exists() and not out.is_dir():
        raise ReleaseRefused(f"{out} is a file: name a new folder with --out.")
    if (out / "nbgrader_config.py").exists():
        raise ReleaseRefused(f"{out} is a course folder: name a new folder with --out.")
    if not out.is_dir() or not any(out.iterdir()):
        return
    if _written(out) is None:
        if (out / ".git").exists():
            raise ReleaseRefused(
                f"{out} is a repository that no release has written: release into a new folder, and make the "
                "repository for students of that one. From then on it is updated in place."
            )
        raise ReleaseRefused(
            f"{out} is a folder with other things in it, and no {MARKER} says that a release made it: "
            "name a new folder with --out, or remove it yourself if it is an old edition."
        )


def _modules(folder: Path) -> dict[Path, bytes]:
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*.py")}


@contextmanager
def drafted(course: Course, assignment: str, released: NotebookNode, out: Path) -> Iterator[Path]:
    """A new edition with one homework, in a folder beside `out` that is gone afterwards."""
    out.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    try:
        _build(course, assignment, released, draft)
        yield draft
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def put_in_place(draft: Path, out: Path, assignment: str) -> None:
    """Make the edition in `out` that of the draft. What it holds of other homework stays, and so does every file that
    no release wrote.

    A new edition appears whole. An older one is updated file by file, each whole; the marker first names the files of
    both, so that after an interruption the next release goes on with it. Raises ReleaseRefused, with nothing changed,
    where a file of somebody else's stands in the way.
    """
    new = {path.relative_to(draft).as_posix(): _hash(path) for path in sorted(draft.rglob("*")) if path.is_file()}
    if not out.is_dir() or not any(out.iterdir()):
        _mark(draft, new)
        draft.chmod(0o755)
        draft.rename(out)
        return
    before = _written(out)
    if before is None:
        raise ReleaseRefused(f"{out} is no edition any more: something has removed its {MARKER}.")
    for name, content in new.items():
        _check_way(out, name, name in before, content)
    others = {name: content for name, content in before.items() if _of_other_homework(name, assignment)}
    _mark(out, before | new)
    for name in new:
        write_whole(out / name, (draft / name).read_bytes())
    for name in before.keys() - new.keys() - others.keys():
        _remove(out, name, before[name])
    _mark(out, others | new)


def _build(course: Course, assignment: str, released: NotebookNode, folder: Path) -> None:
    """Copy what students receive into `folder`."""
    ignored = shutil.ignore_patterns(*NOT_SHIPPED)
    shutil.copytree(Path(helpers.__file__).parent, folder / "helpers", ignore=ignored)
    for name in SHIPPED:
        if (course.root / name).is_dir():
            shutil.copytree(course.root / name, folder / name, ignore=ignored)
        else:
            (folder / name).parent.mkdir(exist_ok=True)
            shutil.copy(course.root / name, folder / name)
    (folder / "pyproject.toml").write_text(_students_pyproject(course.root / "pyproject.toml"))
    shutil.copy(Path(__file__).with_name("students-README.md"), folder / "README.md")
    target = folder / "homework" / assignment
    shutil.copytree(course.homework(assignment), target, ignore=shutil.ignore_patterns(*NOT_SHIPPED, *KEPT_BACK))
    nbformat.write(released, target / f"{assignment}.ipynb")


def _students_pyproject(path: Path) -> str:
    """The course's pyproject.toml without the commands and extras that students have no use for."""
    project = tomllib.loads(path.read_text())
    for name in ("scripts", "optional-dependencies", "entry-points"):
        project["project"].pop(name, None)
    project["tool"] = {
        "setuptools": {
            "packages": {"find": {"include": ["helpers*"]}},
            "package-data": {"helpers": project["tool"]["setuptools"]["package-data"]["helpers"]},
        }
    }
    return tomli_w.dumps(project)


def _written(edition: Path) -> dict[str, str] | None:
    """{file that a release wrote: hash of what it wrote}, None where no marker says so."""
    try:
        marker = json.loads((edition / MARKER).read_text(encoding="utf-8"))
        files = marker["files"] if marker["made by"] == MADE_BY else None
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if not isinstance(files, dict) or not all(isinstance(content, str) for content in files.values()):
        return None
    return files if all(map(_is_inside, files)) else None


def _is_inside(name: str) -> bool:
    path = PurePosixPath(name)
    return bool(path.parts) and not path.is_absolute() and not {"..", ".git"} & set(path.parts)


def _mark(edition: Path, files: dict[str, str]) -> None:
    about = "A release replaces and removes the files listed here, and leaves all others alone."
    content = {"made by": MADE_BY, "about": about, "files": dict(sorted(files.items()))}
    write_whole(edition / MARKER, json.dumps(content, indent=1) + "\n")


def _hash(path: Path) -> str:
    return digest(path.read_bytes())[:32]


def _check_way(edition: Path, name: str, is_ours: bool, content: str) -> None:
    """ReleaseRefused unless the file `name` can be written without loss."""
    path = edition / name
    for folder in path.relative_to(edition).parents:
        place = edition / folder
        if folder.parts and (place.is_symlink() or (place.exists() and not place.is_dir())):
            raise ReleaseRefused(f"{place} is a link or a file, and a release needs a folder there: move it away.")
    if path.is_dir() or (path.exists() and not is_ours and _hash(path) != content):
        raise ReleaseRefused(f"{path} stands in the way, and no release has written it: move it away.")


def _of_other_homework(name: str, assignment: str) -> bool:
    parts = PurePosixPath(name).parts
    return parts[0] == "homework" and len(parts) > 2 and parts[1] != assignment


def _remove(edition: Path, name: str, content: str) -> None:
    """Take away a file that is shipped no more, unless somebody has changed it, and the folders left empty."""
    path = edition / name
    linked = any((edition / folder).is_symlink() for folder in PurePosixPath(name).parents if folder.parts)
    if linked or not path.is_file() or path.is_symlink() or _hash(path) != content:
        return
    path.unlink()
    for folder in path.relative_to(edition).parents:
        if not folder.parts or any((edition / folder).iterdir()):
            return
        (edition / folder).rmdir()
