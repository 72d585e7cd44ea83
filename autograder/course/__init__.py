"""What everybody may know of a course: its folder, its notebooks' cells, its students, its version."""
