"""Measures searches and judge on the demo catalogue and on the real pool, and writes docs/results.md (`make docs`)."""

import os
import subprocess
import sys
import tempfile
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from autograder.judge.homework import Homework
from helpers import (
    batch_embed_local,
    build_index,
    cosine_similarity_matrix,
    evaluate_scores,
    fuse_scores,
    group_judgments,
    load_wands_labels,
    load_wands_products,
    load_wands_queries,
    normalize_scores,
    product_text,
    score_bm25_batch,
    sweep_alpha,
    top_k,
)
from helpers.measures import relevant_products

ROOT = Path(__file__).resolve().parents[1]
ALPHAS = [round(0.1 * step, 1) for step in range(11)]
DATA_SETS = {
    "demo (synthetic)": ROOT / "helpers" / "demo",
    "real WANDS pool": ROOT.parent / "shared" / "wands" / "pool",
}


NAMES, BM25, SEMANTIC, HYBRID = (
    "BM25 on names only",
    "BM25 (name + class)",
    "Semantic (MiniLM, name + class)",
    "Hybrid of the two above at its best alpha",
)


def measure(folder: Path) -> dict:
    """Counts, and mean Recall@10 and nDCG@10 of each search over all queries of a whole catalogue.

    Both searches see `product_text`, name and class, wherever they are compared or mixed; BM25 on names alone stands
    beside them to show what the class is worth.
    """
    products, queries, labels = load_wands_products(folder), load_wands_queries(folder), load_wands_labels(folder)
    texts = queries["query"].tolist()
    names_index, names_lengths = build_index(products["product_name"])
    index, doc_lengths = build_index(product_text(products))
    on_names = score_bm25_batch(texts, names_index, len(products), names_lengths)
    bm25 = score_bm25_batch(texts, index, len(products), doc_lengths)
    semantic = cosine_similarity_matrix(batch_embed_local(texts), batch_embed_local(product_text(products)))
    ids = products["product_id"].to_numpy()
    sweep = sweep_alpha(semantic, bm25, ids, queries, labels, ALPHAS)
    best = float(sweep.loc[sweep["mean_recall"].idxmax(), "alpha"])

    def hybrid(alpha: float) -> np.ndarray:
        return np.stack([fuse_scores(normalize_scores(s), normalize_scores(b), alpha) for s, b in zip(semantic, bm25)])

    scores = {NAMES: on_names, BM25: bm25, SEMANTIC: semantic, HYBRID: hybrid(best)}
    found = {name: evaluate_scores(matrix, ids, queries, labels) for name, matrix in scores.items()}
    relevant, judged_ids = relevant_products(labels), group_judgments(labels)
    counts = np.array([len(relevant.get(query, ())) for query in queries["query_id"]])
    return {
        "counts": (len(products), len(queries), len(labels), len(names_index), len(index)),
        "means": {name: (table["recall"].mean(), table["ndcg"].mean()) for name, table in found.items()},
        "ceiling": float((np.minimum(counts, 10) / np.maximum(counts, 1)).mean()),
        "unjudged": [unjudged(scores[name], ids, queries, judged_ids) for name in (BM25, SEMANTIC)],
        "best alpha": best,
        "wins": [wins(found[SEMANTIC]["recall"] - found[name]["recall"]) for name in (BM25, NAMES)],
        "sweep": sweep["mean_recall"].tolist(),
        "held out": held_out(semantic, bm25, ids, queries, labels),
    }


def wins(difference: pd.Series) -> str:
    """Of how many queries the difference is above, below and equal to 0."""
    return f"{(difference > 0).sum()} / {(difference < 0).sum()} / {(difference == 0).sum()}"


def unjudged(scores: np.ndarray, ids: np.ndarray, queries: pd.DataFrame, judgments: dict) -> float:
    """The share of the first ten results, over all queries, that have no judgment for their query."""
    missing = [
        product not in judgments.get(query, {})
        for query, row in zip(queries["query_id"].tolist(), scores)
        for product in ids[top_k(row, 10)].tolist()
    ]
    return float(np.mean(missing))


def held_out(semantic, bm25, ids, queries: pd.DataFrame, labels: pd.DataFrame, splits: int = 20) -> tuple[float, float]:
    """Mean Recall@10 on the half of the queries on which alpha was not chosen, and mean alpha, over random halves."""
    rng, recalls, alphas = np.random.default_rng(0), [], []
    for _ in range(splits):
        order = rng.permutation(len(queries))
        chosen, judged = order[: len(order) // 2], order[len(order) // 2 :]
        sweeps = [
            sweep_alpha(semantic[rows], bm25[rows], ids, queries.iloc[rows], labels, ALPHAS)
            for rows in (chosen, judged)
        ]
        best = int(sweeps[0]["mean_recall"].idxmax())
        recalls.append(sweeps[1]["mean_recall"][best])
        alphas.append(ALPHAS[best])
    return float(np.mean(recalls)), float(np.mean(alphas))


def homework(folder: Path) -> dict:
    """What homework 4's solution measures on a catalogue: on its sample, alpha chosen on one half of the queries."""
    measured = Homework(ROOT / "homework" / "hw4", folder)
    measured.measure_reference()
    reference, data = measured.shop.reference, measured.shop.data
    least = {half: [row["least"] for row in reference[half]] for half in ("choose", "report")}
    best = int(np.argmax(least["choose"]))
    return {
        "counts": (len(data.products), len(data.choose_queries), len(data.report_queries)),
        "choose": least["choose"],
        "best": ALPHAS[best],
        "reported": [least["report"][i] for i in (0, -1, best)],
    }


def judged(folder: Path, exploits: bool) -> dict[str, str]:
    """The figures of `autograder selftest hw4` on a catalogue: what -> "good of all".

    The exploits take minutes and have nothing to do with the data, so one catalogue is enough for them.
    """
    with tempfile.TemporaryDirectory() as made:
        out = Path(made) / "selftest.md"
        command: list[str | Path] = [Path(sys.executable).parent / "autograder", "selftest", "hw4", "--out", out]
        done = subprocess.run(
            command + ([] if exploits else ["--no-exploits"]),
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            env=os.environ | {"COURSE_DATA_DIR": str(folder)},
        )
        lines = [line.strip("| ").split(" | ") for line in out.read_text().splitlines() if line.startswith("| ")]
    found = {line[0]: line[1] for line in lines if len(line) == 2 and " of " in line[1]}
    return found | {"exit status": str(done.returncode)}


def page(found: dict[str, dict], judge: dict[str, dict[str, str]]) -> str:
    """The text of docs/results.md."""
    names = list(found)
    head = ["| | " + " | ".join(names) + " |", "|---|" + "---:|" * len(names)]
    lines = [
        "# Results",
        "",
        f"Measured on {date.today().isoformat()} by `make docs` (`python benchmarks/results.py`). Do not edit by hand.",
        "",
        "Relevant means judged Exact or Partial; a query without a relevant product counts as 0. nDCG uses the grades",
        "2, 1, 0 as gains. Ties are broken by row position. Both catalogues are searched whole. Name + class is what",
        "`product_text` gives; compared and mixed are searches that see the same text.",
        "",
        "**Figures on the demo catalogue say nothing about real search: it is made up for teaching.**",
        "The real pool holds 40 WANDS queries with every product judged for them, so its recall is recall among judged",
        "products: fair for comparing methods, no figure about the whole WANDS catalogue.",
        "",
        *head,
    ]

    def row(what: str, cells) -> None:
        lines.append(f"| {what} | " + " | ".join(cells) + " |")

    for position, what in enumerate(
        [
            *("products", "queries", "judgments"),
            *("terms in the index of names", "terms in the index of name + class"),
        ]
    ):
        row(what, [f"{d['counts'][position]:,}" for d in found.values()])
    for search in next(iter(found.values()))["means"]:
        row(f"{search}: Recall@10", [f"{d['means'][search][0]:.4f}" for d in found.values()])
        row(f"{search}: nDCG@10", [f"{d['means'][search][1]:.4f}" for d in found.values()])
    row("best alpha (weight of the semantic score)", [f"{d['best alpha']:.1f}" for d in found.values()])
    row(
        "alpha chosen on one half, Recall@10 on the other (mean of 20 splits)",
        [f"{d['held out'][0]:.4f}" for d in found.values()],
    )
    row("the highest mean Recall@10 that any search could reach", [f"{d['ceiling']:.4f}" for d in found.values()])
    for position, against in enumerate(("BM25", "BM25 on names only")):
        row(f"queries where semantic / {against} finds more / neither", [d["wins"][position] for d in found.values()])
    for position, search in enumerate(("BM25", "semantic search")):
        row(f"first ten of {search} that nobody judged", [f"{d['unjudged'][position]:.1%}" for d in found.values()])
    lines += [
        "",
        "Mean Recall@10 by alpha:",
        "",
        "| alpha | " + " | ".join(names) + " |",
        "|---:|" + "---:|" * len(names),
    ]
    for position, alpha in enumerate(ALPHAS):
        lines.append(f"| {alpha:.1f} | " + " | ".join(f"{d['sweep'][position]:.4f}" for d in found.values()) + " |")
    lines += [
        "",
        "## Homework 4",
        "",
        "What the worked solution measures on the homework's sample (at most 5,000 products, random_state 42; BM25 and",
        "embeddings on name + class): alpha is chosen on one half of the queries, and Recall@10 reported on the other.",
        "Where equal scores allow several rankings, the least recall is given.",
        "",
        *head,
    ]
    for position, what in enumerate(["products", "queries to choose on", "queries to report on"]):
        row(what, [f"{d['homework']['counts'][position]:,}" for d in found.values()])
    for position, alpha in enumerate(ALPHAS):
        row(f"choose: alpha={alpha:.1f}", [f"{d['homework']['choose'][position]:.4f}" for d in found.values()])
    row("best_alpha", [f"{d['homework']['best']:.1f}" for d in found.values()])
    for position, what in enumerate(["BM25 alone", "semantic search alone", "hybrid at best_alpha"]):
        row(f"report: {what}", [f"{d['homework']['reported'][position]:.4f}" for d in found.values()])
    lines += [
        "",
        "## The judge",
        "",
        "`autograder selftest hw4` judges answers whose worth is known, with fresh probes; here with samples of each",
        "catalogue. Every row is listed by the command itself; `docs/judging.md` says what the rows mean.",
        "",
        *head,
    ]
    for what in max(judge.values(), key=len):
        row(what, [judge[name].get(what, "not run") for name in names])
    lines += SWEEP
    return "\n".join(lines) + "\n"


# Hours of CPU time, so it is run by hand, and these lines are written anew then.
SWEEP = [
    "",
    "## Luck",
    "",
    "Both banks, each answer judged with the probes of many seeds on a cut of the demo catalogue, by",
    "hand on 2026-11-27: `python -m benchmarks.seeds hw4 --alone --question ...`. It holds where a right answer has",
    "full marks and a wrong one the same mark and its name with every seed.",
    "",
    "| questions | seeds | answers | that do not hold |",
    "|---|---:|---:|---:|",
    "| cosine, batch_cosine, recall, normalize | 200 | 141 | 0 |",
    "| semantic | 200 | 48 | 0 |",
    "| hybrid | 200 | 57 | 0 |",
    "| best_alpha | 200 | 40 | 0 |",
    "| misaligned | 200 | 26 | 0 |",
    "| best_alpha on a cut of the real pool | 6 | 40 | 0 |",
    "| homework 3, all questions | 200 | 230 | 0 |",
]


def main() -> None:
    found: dict[str, dict] = {}
    judge: dict[str, dict[str, str]] = {}
    for name, folder in DATA_SETS.items():
        if folder.is_dir():
            found[name] = measure(folder) | {"homework": homework(folder)}
            judge[name] = judged(folder, exploits=not judge)
        else:
            print(f"Left out: {name}, which is not on this machine.")
    text = page(found, judge)
    (ROOT / "docs" / "results.md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
