"""What archives hold is bounded for each student, and the worst one is a reason in words."""

import errno
import gzip
import io
import tarfile
import time
import zipfile

import pytest

from autograder.intake import archives
from autograder.intake.archives import (
    Budgets,
    CollectError,
    Listed,
    OverBudget,
    is_wanted,
    listing,
    name_parts,
    stem,
)
from autograder.intake.platforms import by_person


@pytest.fixture
def budgets(tmp_path):
    (tmp_path / "spool").mkdir()
    return Budgets(tmp_path / "spool")


@pytest.fixture
def entries(tmp_path, budgets):
    """A function: the entries of a file with the given name and bytes, handed in by one student."""

    def read(name, raw):
        folder = tmp_path / name.replace(".", "-")
        folder.mkdir()
        (folder / name).write_bytes(raw)
        with listing(folder) as [listed]:
            return list(listed.take(budgets.of(name)))

    return read


def zipped(files):
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in files.items():
            file.writestr(name, content)
    return raw.getvalue()


def tarred(files, kind=tarfile.REGTYPE):
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as file:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size, info.type, info.linkname = (
                (len(content), kind, "") if kind == tarfile.REGTYPE else (0, kind, "x")
            )
            file.addfile(info, io.BytesIO(content))
    return raw.getvalue()


def told(found):
    return [(entry.inside, entry.path.read_bytes() if entry.path else entry.reason) for entry in found]


@pytest.mark.parametrize("name", ["a.zip", "a.tar", "a.tar.gz", "a.tgz"])
def test_notebooks_in_an_archive(entries, name):
    files = {"x/hw4.ipynb": b"A", "x/data.csv": b"1", "__MACOSX/x/._hw4.ipynb": b"no", "b.ipynb.txt": b"B"}
    raw = zipped(files) if name.endswith("zip") else tarred(files)
    raw = gzip.compress(raw) if name.endswith("gz") else raw
    assert told(entries(name, raw)) == [(("x", "hw4.ipynb"), b"A"), (("b.ipynb.txt",), b"B")]


def test_archives_within_archives(entries):
    inner = gzip.compress(tarred({"y/hw4.ipynb": b"A"}))
    assert told(entries("a.zip", zipped({"x/in.tar.gz": inner}))) == [(("x", "y", "hw4.ipynb"), b"A")]
    [(_, reason)] = told(entries("b.zip", zipped({"c.zip": zipped({"d.tgz": inner})})))
    assert reason == "There are archives within archives; that one was not opened."


@pytest.mark.parametrize(
    ("name", "raw", "reason"),
    [
        ("a.zip", b"PK\x03\x04 no", "The zip archive is damaged"),
        ("a.tar.gz", b"no", "The tar archive is damaged"),
        ("a.tar.gz", gzip.compress(b"no"), "The tar archive is damaged"),
        ("a.tgz", gzip.compress(tarred({"hw4.ipynb": bytes(5000)}))[:60], "The tar archive is damaged"),
        ("a.tar", tarred({"hw4.ipynb": bytes(50_000)})[:20_000], "The tar archive is damaged"),
        ("a.tar", tarred({"x.csv": b"1"}), "The tar archive holds no notebook."),
        ("a.tar", tarred({"../hw4.ipynb": b"1"}), "points outside of it"),
        ("a.tar", tarred({"/hw4.ipynb": b"1"}), "points outside of it"),
        ("a.tar", tarred({"hw4.ipynb": b"1"}, tarfile.SYMTYPE), "a link to another file"),
        ("a.tar", tarred({"hw4.ipynb": b"1"}, tarfile.LNKTYPE), "a link to another file"),
    ],
)
def test_the_worst_archive_is_a_sentence(entries, name, raw, reason):
    [entry] = entries(name, raw)
    assert entry.path is None and reason in entry.reason


@pytest.mark.parametrize(
    "files", [{f"{i}.txt": b"" for i in range(11)}, {f"{i}.ipynb": bytes(20_000) for i in range(6)}]
)
@pytest.mark.parametrize("name", ["a.zip", "a.tar.gz"])
def test_a_budget_for_one_student(entries, monkeypatch, name, files):
    monkeypatch.setattr(archives, "MAX_ENTRIES", 10)
    monkeypatch.setattr(archives, "MAX_TOTAL", 100_000)
    raw = zipped(files) if name == "a.zip" else gzip.compress(tarred(files))
    with pytest.raises(OverBudget, match="more than (10 files|0 MB)"):
        entries(name, raw)


def test_what_a_tar_skips_counts_too(entries, monkeypatch):
    monkeypatch.setattr(archives, "MAX_TOTAL", 2**20)
    with pytest.raises(OverBudget, match="zip bomb"):
        entries("a.tgz", gzip.compress(tarred({"x.bin": bytes(2**21), "hw4.ipynb": b"A"})))


def test_a_long_list_is_not_even_opened(entries, monkeypatch):
    raw = zipped({f"{i}": b"" for i in range(20_001)})
    monkeypatch.setattr(zipfile, "ZipFile", lambda path: pytest.fail("opened"))
    with pytest.raises(OverBudget, match="more than 20,000 files"):
        entries("a.zip", raw)


def test_all_together(tmp_path, budgets, monkeypatch):
    monkeypatch.setattr(archives, "MAX_ALL_TOTAL", 100)
    budgets.of("bob").use(30)
    budgets.of("ada").use(60)
    with pytest.raises(CollectError, match=r"Most is used by ada \(0 MB\), bob \(0 MB\), carl"):
        budgets.of("carl").use(20)


def test_a_full_disk_is_nobody_elses_damage(entries, monkeypatch):
    def full(self, raw):
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(archives.Budget, "keep", full)
    with pytest.raises(OSError, match="full"):
        entries("a.zip", zipped({"hw4.ipynb": b"A"}))


def test_names():
    assert [name for name in ("a.ipynb", "a.IPYNB.txt", "x/a.tgz", "a.zip") if not is_wanted(name)] == []
    assert [name for name in ("a.txt", "._a.ipynb", ".ipynb_checkpoints/a.ipynb", "a.json") if is_wanted(name)] == []
    assert name_parts("a\\b/./c") == ("a", "b", "c") and name_parts("C:\\x") is None and name_parts("a/../b") is None
    names = ["ada.ipynb", "ada.ipynb.txt", "ada.tar.gz", "ada.zip", "ada", "ada.b.pdf"]
    assert [stem(name) for name in names] == ["ada", "ada", "ada", "ada", "ada", "ada.b"]


def test_long_names_cost_no_time():
    start = time.process_time()
    for name in (
        "." * 60_000,
        "a" + "_1" * 30_000,
        "a_" + "1" * 60_000,
        "1-2 - a" + " - 2026 1015" * 5_000 + "-x",
        "1-2 - a - " + "2026 1015 " * 5_000,
        "a_b" + "_attempt_" * 7_000,
        ".ipynb" * 10_000,
    ):
        stem(name), is_wanted(name), name_parts(name)
        by_person([Listed(name, False, lambda budget: iter(()))], "hw4")
    assert time.process_time() - start < 2
