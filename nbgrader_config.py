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
book = os.environ.get("COURSE_GRADEBOOK", os.path.join(here, "gradebook"))  # all that concerns a class; never in the repository
os.makedirs(book, exist_ok=True)
for step in ("submitted", "autograded", "feedback", "solution", "source_with_tests"):
    setattr(c.CourseDirectory, f"{step}_directory", os.path.join(os.path.relpath(book, here), step))
# another database, e.g. postgresql://user@host/gradebook for several graders
c.CourseDirectory.db_url = (os.environ.get("COURSE_GRADEBOOK_URL", "").replace("postgresql://", "postgresql+psycopg://", 1)
                            or "sqlite:///" + os.path.join(book, "gradebook.db"))
c.Exchange.root = os.path.join(book, "exchange")
# What an LMS gives as one zip, saved as gradebook/downloaded/<problem set>/archive/submissions.zip: Canvas calls a file
# ada_123_456_ps1_behavior_cloning-1.ipynb, Moodle puts it into a folder "Ada Lovelace_123_assignsubmission_file_"
c.ZipCollectApp.downloaded_directory = os.path.join(os.path.relpath(book, here), "downloaded")
c.FileNameCollectorPlugin.named_regexp = (r".*?/extracted/(submissions/)?(?P<student_id>[^/_]+)(_LATE)?_\d+"
                                          r"(_\d+_|_assignsubmission_[^/]*/(.*/)?)(?P<file_id>[^/]+\.ipynb)$")
c.GenerateFeedback.preprocessors = ["nbgrader.preprocessors.GetGrades", "course_lib.grading.autograde.StudentView",
                                    "nbconvert.preprocessors.CSSHTMLHeaderPreprocessor"]
c.HTMLExporter.sanitize_html = True

from course_lib.grading.autograde import install  # noqa: E402

install()  # nbgrader's autograde and the formgrader's button execute submissions in a sandbox
