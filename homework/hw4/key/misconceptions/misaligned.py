"""Mistakes in misaligned_rows."""

from functools import partial

from autograder.judge.banks import Misconception

_Mistake = partial(Misconception, loses=("misaligned",))

_START = """
def misaligned_rows(product_embeddings, products_df):
    fresh = batch_embed_local(product_text(products_df), show_progress=False)
    same = (fresh * product_embeddings).sum(axis=1)
"""

MISALIGNED_MISTAKES = (
    _Mistake(
        "neighbours-only",
        "It looks as if only vectors of a neighbouring row were found",
        "A vector may come from any product: what must each row agree with?",
        _START
        + """\
    above = (np.roll(fresh, 1, axis=0) * product_embeddings).sum(axis=1)
    below = (np.roll(fresh, -1, axis=0) * product_embeddings).sum(axis=1)
    return np.flatnonzero(np.maximum(above, below) > 0.99)
""",
    ),
    _Mistake(
        "too-tight",
        "It looks as if a difference in the last digits counted as a fault",
        "How many digits of a float32 agree when the same text is embedded in another batch?",
        """
def misaligned_rows(product_embeddings, products_df):
    fresh = batch_embed_local(product_text(products_df), show_progress=False)
    return [i for i in range(len(fresh)) if not np.allclose(fresh[i], product_embeddings[i])]
""",
        also=(
            """
def misaligned_rows(product_embeddings, products_df):
    fresh = batch_embed_local(product_text(products_df), show_progress=False)
    return np.flatnonzero((fresh != product_embeddings).any(axis=1))
""",
        ),
    ),
    _Mistake(
        "too-loose",
        "It looks as if vectors of much the same text were taken for the right ones",
        "How near are two different texts at most, and how near is a vector to itself?",
        _START
        + """\
    return np.flatnonzero(same < 0.5)
""",
    ),
    _Mistake(
        "labels-for-positions",
        "It looks as if index labels were returned, not positions",
        "The first row has position 0, whatever its label is.",
        _START
        + """\
    return products_df.index[same < 0.99].tolist()
""",
        also=(
            """
def misaligned_rows(product_embeddings, products_df):
    wrong = []
    fresh = batch_embed_local(product_text(products_df), show_progress=False)
    for position, label in enumerate(products_df.index):
        if fresh[position] @ product_embeddings[position] < 0.99:
            wrong.append(label)
    return wrong
""",
        ),
    ),
    _Mistake(
        "ids-for-positions",
        "It looks as if product ids were returned, not positions",
        "The first row has position 0, whatever product it holds.",
        _START
        + """\
    return products_df["product_id"][same < 0.99].tolist()
""",
    ),
    _Mistake(
        "mask-for-positions",
        "It looks as if a mask was returned, not positions",
        "A mask has a value for every row: at which places is it True?",
        _START
        + """\
    return same < 0.99
""",
    ),
    _Mistake(
        "rows-that-fit",
        "It looks as if the rows that fit were returned",
        "Which side of your comparison is the fault?",
        _START
        + """\
    return np.flatnonzero(same > 0.99)
""",
    ),
    _Mistake(
        "nearest-row",
        "It looks as if a row counted as wrong where another one has the same text",
        "Two products with one text have one vector: is each of them wrong then?",
        """
def misaligned_rows(product_embeddings, products_df):
    fresh = batch_embed_local(product_text(products_df), show_progress=False)
    nearest = np.argmax(product_embeddings @ fresh.T, axis=1)
    return np.flatnonzero(nearest != np.arange(len(fresh)))
""",
    ),
    _Mistake(
        "first-only",
        "It looks as if only the first of these rows was found",
        "What happens in your function after the first find?",
        _START
        + """\
    return np.flatnonzero(same < 0.99)[:1]
""",
        also=(
            """
def misaligned_rows(product_embeddings, products_df):
    fresh = batch_embed_local(product_text(products_df), show_progress=False)
    for position in range(len(fresh)):
        if fresh[position] @ product_embeddings[position] < 0.99:
            return [position]
    return []
""",
        ),
    ),
    _Mistake(
        "from-the-first-on",
        "It looks as if every row after the first fault was returned",
        "A shift may end again: does each of these rows disagree?",
        _START
        + """\
    wrong = np.flatnonzero(same < 0.99)
    return list(range(wrong[0], len(fresh))) if len(wrong) else []
""",
    ),
    _Mistake(
        "notebook-variables",
        "It looks as if the notebook's own products were compared, not those that are passed in",
        "Which table and which vectors does your function look at?",
        """
def misaligned_rows(product_embeddings, products_df):
    fresh = batch_embed_local(product_text(products), show_progress=False)[:len(product_embeddings)]
    return np.flatnonzero((fresh * product_embeddings).sum(axis=1) < 0.99)
""",
    ),
    _Mistake(
        "in-the-table-only",
        "It looks as if a vector was found only where the product that it belongs to is in the table",
        "It may come from anywhere: do you need to know whose it is to see that it does not fit?",
        _START
        + """\
    of_another = (product_embeddings @ fresh.T).max(axis=1)
    return np.flatnonzero((same < 0.99) & (of_another > 0.99))
""",
    ),
    _Mistake(
        "positions-in-a-tuple",
        "The positions are right, but they stand inside a tuple",
        "np.where gives a tuple with an array for each axis: which of these do you want?",
        _START
        + """\
    return np.where(same < 0.99)
""",
    ),
    _Mistake(
        "positions-in-a-column",
        "The positions are right, but they stand in a table of shape (n, 1)",
        "A list, or an array with one axis, is asked for: what is the shape of yours?",
        _START
        + """\
    return np.argwhere(same < 0.99)
""",
    ),
    _Mistake(
        "counts-from-one",
        "It looks as if your positions count from 1",
        "What is the position of the first row?",
        _START
        + """\
    return np.flatnonzero(same < 0.99) + 1
""",
    ),
    _Mistake(
        "writes-into-products",
        "Your function writes a column into the very DataFrame that it is given",
        "Whoever calls it finds that column there afterwards: keep what you compute in a variable.",
        """
def misaligned_rows(product_embeddings, products_df):
    products_df["text"] = product_text(products_df)
    fresh = batch_embed_local(products_df["text"], show_progress=False)
    return np.flatnonzero((fresh * product_embeddings).sum(axis=1) < 0.99)
""",
    ),
    _Mistake(
        "changes-the-embeddings",
        "Your function changes the very embeddings that it is given",
        "Which of your operators works in place, and who searches with that array next?",
        """
def misaligned_rows(product_embeddings, products_df):
    product_embeddings -= batch_embed_local(product_text(products_df), show_progress=False)
    return np.flatnonzero(np.linalg.norm(product_embeddings, axis=1) > 0.1)
""",
    ),
    _Mistake(
        "new-index",
        "Your function gives the very DataFrame that it is given a new index",
        "Whoever calls it finds other labels there afterwards: work on a copy.",
        """
def misaligned_rows(product_embeddings, products_df):
    products_df.reset_index(drop=True, inplace=True)
    fresh = batch_embed_local(product_text(products_df), show_progress=False)
    return products_df.index[(fresh * product_embeddings).sum(axis=1) < 0.99].tolist()
""",
    ),
    # Last, because it needs the model: where another one explains everything, it is not asked.
    _Mistake(
        "names-only",
        "It looks as if other texts were embedded than the vectors belong to",
        "Of which text are the vectors: the name alone?",
        """
def misaligned_rows(product_embeddings, products_df):
    fresh = batch_embed_local(products_df["product_name"], show_progress=False)
    return np.flatnonzero((fresh * product_embeddings).sum(axis=1) < 0.999)
""",
    ),
)
