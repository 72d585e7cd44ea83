"""What the course's notebooks import: ``from helpers import build_index, search_bm25, evaluate_search``.

A name is fetched from its module when it is first asked for (PEP 562). Importing this package therefore takes
no time and needs no other package, so that ``python -m helpers doctor`` can say what is missing.
"""

from importlib import import_module

_MODULE_OF = {
    name: module
    for module, names in {
        "api_embeddings": ["EmbeddingAPIError", "batch_embed_openai", "get_embedding_openai"],
        "bm25": ["BM25Index", "build_index", "score_bm25", "score_bm25_batch", "search_bm25"],
        "catalogue": [
            "DataError",
            "dataset_fingerprint",
            "load_wands_labels",
            "load_wands_products",
            "load_wands_queries",
            "product_text",
            "sample_catalogue",
        ],
        "download": ["DownloadError", "download_wands"],
        "errors": ["CourseError"],
        "evaluation": ["evaluate_scores", "evaluate_search"],
        "homework_data": ["HomeworkData", "load_homework_data"],
        "hybrid": ["fuse_scores", "hybrid_search", "normalize_scores"],
        "local_model": ["ModelUnavailable", "batch_embed_local", "get_embedding_local", "get_local_model"],
        "measures": [
            "calculate_dcg",
            "calculate_ndcg",
            "calculate_recall",
            "get_relevance_grades",
            "group_judgments",
        ],
        "ranking": ["top_k"],
        "similarity": [
            "batch_cosine_similarity",
            "cosine_similarity",
            "cosine_similarity_matrix",
            "semantic_search",
        ],
        "text": ["snowball_tokenize"],
        "tuning": ["sweep_alpha"],
        "withholding": ["withhold"],
    }.items()
    for name in names
}
__all__ = sorted(_MODULE_OF)


def __getattr__(name: str):
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f".{_MODULE_OF[name]}", __name__), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
