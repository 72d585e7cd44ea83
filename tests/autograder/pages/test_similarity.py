"""Answers that are alike: copies in new clothes are found, what the course gives and most share is not."""

import re

import pytest

from autograder.pages import similarity
from autograder.pages.similarity import Answer, fingerprints, pairs, tokens
from tests.support.hw4 import MISCONCEPTIONS, RIGHT_ANSWERS

LONG = max((a.source.strip() for bank in RIGHT_ANSWERS.values() for a in bank), key=len)
QUESTION = next(q for q, bank in RIGHT_ANSWERS.items() if any(a.source.strip() == LONG for a in bank))


def in_other_clothes(text: str) -> str:
    """The same code with other variables, other comments and another layout."""
    own = set(re.findall(r"^\s+(\w+)\s*=[^=]", text, flags=re.M))
    for number, name in enumerate(sorted(own)):
        text = re.sub(rf"\b{name}\b", f"mine_{number}", text)
    return "# all my own work\n\n" + text.replace("\n    ", "\n\n    # next\n    ")


def found(students: dict[str, dict[str, Answer]], known=(), released=()):
    given, count = pairs(students.__getitem__, sorted(students), {QUESTION: known}, released)
    assert count == len(given)
    return given


def of(text: str, right: bool = False) -> dict[str, Answer]:
    return {QUESTION: Answer(text, True, right)}


def others() -> dict[str, dict[str, Answer]]:
    """A class whose answers were written apart: the first of each kind of wrong answer in the bank."""
    return {f"other{n}": of(m.source.strip()) for n, m in enumerate(MISCONCEPTIONS[QUESTION][:3])}


@pytest.mark.parametrize("end", ["\r", "\r\n", "\x0c", "\u2028", "\ufeff"])
def test_odd_line_ends_are_read_and_shown(end):
    text = LONG.replace("\n", f"\n{end}", 3) + end
    [pair] = [p for p in found(others() | {"ada": of(text), "bo": of(text)}) if "ada" in p.students]
    shown = [line for line in pair.answers[0].lines[0] if line.number]
    assert shown and all(line.text == text.split("\n")[line.number - 1][:200] for line in shown)
    only_returns = of(text.replace("\n", end))
    assert found({"ada": only_returns, "bo": only_returns})


def test_a_copy_in_other_clothes_is_found_with_its_lines():
    [pair] = [p for p in found(others() | {"ada": of(LONG), "bo": of(in_other_clothes(LONG))}) if "ada" in p.students]
    assert pair.students == ("ada", "bo") and pair.answers[0].question == QUESTION and pair.answers[0].share > 0.9
    for side, text in zip(pair.answers[0].lines, (LONG, in_other_clothes(LONG))):
        written = text.split("\n")
        assert sum(line.shared for line in side) >= 4
        assert all(line.text == written[line.number - 1][:200] for line in side if line.number)
        assert not any(line.shared for line in side if line.text.strip().startswith("#"))


@pytest.mark.parametrize("place", ["released", "known"])
def test_what_the_course_gave_is_no_likeness(place):
    copies = {"ada": of(LONG), "bo": of(in_other_clothes(LONG))}
    assert found(copies, **{place: [(LONG, True)] if place == "released" else [LONG]}) == []


def test_what_most_right_answers_share_is_no_likeness_and_a_rare_mistake_is():
    most = {f"right{n}": of(LONG, right=True) for n in range(8)}
    wrong = MISCONCEPTIONS[QUESTION][0].source.strip()
    rare = {"ada": of(wrong), "bo": of(in_other_clothes(wrong))}
    assert [p.students for p in found(most | rare, known=[LONG])] in ([], [("ada", "bo")])
    assert found(most) == []
    strange = "\n".join(f"odd_{n} = np.roll(scores, {n}) * {n * 7 + 3} - np.ptp(rows[{n}:])" for n in range(6))
    [pair] = found(most | {"ada": of(f"{LONG}\n{strange}"), "bo": of(f"{LONG}\n{in_other_clothes(strange)}")})
    assert pair.students == ("ada", "bo")
    assert not any("def " in line.text for side in pair.answers[0].lines for line in side if line.shared)


def test_written_answers_are_compared_by_their_words():
    text = "Hybrid search wins here because the lexical half catches the model numbers that embeddings blur together."
    apart = (
        "Semantic ranking did better on vague wishes; exact names of products were found by BM25 in nearly all cases."
    )
    answers = {who: {"reflection": Answer(said, False, False)} for who, said in (("a", text), ("b", text.upper()))}
    [pair], _ = pairs((answers | {"c": {"reflection": Answer(apart, False, False)}}).__getitem__, ["a", "b", "c"], {})
    assert pair.students == ("a", "b") and pair.answers[0].share == 1


def test_code_that_does_not_parse_and_endless_code_are_read_too():
    assert len(fingerprints("def f(:\n  x = = '\n" * 20, True)) > 3
    assert list(tokens("$a" * similarity.MAX_READ, True))
    assert fingerprints("", True) == {} and fingerprints("x = 1", True) == {}


def test_no_matrix_of_all_with_all(monkeypatch):
    """The class is compared in strips: what is in memory at once grows with the class and not with its square."""
    rows = []
    keep = similarity.csr_array.__matmul__

    def noted(self, other):
        if other.ndim == 2:
            rows.append(self.shape[0])
        return keep(self, other)

    monkeypatch.setattr(similarity.csr_array, "__matmul__", noted)
    monkeypatch.setattr(similarity, "ROWS", 2)
    copies = {f"s{n}": of(f"{LONG}\nlast = np.roll(scores, {n % 3}) * np.ptp(rows[{n % 3}:])") for n in range(7)}
    found(copies)
    assert len(rows) >= 8 and max(rows) <= 2
