"""Which answers of a class are alike in what is neither the course's own nor what right answers mostly share.

Answers are read as tokens, by Pygments for code, so that layout, comments, texts and the names of variables do not
count. What two answers share is counted in runs of tokens (fingerprints, as in Schleimer, Wilkerson, Aiken,
"Winnowing: local algorithms for document fingerprinting", SIGMOD 2003; all runs are kept, answers being short). Runs
of the released notebook, of the key's right answers, and of most of the class are left out; the rest weigh more the
fewer have them, as rare words do in a search (inverse document frequency).

That two answers are alike is a reason to read both beside each other, and no finding.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
from pygments import lex
from pygments.lexers import PythonLexer
from pygments.token import Comment, Name, String, Text
from scipy.sparse import csr_array

RUN = {True: 12, False: 6}  # tokens in a fingerprint, of code and of prose
LEAST = {True: 30, False: 10}  # fingerprints that two answers must share
LEAST_SHARE = 0.7  # of the smaller answer's weight
ALWAYS_RARE = 3  # so many may share a run, however small the class, before it counts as what most share
MAX_READ = 20_000  # characters; longer code is cut into words, because lexers may take minutes for it
ROWS = 256  # answers that are compared with all others at once: memory grows with the class, not with its square
LONGEST = 30  # lines shown of one answer

TokenAt = tuple[str, int]  # a token and the number of its line, from 0


@dataclass(frozen=True)
class Answer:
    """One student's answer to one question; `right` where it earned all points."""

    text: str
    is_code: bool
    right: bool


@dataclass(frozen=True)
class Line:
    """A line of an answer as the report shows it; number from 1, None where lines are left out."""

    number: int | None
    text: str
    shared: bool


@dataclass(frozen=True)
class AlikeAnswers:
    """Two answers to one question. share: of the smaller answer's distinctive runs, from 0 to 1; runs: how many both
    have."""

    question: str
    share: float
    runs: int
    lines: tuple[Sequence[Line], Sequence[Line]]


@dataclass(frozen=True)
class Pair:
    """Two students and their answers that are alike, the most alike first."""

    students: tuple[str, str]
    answers: Sequence[AlikeAnswers]
    weight: float


def tokens(text: str, is_code: bool) -> Iterator[TokenAt]:
    """The tokens that count, with their lines: of prose its words in lower case; of code all but comments and layout,
    with every text and every variable alike. Names that are called or stand behind a dot stay what they are."""
    text = text.replace("\r", " ")  # which Pygments takes for the end of a line, and nothing else here does
    if not is_code or len(text) > MAX_READ:
        for number, written in enumerate(text.split("\n")):
            for word in re.findall(r"\w+|[^\w\s]" if is_code else r"\w+", written.lower()):
                yield word, number
        return
    read, line = [], 0
    for kind, value in lex(text, PythonLexer(stripnl=False, ensurenl=False)):
        if value.strip() and kind not in Comment and kind not in Text and kind not in String.Doc:
            if kind not in String:
                read.append((kind, value, line))
            elif not read or read[-1][0] is not String:
                read.append((String, "''", line))
        line += value.count("\n")
    for place, (kind, value, number) in enumerate(read):
        if kind in Name and kind not in Name.Builtin:
            called = place + 1 < len(read) and read[place + 1][1].startswith("(")
            if not called and (place == 0 or read[place - 1][1] != "."):
                value = "name"
        yield value, number


def fingerprints(text: str, is_code: bool) -> dict[int, frozenset[int]]:
    """{fingerprint: the lines of its tokens, where it stands first} of all runs of tokens in a text."""
    read = list(tokens(text, is_code))
    found: dict[int, frozenset[int]] = {}
    for start in range(len(read) - RUN[is_code] + 1):
        run = read[start : start + RUN[is_code]]
        digest = blake2b("\n".join(token for token, _ in run).encode("utf-8", "replace"), digest_size=8).digest()
        found.setdefault(int.from_bytes(digest), frozenset(line for _, line in run))
    return found


def pairs(
    answers: Callable[[str], Mapping[str, Answer]],
    students: Sequence[str],
    known: Mapping[str, Iterable[str]],
    released: Iterable[tuple[str, bool]] = (),
    most: int = 40,
) -> tuple[list[Pair], int]:
    """The pairs of students with answers that are alike, most alike first, and how many there are in all.

    answers: {question: Answer} of a student; it is asked again for the pairs that are shown, so that no text is kept.
    known: {question: texts of right answers that the course has}. released: the cells of the released notebook, as
    (text, is it code). most: how many pairs to give.
    """
    starter: dict[bool, set[int]] = {True: set(), False: set()}
    for text, is_code in released:
        starter[is_code] |= fingerprints(text, is_code).keys()
    held: dict[str, list[tuple[int, np.ndarray, bool, bool]]] = defaultdict(list)
    for row, student in enumerate(students):
        for question, answer in answers(student).items():
            own = fingerprints(answer.text, answer.is_code).keys() - starter[answer.is_code]
            if own:
                array = np.fromiter(own, dtype=np.uint64, count=len(own))
                held[question].append((row, array, answer.is_code, answer.right))
    found: dict[tuple[int, int], list[tuple[float, str, float, int]]] = defaultdict(list)
    common = {}
    for question, group in held.items():
        kinds = {is_code for _, _, is_code, _ in group}
        of_course = {run for text in known.get(question, ()) for kind in kinds for run in fingerprints(text, kind)}
        common[question] = of_course | _shared_by_most([(runs, right) for _, runs, _, right in group])
        for one, other, weight, share, runs in _alike(group, common[question]):
            found[one, other].append((weight, question, share, runs))
    ranked = sorted(found.items(), key=lambda item: (-sum(part[0] for part in item[1]), item[0]))
    shown = []
    for (one, other), parts in ranked[:most]:
        both = students[one], students[other]
        texts = [answers(student) for student in both]
        alike = []
        for _, question, share, runs in sorted(parts, reverse=True):
            both_runs = [fingerprints(text[question].text, text[question].is_code) for text in texts]
            same = (both_runs[0].keys() & both_runs[1].keys()) - common[question]
            same -= starter[texts[0][question].is_code]
            sides = [_lines(t[question].text, [lines[run] for run in same]) for t, lines in zip(texts, both_runs)]
            alike.append(AlikeAnswers(question, share, runs, (sides[0], sides[1])))
        shown.append(Pair(both, alike, sum(part[0] for part in parts)))
    return shown, len(ranked)


def _shared_by_most(group: Sequence[tuple[np.ndarray, bool]]) -> set[int]:
    """The fingerprints of more than half of the right answers, or of more than half of all."""
    most = set()
    for chosen in ([runs for runs, right in group if right], [runs for runs, _ in group]):
        counts = Counter(run for runs in chosen for run in runs.tolist())
        most |= {run for run, count in counts.items() if count > max(ALWAYS_RARE, len(chosen) / 2)}
    return most


def _alike(
    group: Sequence[tuple[int, np.ndarray, bool, bool]], common: set[int]
) -> Iterator[tuple[int, int, float, float, int]]:
    """(row, row, shared weight, share, shared fingerprints) of all pairs of answers that are alike."""
    without = np.fromiter(common, dtype=np.uint64, count=len(common))
    kept = [runs[~np.isin(runs, without)] for _, runs, _, _ in group]
    every, columns, counts = np.unique(np.concatenate(kept), return_inverse=True, return_counts=True)
    if not len(every):
        return
    starts = np.cumsum([0, *map(len, kept)])
    has = csr_array((np.ones(len(columns)), columns, starts), shape=(len(group), len(every)))
    weight = np.log(1 + len(group) / counts)
    weighted, totals = csr_array(has * weight), has @ weight
    for start in range(0, len(group), ROWS):
        block = has[start : start + ROWS]
        shared, runs = (block @ weighted.T).tocoo(), (block @ has.T).tocsr()
        for one, other, together in zip(shared.coords[0] + start, shared.coords[1], shared.data):
            if one < other:
                share, count = together / min(totals[one], totals[other]), int(runs[one - start, other])
                if share >= LEAST_SHARE and count >= LEAST[group[one][2]]:
                    yield group[one][0], group[other][0], float(together), float(share), count


def _lines(text: str, runs: Iterable[frozenset[int]]) -> list[Line]:
    """The lines of a text that hold shared runs, each with those around it; a gap is one line without a number."""
    written = text.split("\n")
    shared = set().union(*runs)
    shown, before = [], -1
    for number in sorted(shared)[:LONGEST]:
        if before >= 0 and number - before == 2:
            shown.append(Line(before + 2, written[before + 1][:200], False))
        elif number - before > 1 and before >= 0:
            shown.append(Line(None, "", False))
        shown.append(Line(number + 1, written[number][:200], True))
        before = number
    if len(shared) > LONGEST:
        shown.append(Line(None, "", False))
    return shown
