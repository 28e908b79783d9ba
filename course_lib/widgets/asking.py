"""What every widget that asks somebody is made of: messages that are answered at once, and a rule for who may answer."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
import threading
import uuid
from pathlib import Path

import anywidget
import traitlets

from course_lib.data.layout import STORED


class Answering(anywidget.AnyWidget):
    """A widget that answers while a cell is running.

    JupyterLab sends a widget's messages to a subshell of the kernel, which is free while the main one runs a cell. ipykernel (7.4) sends
    them instead to whichever shell published last on the widget's comm, and a new widget was published by the cell that made it: its
    messages would wait until every cell is done. So what ipykernel remembers is forgotten after each publication.
    """

    def open(self):
        super().open()
        self._forget_who_published()

    def _send(self, msg, buffers=None):
        super()._send(msg, buffers)
        self._forget_who_published()

    def _forget_who_published(self):
        getattr(self.comm, "__dict__", {}).pop("_reply_subshell_id", None)


MODES = {"live": "human", "simulated": "simulated", "replay": "replay"}  # mode → the kind its answers are stored as


def default_mode() -> str:
    """"live", unless ``COURSE_PEOPLE=simulated`` says that nobody is there (``course claims``, tests, the book)."""
    return "simulated" if os.environ.get("COURSE_PEOPLE") == "simulated" else "live"


def _course() -> str:
    """The command, so that it can be typed here."""
    return "course" if shutil.which("course") else str(Path(sys.executable).with_name("course"))


class Asking(Answering):
    """A widget that asks somebody about a world, or about texts (``world`` None): a person (``live``), a model of one (``simulated``), or
    a record (``replay``).

    ``_receive(message)`` handles one message, under ``_lock``. Answers of a model are given by calling it; what arrives from a page is a
    person's, and where no person is asked it is refused, because it would be stored as the model's.
    """

    stored = traitlets.Unicode().tag(sync=True)  # what is stored of whoever answers: said before the first answer
    drawer = traitlets.Unicode().tag(sync=True)
    drawing = traitlets.Dict().tag(sync=True)

    def __init__(self, world, store, *, task: str, annotator: str, mode: str | None):
        mode = mode or default_mode()
        if mode not in MODES:
            raise ValueError(f'mode must be "live", "simulated" or "replay", not {mode!r}')
        super().__init__(**(dict(drawer=world.drawer, drawing=world.drawing) if world is not None else dict(drawer="text")))
        self._lock = threading.RLock()
        self.world, self.store, self.task, self.annotator, self.mode = world, store, task, annotator, mode
        self.session = uuid.uuid4().hex[:12]
        self.stored = {"live": f"Each answer is saved in {store.name}, with {STORED}. Your alias here is “{annotator}”. To see, export or "
                               f"delete what is yours: {_course()} labels {shlex.quote(store.name)} --annotator {shlex.quote(annotator)} "
                               "(and --export FILE, or --delete).",
                       "simulated": "A simulated person is answering.", "replay": "Recorded answers."}[self.mode]

    def _only_in(self, mode: str) -> None:
        if self.mode != mode:
            raise ValueError(f'this widget is in mode "{self.mode}", and such answers must not be stored as a person\'s: make one with '
                             f'mode="{mode}"')

    def _signed(self, **row) -> dict:
        """A row for the store, with who says it, where and as what."""
        return dict(task=self.task, annotator=self.annotator, session=self.session, kind=MODES[self.mode], **row)
