"""The measured claims: ``python -m benchmarks`` runs all scripts and writes docs/benchmarks.md.

A script is a module with a function ``claims()`` that yields `harness.Claim` and `harness.Listing` objects.
It runs alone as ``python -m benchmarks.<script>``. A new file with such a function is found by itself.
"""
