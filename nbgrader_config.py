"""nbgrader's settings: solutions/ is the source, assignments/ the release, and all that concerns a class is in gradebook/."""
import os
import sys

c = get_config()  # noqa: F821 (nbgrader provides it)
# nbgrader calls `alembic` by its bare name, which a virtual environment that is not activated does not put on PATH
os.environ["PATH"] = os.path.dirname(sys.executable) + os.pathsep + os.environ.get("PATH", "")
here = os.path.dirname(os.path.abspath(__file__))
c.CourseDirectory.course_id = "learning-from-humans"
c.CourseDirectory.root = here
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "assignments"
c.CourseDirectory.submitted_directory = "gradebook/submitted"
c.CourseDirectory.autograded_directory = "gradebook/autograded"
c.CourseDirectory.feedback_directory = "gradebook/feedback"
c.CourseDirectory.solution_directory = "gradebook/solution"
c.CourseDirectory.source_with_tests_directory = "gradebook/source_with_tests"
os.makedirs(os.path.join(here, "gradebook"), exist_ok=True)
c.CourseDirectory.db_url = "sqlite:///" + os.path.join(here, "gradebook", "gradebook.db")
c.Exchange.root = os.path.join(here, "gradebook", "exchange")
c.Execute.timeout = 300
c.OverwriteCells.add_missing_cells = True  # a deleted test cell comes back and scores 0, instead of no score
