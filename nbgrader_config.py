"""The course as nbgrader sees it: homework/ is the source, and everything made goes under build/."""

import os
import sys
from pathlib import Path

c = get_config()  # noqa: F821 - nbgrader provides it
root = Path(__file__).resolve().parent

# nbgrader starts the command `alembic` by name when it makes a gradebook, also where no environment is activated.
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])

c.CourseDirectory.course_id = "embeddings-course"
c.CourseDirectory.root = str(root)
c.CourseDirectory.source_directory = "homework"
c.CourseDirectory.release_directory = "build/release"
# The first four are nbgrader's own. The answer key, the kernel part and the due date of a homework lie beside its
# notebook and go nowhere, and neither does what `python -m helpers check` packs there.
c.CourseDirectory.ignore = [".ipynb_checkpoints", "*.pyc", "__pycache__", "feedback"]
c.CourseDirectory.ignore += ["*-submission.zip", "due.toml", "key", "kernel.py"]
c.CourseDirectory.submitted_directory = "build/submitted"
c.CourseDirectory.autograded_directory = "build/autograded"
c.CourseDirectory.feedback_directory = "build/feedback"
# A database in PostgreSQL instead, where several graders work at once: docs/grade-on-a-cluster.md.
# In a URL "?" begins the options and "%" a character's number; in a folder's name both are letters.
gradebook = str(root / "build" / "gradebook.db").replace("%", "%25").replace("?", "%3F")
c.CourseDirectory.db_url = os.environ.get("COURSE_GRADEBOOK") or f"sqlite:///{gradebook}"
(root / "build").mkdir(exist_ok=True)

# nbgrader's own commands take the same path as `autograder grade`: intake reads the submission, the run brings
# back evidence, the judge decides.
c.Autograde.exporter_class = "autograder.gradebook.nbgrader_bridge.IntakeExporter"
# nbgrader's own list without the check of the cells' metadata: intake has just made them, and it comes at the end.
c.Autograde.sanitize_preprocessors = [
    "nbgrader.preprocessors.ClearOutput",
    "nbgrader.preprocessors.DeduplicateIds",
    "nbgrader.preprocessors.OverwriteKernelspec",
    "nbgrader.preprocessors.OverwriteCells",
]
c.Autograde.autograde_preprocessors = [
    "autograder.gradebook.nbgrader_bridge.RunAndJudge",
    "nbgrader.preprocessors.LimitOutput",
    "nbgrader.preprocessors.SaveAutoGrades",
    "nbgrader.preprocessors.AssignLatePenalties",
    "nbgrader.preprocessors.CheckCellMetadata",
    "autograder.gradebook.nbgrader_bridge.KeepResult",
]
c.Autograde.pre_convert_hook = "autograder.gradebook.nbgrader_bridge.before_student"

# The students' pages: question by question, without scripts, also without a network.
c.GenerateFeedback.exporter_class = "autograder.pages.feedback.FeedbackExporter"
c.GenerateFeedback.preprocessors = ["autograder.pages.feedback.Marks"]
