"""Mistakes in recall_at_k."""

from functools import partial

from autograder.judge.banks import Misconception

_Mistake = partial(Misconception, loses=("recall",))

RECALL_MISTAKES = (
    _Mistake(
        "over-k",
        "It looks as if you divided by k",
        "Recall asks which share of all that is relevant was found: what do you divide by?",
        """
def recall_at_k(retrieved_ids, relevant_ids, k=10):
    return len(set(retrieved_ids[:k]) & set(relevant_ids)) / k
""",
        also=(
            """
def recall_at_k(retrieved_ids, relevant_ids, k=10):
    hits = 0
    for product_id in set(retrieved_ids[:k]):
        if product_id in relevant_ids:
            hits += 1
    return hits / k
""",
        ),
    ),
    _Mistake(
        "precision",
        "It looks like precision: the share of what you retrieved that is relevant",
        "Recall looks from the other side: what do you divide by?",
        """
def recall_at_k(retrieved_ids, relevant_ids, k=10):
    top = set(retrieved_ids[:k])
    if not top:
        return 0.0
    return len(top & set(relevant_ids)) / len(top)
""",
    ),
    _Mistake(
        "capped",
        "It looks as if you divided by k where more than k ids are relevant",
        "Ten results cannot hold twenty relevant ids, and recall says so: what does the text divide by?",
        """
def recall_at_k(retrieved_ids, relevant_ids, k=10):
    if not relevant_ids:
        return 0.0
    return len(set(retrieved_ids[:k]) & set(relevant_ids)) / min(k, len(relevant_ids))
""",
    ),
    _Mistake(
        "hit-rate",
        "It looks as if one relevant id was enough for 1",
        "Recall is a share: how many of the relevant ids were found?",
        """
def recall_at_k(retrieved_ids, relevant_ids, k=10):
    return float(any(product_id in relevant_ids for product_id in retrieved_ids[:k]))
""",
    ),
    _Mistake(
        "count",
        "It looks like the number of relevant ids found, not their share",
        "What is the most that recall can be?",
        """
def recall_at_k(retrieved_ids, relevant_ids, k=10):
    return len(set(retrieved_ids[:k]) & set(relevant_ids))
""",
    ),
    _Mistake(
        "either",
        "It looks as if you divided by all ids that are retrieved or relevant",
        "A wrong result in the list costs precision, not recall: what do you divide by?",
        """
def recall_at_k(retrieved_ids, relevant_ids, k=10):
    top, relevant = set(retrieved_ids[:k]), set(relevant_ids)
    return len(top & relevant) / len(top | relevant) if relevant else 0.0
""",
    ),
    _Mistake(
        "none-relevant",
        "Your function divides by zero when nothing is relevant",
        "Read what the text asks for in that case, and decide before you divide.",
        """
def recall_at_k(retrieved_ids, relevant_ids, k=10):
    return len(set(retrieved_ids[:k]) & set(relevant_ids)) / len(set(relevant_ids))
""",
        also=(
            """
def recall_at_k(retrieved_ids, relevant_ids, k=10):
    found = 0
    for product_id in relevant_ids:
        if product_id in retrieved_ids[:k]:
            found += 1
    return found / len(relevant_ids)
""",
        ),
    ),
    _Mistake(
        "none-relevant-nan",
        "Your function gives nan when nothing is relevant",
        "A nan spreads to every mean it enters: what number does the text ask for?",
        """
def recall_at_k(retrieved_ids, relevant_ids, k=10):
    relevant = set(relevant_ids)
    if not relevant:
        return float("nan")
    return len(set(retrieved_ids[:k]) & relevant) / len(relevant)
""",
        also=(
            """
def recall_at_k(retrieved_ids, relevant_ids, k=10):
    return np.mean([product_id in set(retrieved_ids[:k]) for product_id in set(relevant_ids)])
""",
        ),
    ),
    _Mistake(
        "none-relevant-one",
        "Your function gives 1 when nothing is relevant",
        "Nothing to find could count as all found, but the text decides otherwise: how?",
        """
def recall_at_k(retrieved_ids, relevant_ids, k=10):
    relevant = set(relevant_ids)
    if not relevant:
        return 1.0
    return len(set(retrieved_ids[:k]) & relevant) / len(relevant)
""",
    ),
    _Mistake(
        "duplicates",
        "An id that is retrieved twice counts twice",
        "Three copies of one product are still one product found.",
        """
def recall_at_k(retrieved_ids, relevant_ids, k=10):
    if not relevant_ids:
        return 0.0
    return sum(product_id in relevant_ids for product_id in retrieved_ids[:k]) / len(relevant_ids)
""",
        also=(
            """
def recall_at_k(retrieved_ids, relevant_ids, k=10):
    if len(relevant_ids) == 0:
        return 0.0
    return float(np.isin(retrieved_ids[:k], list(relevant_ids)).sum() / len(relevant_ids))
""",
        ),
    ),
    _Mistake(
        "duplicates-removed-first",
        "Repeated ids are removed before the first k are taken",
        "A repeated id still fills a place: what comes first, the cut or the removal?",
        """
def recall_at_k(retrieved_ids, relevant_ids, k=10):
    if not relevant_ids:
        return 0.0
    unique = list(dict.fromkeys(retrieved_ids))
    return len(set(unique[:k]) & set(relevant_ids)) / len(relevant_ids)
""",
    ),
    _Mistake(
        "k-ignored",
        "It looks as if all retrieved ids were counted, not the first k",
        "Where in your function is k used?",
        """
def recall_at_k(retrieved_ids, relevant_ids, k=10):
    relevant = set(relevant_ids)
    return len(set(retrieved_ids) & relevant) / len(relevant) if relevant else 0.0
""",
    ),
    _Mistake(
        "always-ten",
        "It looks as if the first ten were taken whatever k is",
        "Is there a 10 in your function that should be k?",
        """
def recall_at_k(retrieved_ids, relevant_ids, k=10):
    relevant = set(relevant_ids)
    return len(set(retrieved_ids[:10]) & relevant) / len(relevant) if relevant else 0.0
""",
    ),
    _Mistake(
        "one-short",
        "It looks as if one result too few was looked at",
        "How many items does your slice or loop take when k is 1?",
        """
def recall_at_k(retrieved_ids, relevant_ids, k=10):
    relevant = set(relevant_ids)
    return len(set(retrieved_ids[:k - 1]) & relevant) / len(relevant) if relevant else 0.0
""",
        also=(
            """
def recall_at_k(retrieved_ids, relevant_ids, k=10):
    found = set()
    for rank in range(1, k):
        if rank <= len(retrieved_ids) and retrieved_ids[rank - 1] in relevant_ids:
            found.add(retrieved_ids[rank - 1])
    return len(found) / len(relevant_ids) if relevant_ids else 0.0
""",
        ),
    ),
    _Mistake(
        "one-too-many",
        "It looks as if one result too many was looked at",
        "How many items does your slice or loop take when k is 1?",
        """
def recall_at_k(retrieved_ids, relevant_ids, k=10):
    relevant = set(relevant_ids)
    return len(set(retrieved_ids[:k + 1]) & relevant) / len(relevant) if relevant else 0.0
""",
    ),
    _Mistake(
        "order-dependent",
        "It looks as if relevant ids counted less, the lower they stand",
        "Within the first k, recall does not ask in which place an id stands.",
        """
def recall_at_k(retrieved_ids, relevant_ids, k=10):
    if not relevant_ids:
        return 0.0
    found = sum(1 / rank for rank, product_id in enumerate(retrieved_ids[:k], start=1) if product_id in relevant_ids)
    return found / len(relevant_ids)
""",
    ),
    _Mistake(
        "place-by-place",
        "It looks as if the two collections were compared place by place",
        "Relevant ids have no order: ask whether an id is among them.",
        """
def recall_at_k(retrieved_ids, relevant_ids, k=10):
    if not relevant_ids:
        return 0.0
    return sum(a == b for a, b in zip(retrieved_ids[:k], sorted(relevant_ids))) / len(relevant_ids)
""",
    ),
    _Mistake(
        "numpy-and-a-set",
        "It looks as if NumPy never found an id in the set",
        "Try np.isin with a set on two ids that you know: what does it give?",
        """
def recall_at_k(retrieved_ids, relevant_ids, k=10):
    if not relevant_ids:
        return 0.0
    return float(np.isin(retrieved_ids[:k], relevant_ids).sum() / len(relevant_ids))
""",
    ),
    _Mistake(
        "whole-number-division",
        "It looks as if the division kept whole numbers only",
        "Which division operator keeps what stands after the decimal point?",
        """
def recall_at_k(retrieved_ids, relevant_ids, k=10):
    relevant = set(relevant_ids)
    return len(set(retrieved_ids[:k]) & relevant) // len(relevant) if relevant else 0.0
""",
    ),
    _Mistake(
        "rounded",
        "It looks as if the result was rounded",
        "Round when you print, not in what other code goes on to use.",
        """
def recall_at_k(retrieved_ids, relevant_ids, k=10):
    relevant = set(relevant_ids)
    return round(len(set(retrieved_ids[:k]) & relevant) / len(relevant), 2) if relevant else 0.0
""",
    ),
    _Mistake(
        "percent",
        "It looks as if the result was a percentage",
        "The text asks for a number between 0 and 1.",
        """
def recall_at_k(retrieved_ids, relevant_ids, k=10):
    relevant = set(relevant_ids)
    return 100 * len(set(retrieved_ids[:k]) & relevant) / len(relevant) if relevant else 0.0
""",
    ),
    _Mistake(
        "remembers",
        "It looks as if your function remembered ids from earlier calls",
        "A default such as seen=set() is made once, not once a call.",
        """
def recall_at_k(retrieved_ids, relevant_ids, k=10, seen=set()):
    for product_id in retrieved_ids[:k]:
        seen.add(product_id)
    relevant = set(relevant_ids)
    return len(seen & relevant) / len(relevant) if relevant else 0.0
""",
    ),
    _Mistake(
        "ten-at-most",
        "It looks as if never more than ten results were looked at",
        "What should recall_at_k look at when k is 20?",
        """
def recall_at_k(retrieved_ids, relevant_ids, k=10):
    relevant = set(relevant_ids)
    return len(set(retrieved_ids[:min(k, 10)]) & relevant) / len(relevant) if relevant else 0.0
""",
    ),
    _Mistake(
        "sets-only",
        "Your function works only where the relevant ids are a set",
        "They may come as a list, out of a column of a table: what could you make of them first?",
        """
def recall_at_k(retrieved_ids, relevant_ids, k=10):
    if not relevant_ids:
        return 0.0
    return len(set(retrieved_ids[:k]) & relevant_ids) / len(relevant_ids)
""",
        also=(
            """
def recall_at_k(retrieved_ids, relevant_ids, k=10):
    total = len(relevant_ids)
    return len(relevant_ids & set(retrieved_ids[0:k])) / total if total > 0 else 0.0
""",
        ),
    ),
    _Mistake(
        "array-result",
        "The value is right, but it comes in a list or an array",
        "The text asks for one plain number: what is the type of what you return?",
        """
def recall_at_k(retrieved_ids, relevant_ids, k=10):
    relevant = set(relevant_ids)
    return [len(set(retrieved_ids[:k]) & relevant) / len(relevant) if relevant else 0.0]
""",
        also=(
            """
def recall_at_k(retrieved_ids, relevant_ids, k=10):
    relevant = set(relevant_ids)
    return np.array([[len(set(retrieved_ids[:k]) & relevant) / max(len(relevant), 1)]])
""",
        ),
    ),
    _Mistake(
        "ticks-off-what-it-is-given",
        "Your function takes ids out of the very relevant_ids that it is given",
        "The next call with the same ids finds them gone: what could you count with instead?",
        """
def recall_at_k(retrieved_ids, relevant_ids, k=10):
    total = len(relevant_ids)
    for product_id in retrieved_ids[:k]:
        if product_id in relevant_ids:
            relevant_ids.remove(product_id)
    return (total - len(relevant_ids)) / total if total else 0.0
""",
    ),
    _Mistake(
        "cuts-what-it-is-given",
        "Your function cuts the very retrieved_ids that it is given",
        "Whoever asks for a larger k next gets no more than these: how do you take a part and leave the whole?",
        """
def recall_at_k(retrieved_ids, relevant_ids, k=10):
    del retrieved_ids[k:]
    relevant = set(relevant_ids)
    return len(set(retrieved_ids) & relevant) / len(relevant) if relevant else 0.0
""",
        also=(
            """
def recall_at_k(retrieved_ids, relevant_ids, k=10):
    while len(retrieved_ids) > k:
        retrieved_ids.pop()
    if len(relevant_ids) == 0:
        return 0.0
    return sum(product_id in retrieved_ids for product_id in set(relevant_ids)) / len(set(relevant_ids))
""",
        ),
    ),
)
