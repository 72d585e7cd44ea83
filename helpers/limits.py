"""What a notebook may use when nobody sits in front of it: the same when it is graded and when a student checks it."""

CELL_SECONDS = 60  # of computing, for one cell
ALL_SECONDS = 300  # of computing, for the notebook
IDLE_SECONDS = 180  # without any computing, for one cell
UNATTENDED = "COURSE_UNATTENDED"  # the variable that such a kernel has in its environment
