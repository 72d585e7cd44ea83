"""Right answers to misaligned."""

from autograder.judge.banks import RightAnswer

MISALIGNED_ANSWERS = (
    RightAnswer(
        "embed again, cosine of each row with itself",
        """
def misaligned_rows(product_embeddings, products_df):
    fresh = batch_embed_local(product_text(products_df), show_progress=False)
    same = (fresh * product_embeddings).sum(axis=1)
    return np.flatnonzero(same < 0.995)
""",
    ),
    RightAnswer(
        "a loop over the rows, a list",
        """
def misaligned_rows(product_embeddings, products_df):
    wrong = []
    for position, text in enumerate(product_text(products_df)):
        if cosine_similarity(get_embedding_local(text), product_embeddings[position]) < 0.999:
            wrong.append(position)
    return wrong
""",
    ),
    RightAnswer(
        "np.isclose with a tolerance of its own",
        """
def misaligned_rows(product_embeddings, products_df):
    fresh = batch_embed_local(list(product_text(products_df)))
    return np.where(~np.isclose(fresh, product_embeddings, rtol=0, atol=1e-4).all(axis=1))[0].tolist()
""",
    ),
    RightAnswer(
        "distances, as a set",
        """
def misaligned_rows(product_embeddings, products_df):
    texts = [f"{n} {c}".strip() for n, c in zip(products_df["product_name"], products_df["product_class"].fillna(""))]
    fresh = batch_embed_local(texts, show_progress=False)
    distance = np.linalg.norm(fresh - np.asarray(product_embeddings), axis=1)
    return {int(i) for i in np.nonzero(distance > 0.01)[0]}
""",
    ),
)
