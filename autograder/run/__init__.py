"""Runs a notebook in a sandbox, here or on a cluster, and brings back what its kernel said."""
