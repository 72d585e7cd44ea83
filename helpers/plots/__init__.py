"""The lectures' pictures: each function draws one, from plain arrays, and a cell needs one line for it.

A module here draws one kind of picture; `picture` holds what they share. Nothing imports matplotlib before it draws.
"""

from .directions import angles
from .flow import pipeline
from .lexical import (
    b_slider,
    idf_curves,
    k1_b_heatmaps,
    k1_slider,
    length_curves,
    postings_lists,
    saturation_curves,
    score_parts,
)
from .maps import embedding_map, principal_axes
from .mixing import alpha_gain, bump_chart, hybrid_plane
from .picture import Picture
from .recall import found_by, recall_grid
from .similarities import similarity_heatmap, similarity_histograms
from .slider import alpha_slider

__all__ = [
    "Picture",
    "alpha_gain",
    "alpha_slider",
    "angles",
    "b_slider",
    "bump_chart",
    "embedding_map",
    "found_by",
    "hybrid_plane",
    "idf_curves",
    "k1_b_heatmaps",
    "k1_slider",
    "length_curves",
    "pipeline",
    "postings_lists",
    "principal_axes",
    "recall_grid",
    "saturation_curves",
    "score_parts",
    "similarity_heatmap",
    "similarity_histograms",
]
