"""The studio's server: the course's widgets in plain pages, one Tornado process for a person or for a class.

    page (studio.js: a stand-in for the notebook's model)  ←  websocket  →  the same Python widget as in a notebook

Why not Voilà: it starts a kernel for every visitor, with torch in it, and its pages ask outside hosts for fonts (README, "The labeling
studio", has what was measured). Here a visitor costs a few objects, and a worker process only where an agent is trained.

Who gets in: a token in the link, kept as a cookie; the server listens on 127.0.0.1 unless told otherwise. A person is an alias and a
secret that their browser keeps: nobody else can see, export or delete what they said.
"""

from __future__ import annotations

import asyncio
import hmac
import secrets
import shutil
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import comm
import tornado.httpserver
import tornado.netutil
import tornado.web

from course_lib.data.store import LabelStore
from course_lib.machine import scale
from course_lib.widgets.files import HERE as WIDGETS
from course_lib.widgets.live import Live

from .lessons import LESSONS, Lesson
from .pages import HERE, PAGES, Nowhere
from .rooms import PageComm, Room

IDLE = 600  # seconds without a page before a lesson is put away; labels and agents are saved, and it can be opened again


class Studio:
    """``await Studio(store, folder).serve()``; ``link`` is then where others find it and ``home`` where you do, token and all.
    ``workers``: how many agents may be trained at once (None: one for each core but one)."""

    def __init__(
        self,
        store: LabelStore,
        folder: Path,
        *,
        lessons: list[Lesson] | None = None,
        token: str | None = None,
        suggestion: str = "",
        workers: int | None = None,
    ):
        self.store, self.folder, self.lessons, self.suggestion = store, Path(folder), list(lessons or LESSONS), suggestion
        self.token, self.owner = token or secrets.token_urlsafe(16), secrets.token_urlsafe(16)
        self.leaving: set[str] = set()  # whose answers are being deleted
        self.workers = workers if workers is not None else max(1, scale().cores - 1)
        self.rooms: dict[tuple[str, str], Room] = {}
        self.doors: dict[tuple[str, str], asyncio.Lock] = {}  # two pages that open at once find one room
        self.starting = 0  # rooms with a worker that are being made
        self.pool = ThreadPoolExecutor(8)
        self.modules = {p.stem for p in WIDGETS.glob("*.js")} - {"common"}

    def is_token(self, token: str) -> bool:
        return hmac.compare_digest(token.encode(), self.token.encode())

    def claim(self, alias: str, secret: str, owner: bool = False) -> bool:
        """Whoever started the studio may take up, by ``--alias``, what was said in a notebook."""
        return self.store.claim(alias, secret, adopt=owner and alias == self.suggestion)

    def lesson(self, name: str) -> Lesson:
        for lesson in self.lessons:
            if lesson.name == name:
                return lesson
        raise tornado.web.HTTPError(404, f"There is no lesson “{name}” here.")

    async def room(self, name: str, alias: str) -> Room:
        """This person's lesson: the one that is open, in however many pages, or a new one."""
        lesson, key = self.lesson(name), (alias, name)
        if alias in self.leaving:
            raise tornado.web.HTTPError(409, "Your answers are being deleted just now.")
        async with self.doors.setdefault(key, asyncio.Lock()):
            if key not in self.rooms:
                self.rooms[key] = await self._open(lesson, alias)
            return self.rooms[key]

    async def _open(self, lesson: Lesson, alias: str) -> Room:
        if lesson.trains and self._busy() >= self.workers:  # agents that nobody looks at, or has answered for long, make room
            await self.put_away(idle=0, training=True)
            await asyncio.gather(*(room.rest() for room in self.rooms.values() if room.trains and time.monotonic() - room.heard > IDLE))
            if (busy := self._busy()) >= self.workers:
                raise tornado.web.HTTPError(
                    503,
                    f"{busy} agent{'s are' if busy > 1 else ' is'} being trained here already, which is what this studio "
                    "does at once (course label --workers). If one of them is yours, close its page; else choose a lesson that trains "
                    "nothing, or come back when somebody has finished.",
                )
        self.starting += lesson.trains
        try:
            return Room(
                list(await asyncio.get_running_loop().run_in_executor(self.pool, lesson.make, self.store, alias, self.folder)), self.pool
            )
        finally:
            self.starting -= lesson.trains

    def _busy(self) -> int:
        return self.starting + sum(room.trains for room in self.rooms.values())

    async def put_away(self, alias: str | None = None, idle: float = IDLE, training: bool = False) -> None:
        """Close the lessons of one person; or (None) those that nobody has looked at for ``idle`` seconds, perhaps only those that train.
        What was said and learned is saved, and a lesson can be opened again."""
        gone = [
            key
            for key, room in self.rooms.items()
            if key[0] == alias
            or (alias is None and not room.pages and time.monotonic() - room.left >= idle and (room.trains or not training))
        ]
        await asyncio.gather(*(self.rooms.pop(key).close() for key in gone))

    async def forget(self, alias: str) -> tuple[int, int]:
        """Delete what somebody said, and what learned from it: events and files that are gone."""
        self.leaving.add(alias)  # or a page that is still open would begin the lesson anew meanwhile
        try:
            await self.put_away(alias)
            home = Live.home(self.folder, alias, self.store)
            agents = len(list(home.glob("*.pt")))
            shutil.rmtree(home, ignore_errors=True)
            return await asyncio.get_running_loop().run_in_executor(None, self.store.forget, alias), agents
        finally:
            self.leaving.discard(alias)

    async def serve(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Listen. ``OSError``: the port is taken."""
        self._create_comm, comm.create_comm = comm.create_comm, PageComm  # ipywidgets' own hook for places that are not a kernel
        sockets = tornado.netutil.bind_sockets(port, host)
        self.port = sockets[0].getsockname()[1]
        app = tornado.web.Application(
            PAGES,
            template_path=str(HERE),
            xsrf_cookies=True,
            xsrf_cookie_kwargs=dict(samesite="Strict"),
            xsrf_cookie_name=f"_xsrf-{self.port}",
            default_handler_class=Nowhere,
            websocket_ping_interval=30,
            websocket_max_message_size=2**20,
        )
        app.studio = self
        self.server = tornado.httpserver.HTTPServer(app, max_body_size=2**20)
        self.server.add_sockets(sockets)
        everybody = host in ("0.0.0.0", "::", "")
        self.home = f"http://{'127.0.0.1' if everybody else host}:{self.port}/?token={self.token}&owner={self.owner}"
        self.link = f"http://{_address() if everybody else host}:{self.port}/?token={self.token}"
        self.tidying = tornado.ioloop.PeriodicCallback(self.put_away, 30_000)
        self.tidying.start()

    async def close(self) -> None:
        self.tidying.stop()
        self.server.stop()
        await asyncio.gather(*(room.close() for room in self.rooms.values()))
        self.rooms.clear()
        await self.server.close_all_connections()
        self.pool.shutdown(wait=False)
        comm.create_comm = self._create_comm


def _address() -> str:
    """This machine's address in its network, as others see it; its name if it has none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        try:
            s.connect(("10.255.255.255", 1))  # nothing is sent: the system says by which of its addresses it would
            return s.getsockname()[0]
        except OSError:
            return socket.gethostname()
