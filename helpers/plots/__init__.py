"""The lectures' pictures: each function draws one, from plain arrays, and a cell needs one line for it.

A module here draws one kind of picture; `picture` holds what they share. Nothing imports matplotlib before it draws.
"""

from .directions import angles
from .flow import pipeline
from .maps import embedding_map, principal_axes
from .mixing import alpha_curve, alpha_gain, bump_chart, hybrid_plane
from .picture import Picture
from .recall import found_by, recall_grid, recall_scatter
from .similarities import similarity_heatmap, similarity_histograms
from .slider import alpha_slider

__all__ = [
    "Picture",
    "alpha_curve",
    "alpha_gain",
    "alpha_slider",
    "angles",
    "bump_chart",
    "embedding_map",
    "found_by",
    "hybrid_plane",
    "pipeline",
    "principal_axes",
    "recall_grid",
    "recall_scatter",
    "similarity_heatmap",
    "similarity_histograms",
]
