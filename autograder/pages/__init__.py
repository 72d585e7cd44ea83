"""What people read: the student's page, the instructor's report, the terminal."""
