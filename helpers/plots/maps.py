"""A map of a catalogue: embeddings on the two axes along which they differ most."""

from collections.abc import Sequence

import numpy as np

from .picture import CYCLE, INK, MARKERS, Picture, drawing, short
from .placing import place_pins


def principal_axes(embeddings) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The two directions along which the embeddings differ most (PCA; Pearson 1901), by singular value decomposition.

    Parameters
    ----------
    embeddings : array of shape (n, d), n and d at least 2

    Returns
    -------
    centre : (d,) mean of the rows
    axes : (2, d), of length 1; each points to where its largest component is positive, so that two runs agree
    shares : (2,) of the variance; NaN if all rows are equal
    """
    embeddings = np.asarray(embeddings, dtype=np.float64)
    if embeddings.ndim != 2 or min(embeddings.shape) < 2:
        raise ValueError(f"embeddings must have at least 2 rows and 2 columns; got shape {embeddings.shape}.")
    centre = embeddings.mean(axis=0)
    _, spread, directions = np.linalg.svd(embeddings - centre, full_matrices=False)
    axes = directions[:2]
    axes = axes * np.sign(axes[[0, 1], np.abs(axes).argmax(axis=1)])[:, np.newaxis]
    with np.errstate(invalid="ignore"):
        return centre, axes, spread[:2] ** 2 / (spread**2).sum()


def embedding_map(
    embeddings,
    classes: Sequence[str],
    query_embeddings=None,
    queries: Sequence[str] = (),
    most: int = 7,
    title: str = "Product embeddings on two principal axes",
) -> Picture:
    """A map of the products of the commonest classes, with queries as numbered pins and a key beside the map.

    The axes are the principal axes of the products shown; queries are projected on the same axes.

    Parameters
    ----------
    embeddings : array of shape (n, d)
    classes : n class names; missing ones (NaN, None) are not shown, unless fewer than two products have a class:
        then all are shown alike
    query_embeddings : array of shape (q, d), optional
    queries : q texts
    most : int
        How many of the commonest classes to show, at most 7.

    Raises
    ------
    ValueError
        If lengths do not fit, or there are fewer than two products.
    """
    embeddings, queries = np.asarray(embeddings), list(queries)
    kinds = np.array([name if isinstance(name, str) else "" for name in classes])
    points = np.zeros((0, embeddings.shape[1])) if query_embeddings is None else np.asarray(query_embeddings)
    if len(embeddings) != len(kinds) or len(points) != len(queries):
        raise ValueError(
            f"every embedding needs its class and every query its embedding; got {len(embeddings)} "
            f"embeddings, {len(kinds)} classes, {len(points)} query embeddings, {len(queries)} queries."
        )
    if (kinds != "").sum() < 2:
        kinds = np.full(len(kinds), "no class")
    names, counts = np.unique(kinds[kinds != ""], return_counts=True)
    shown = names[np.argsort(-counts, kind="stable")[: min(most, len(CYCLE))]]
    centre, directions, shares = principal_axes(embeddings[np.isin(kinds, shown)])
    with drawing(8.3, 5.4, title) as (figure, (axes,)):
        handles = []
        for name, colour, marker in zip(shown, CYCLE, MARKERS):
            x, y = directions @ (embeddings[kinds == name] - centre).T
            axes.scatter(x, y, s=15, color=colour, marker=marker, alpha=0.6, linewidths=0)
            handles.append(axes.scatter([], [], s=40, color=colour, marker=marker, label=short(name)))
        first_share, second_share = shares
        axes.set_xlabel(f"first principal axis ({first_share:.0%} of the variance)")
        axes.set_ylabel(f"second principal axis ({second_share:.0%} of the variance)")
        first = axes.legend(handles=handles, title="product class", loc="upper left", bbox_to_anchor=(1.01, 1))
        if queries:
            pins = [axes.scatter([], [], s=60, color=INK, marker=f"${n}$") for n in range(1, len(queries) + 1)]
            axes.add_artist(first)
            texts = [short(query, 34) for query in queries]
            axes.legend(pins, texts, title="query", loc="lower left", bbox_to_anchor=(1.01, 0))
            place_pins(axes, (points - centre) @ directions.T)
    said = f", with the queries {', '.join(map(repr, queries))} as pins" if queries else ""
    return Picture(
        figure,
        f"Map of products of the {len(shown)} commonest classes ({', '.join(shown)}){said}. "
        f"The two axes keep {shares.sum():.0%} of the variance.",
    )
