"""Wrong answers that students really write, a module a question."""
