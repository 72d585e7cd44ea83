"""The demo catalogue: a small shop that does not exist, made for this course in the layout of WANDS.

The data is synthetic.  Products, queries and labels were written and drawn by the scripts in this folder; no
shopper typed these queries and no person judged these products.  It is there so that lectures and homework
run anywhere at once, and so that lexical and semantic search can be seen to succeed and fail for the reasons
the course teaches.  Figures measured on it are no evidence about real search: for those, fetch the real WANDS
data (``python -m helpers download``).  How it was made: README.md, make.py.
"""
