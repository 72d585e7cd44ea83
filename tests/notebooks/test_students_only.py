from tests.support.students_only import with_their_needs


def test_what_the_installed_versions_need_belongs_to_the_students_too(tmp_path, monkeypatch):
    needs = {
        "course-a": ["Course.B[fast]>=1", "course-c; extra == 'extra'", "course-d; python_version < '3'", "not-here"],
        "course-b": ["course-e; extra == 'fast'", "course-a"],
        "course-c": [],
        "course-d": [],
        "course-e": [],
    }
    for name, lines in needs.items():
        folder = tmp_path / f"{name.replace('-', '_')}-1.0.dist-info"
        folder.mkdir()
        required = "".join(f"Requires-Dist: {line}\n" for line in lines)
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n{required}")
    monkeypatch.syspath_prepend(tmp_path)
    assert with_their_needs({"course-a"}) == {"course-a", "course-b", "course-e"}
