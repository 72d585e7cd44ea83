"""Right answers in other clothes, a module a question. The first of each is plain."""
