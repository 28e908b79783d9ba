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
import inspect
import json
import re
import secrets
import shutil
import socket
import struct
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import comm
import numpy as np
import tornado.httpserver
import tornado.netutil
import tornado.web
import tornado.websocket
from comm.base_comm import BaseComm
from tornado.log import app_log

from course_lib.data import exchange
from course_lib.data.agreement import agreement
from course_lib.data.store import STORED, LabelStore, StoreError
from course_lib.machine import scale
from course_lib.widgets.files import HERE as WIDGETS
from course_lib.widgets.files import module, style
from course_lib.widgets.live import Live

from .lessons import LESSONS, Lesson

HERE = Path(__file__).parent
ALIAS = re.compile(r"[\w][\w .-]{0,39}")
IDLE = 600  # seconds without a page before a lesson is put away; labels and agents are saved, and it can be opened again
HEADERS = {
    "Content-Security-Policy": "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


class PageComm(BaseComm):
    """What a widget speaks into: its messages go to every page that shows it."""

    room: Room | None = None

    def publish_msg(self, msg_type, data=None, metadata=None, buffers=None, **keys):
        if self.room is not None and msg_type == "comm_msg" and data.get("method") == "custom":
            self.room.tell(self, data["content"], buffers or [])


class Room:
    """One person's lesson: its widgets, and the pages that show them."""

    def __init__(self, made: list, pool: ThreadPoolExecutor):
        self.loop, self.pool, self.made = asyncio.get_running_loop(), pool, made
        self.widgets = [w for made in self.made for w in ([made.labeler, made.watch] if isinstance(made, Live) else [made])]
        self.pages: set[Socket] = set()
        self.left = time.monotonic()  # when the last page was closed
        self.waiting: asyncio.Queue = asyncio.Queue()
        for w in self.widgets:
            w.comm.room = self
        self.task = asyncio.create_task(self._answer())

    @property
    def trains(self) -> bool:
        """Is a worker process at work here?"""
        return any(isinstance(made, Live) and made.process is not None and made.process.is_alive() for made in self.made)

    async def _answer(self) -> None:
        """Messages of the pages, one after the other, away from the loop that serves everybody; None is the last one."""
        while (message := await self.waiting.get()) is not None:
            index, content = message
            try:
                await self.loop.run_in_executor(self.pool, self.widgets[index]._handle_custom_msg, content, [])
            except Exception as error:  # a message that no page of ours sends, or a fault of ours: the others go on
                app_log.warning("a message was not understood: %s: %s", type(error).__name__, error)

    @property
    def heard(self) -> float:
        """When the last answer was given here."""
        return max((w.answered_at for w in self.widgets if hasattr(w, "answered_at")), default=0.0)

    async def rest(self) -> None:
        """Stop the worker; the page stays open, and says so."""
        for made in self.made:
            if isinstance(made, Live):
                await self.loop.run_in_executor(None, made.stop, 3)

    async def close(self) -> None:
        """Nothing more is answered, what was answered is stored, and no worker is left."""
        for page in list(self.pages):
            page.close()
        self.waiting.put_nowait(None)
        await self.task
        await self.rest()
        for w in self.widgets:
            w.close()

    def tell(self, speaker: PageComm, content: dict, buffers: list) -> None:
        """From any thread. [length of the JSON][JSON][buffers]."""
        index = [w.comm for w in self.widgets].index(speaker)
        data = [bytes(b) for b in buffers]
        head = json.dumps(dict(widget=index, content=content, sizes=[len(b) for b in data])).encode()
        self.loop.call_soon_threadsafe(self._send, b"".join([struct.pack("<I", len(head)), head, *data]))

    def _send(self, frame: bytes) -> None:
        for page in list(self.pages):
            try:
                page.write_message(frame, binary=True)
            except tornado.websocket.WebSocketClosedError:
                self.pages.discard(page)


class Page(tornado.web.RequestHandler):
    """Base of all pages: who is there?"""

    @property
    def studio(self) -> Studio:
        return self.application.studio

    def set_default_headers(self):
        for name, value in HEADERS.items():
            self.set_header(name, value)

    def prepare(self):
        token = self.get_query_argument("token", None)
        if token is not None and self.studio.is_token(token):
            self._keep(f"token-{self.studio.port}", token)
            self._keep(f"owner-{self.studio.port}", self.get_query_argument("owner", ""))
            return self.redirect(self.request.path)
        if not self.studio.is_token(self.get_cookie(f"token-{self.studio.port}", "")):
            self.set_status(403)
            return self.finish(
                self.render_string(
                    "page.html",
                    title="Not yet",
                    alias=None,
                    body="<p>This studio opens with the link that "
                    "<code>course label</code> has printed, token and all. Ask whoever started it.</p>",
                )
            )

    def _keep(self, name: str, value: str) -> None:
        # Lax, so that the link may be opened from a mail; writing is guarded by xsrf tokens, and by check_origin
        self.set_cookie(name, value, httponly=True, samesite="Lax", expires_days=400)

    @property
    def owner(self) -> bool:
        """Was the studio started by whoever sits here?"""
        return hmac.compare_digest(self.get_cookie(f"owner-{self.studio.port}", "").encode(), self.studio.owner.encode())

    @property
    def alias(self) -> str | None:
        """Whom this browser speaks for, if the alias is really theirs."""
        if not hasattr(self, "_alias"):
            alias, secret = tornado.escape.url_unescape(self.get_cookie("alias", "")), self.get_cookie("secret", "")
            self._alias = alias if alias and secret and self.studio.claim(alias, secret, self.owner) else None
        return self._alias

    def show(self, template: str, title: str, **values) -> None:
        self.finish(self.render_string(template, title=title, alias=self.alias, stored=STORED, store=self.studio.store.name, **values))

    def write_error(self, status_code, **kwargs):
        error = kwargs.get("exc_info", (None, None, None))[1]
        words = str(error) if isinstance(error, StoreError) else error.log_message if isinstance(error, tornado.web.HTTPError) else None
        words = tornado.escape.xhtml_escape(words or "Something went wrong here; what was saved is saved. Go back and try again.")
        self.finish(self.render_string("page.html", title="That did not work", alias=None, body=f"<p>{words}</p>"))


class Menu(Page):
    def get(self):
        if self.alias is None:
            return self.show("hello.html", "Welcome", problem="", suggestion=self.studio.suggestion if self.owner else "")
        done = Counter(e["task"] for e in self.studio.store.standing(annotator=self.alias, kind="human"))
        self.show("menu.html", "What would you like to teach?", lessons=self.studio.lessons, done=done)

    def post(self):
        """An alias is chosen."""
        alias, key = (self.get_body_argument(name, "").strip() for name in ("alias", "key"))
        secret = key or self.get_cookie("secret") or secrets.token_urlsafe(24)
        problem = ""
        if not ALIAS.fullmatch(alias):
            problem = "An alias has 1 to 40 letters, digits, spaces, dots or hyphens. It need not be your name."
        elif not self.studio.claim(alias, secret, self.owner):
            problem = (
                f"Somebody has labelled as “{alias}” already. If that was you, in another browser, give your key as well (it stands there "
                "under “What I said”); if it was in a notebook, start the studio with course label --alias; else choose another alias."
            )
        if problem:
            return self.show("hello.html", "Welcome", problem=problem, suggestion=alias)
        self._keep("secret", secret)
        self._keep("alias", tornado.escape.url_escape(alias))
        self.redirect("/")


class Leave(Page):
    """Another person sits down at this browser."""

    def get(self):
        if self.alias is None:
            return self.redirect("/")
        self.show("leave.html", "Somebody else?", key=self.get_cookie("secret"))

    def post(self):
        for name in ("alias", "secret"):
            self.clear_cookie(name)
        self.redirect("/")


class Teach(Page):
    def get(self, name):
        if self.alias is None:
            return self.redirect("/")
        lesson = self.studio.lesson(name)
        self.show("teach.html", lesson.title, lesson=lesson)


class Socket(tornado.websocket.WebSocketHandler):
    """The line between a page and its widgets. Tornado refuses pages from elsewhere (check_origin)."""

    studio, owner, alias = Page.studio, Page.owner, Page.alias

    async def get(self, *args, **kwargs):
        if not self.studio.is_token(self.get_cookie(f"token-{self.studio.port}", "")) or self.alias is None:
            raise tornado.web.HTTPError(403)
        await super().get(*args, **kwargs)

    async def open(self, name):
        self.set_nodelay(True)
        self.room = None
        try:
            room = await self.studio.room(name, self.alias)
        except Exception as error:  # a lesson that cannot begin says why, whatever it was
            self.write_message(json.dumps(dict(sorry=getattr(error, "log_message", None) or str(error))))
            return self.close()
        self.room = room
        room.pages.add(self)
        plain = lambda v: isinstance(v, (str, int, float, dict, list))
        states = [
            {k: v for k, v in w.get_state().items() if not k.startswith("_") and k not in ("layout", "tabbable", "tooltip") and plain(v)}
            for w in room.widgets
        ]
        for state in states:
            if state.get("stored"):
                state["stored"] = (
                    f"Stored under your alias “{self.alias}”: {STORED}. You find it all, to see, take along or delete, under “What I said”."
                )
        modules = [Path(inspect.getsourcefile(type(w))).stem for w in room.widgets]  # each widget has one .py and one .js of the same name
        self.write_message(json.dumps(dict(widgets=[dict(module=m, state=s) for m, s in zip(modules, states)])))

    def on_message(self, message):
        if self.room is not None:
            said = json.loads(message)
            self.room.waiting.put_nowait((int(said["widget"]), said["content"]))

    def on_close(self):
        if self.room is not None:
            self.room.pages.discard(self)
            self.room.left = time.monotonic()


class Mine(Page):
    """What I said: see it, take it along, delete it."""

    def get(self, what=""):
        if self.alias is None:
            return self.redirect("/")
        if what == ".jsonl":
            self.set_header("Content-Type", "application/x-ndjson")
            self.set_header("Content-Disposition", f'attachment; filename="labels-{re.sub("[^A-Za-z0-9]+", "_", self.alias)}.jsonl"')
            return self.finish("".join(exchange.line(row) + "\n" for row in exchange.records(self.studio.store, annotator=self.alias)))
        events = self.studio.store.events(annotator=self.alias)
        self.show(
            "mine.html",
            "What you said",
            events=events[::-1][:200],
            n=len(events),
            progress=progress(events, self.studio.lessons),
            key=self.get_cookie("secret"),
        )

    async def post(self, what=""):
        """Delete everything."""
        if self.alias is None or self.get_body_argument("sure", "").strip() != self.alias:
            raise tornado.web.HTTPError(400, "Nothing was deleted: to be sure, type your alias into the box.")
        gone, agents = await self.studio.forget(self.alias)
        self.clear_cookie("alias")
        self.finish(
            self.render_string(
                "page.html",
                title="Deleted",
                alias=None,
                body=f"<p>{gone} events and {agents} files of agents that "
                "learned from them are gone from this studio. Copies that you exported are yours.</p>"
                "<p><a href='/'>Start anew</a></p>",
            )
        )


class Agree(Page):
    """Do we agree? For the questions that everybody is asked."""

    async def get(self):
        if self.alias is None:
            return self.redirect("/")
        ask = lambda lesson: asyncio.get_running_loop().run_in_executor(None, agreement, self.studio.store, lesson.task)
        found = [(x, await ask(x)) for x in self.studio.lessons if x.shared and x.name != "ranks"]
        self.show("agree.html", "Do we agree?", found=found, number=number)


class Module(Page):
    """The JavaScript of a widget, as in a notebook."""

    def get(self, name):
        if name not in self.studio.modules:
            raise tornado.web.HTTPError(404, "There is no such widget.")
        self.set_header("Content-Type", "text/javascript; charset=utf-8")
        self.finish(module(name))


class File(Page):
    def prepare(self):
        """Nothing secret stands in these: the page that asks for a token wants them too."""

    def get(self, name):
        self.set_header("Content-Type", {"js": "text/javascript", "css": "text/css"}[name.split(".")[1]] + "; charset=utf-8")
        self.finish((HERE / name).read_text(encoding="utf8") + (style() if name == "studio.css" else ""))


class Alive(Page):
    """Is the studio there, and does it know this browser?"""

    def get(self):
        self.set_status(200 if self.alias else 401)
        self.finish()


def number(x: float) -> str:
    return "–" if np.isnan(x) else f"{x:.2f}"


def progress(events: list[dict], lessons: list[Lesson]) -> list[dict]:
    """Of each task, newest first: how many answers, how quick, how many taken back, how often the model had guessed right."""
    names, rows = {x.task: x.title for x in lessons}, []
    for task in dict.fromkeys(e["task"] for e in reversed(events)):
        mine = [e for e in events if e["task"] == task]
        said = [e for e in mine if e["event"] != "undo"]
        took = [e["response_ms"] for e in said if e["response_ms"]]
        hits = [(e["guess"] > 0.5) == e["choice"] for e in said if e["guess"] is not None and e["choice"] in (0, 1)]
        rows.append(
            dict(
                task=names.get(task, task),
                answers=len(said),
                undone=len(mine) - len(said),
                last=mine[-1]["at"][:16].replace("T", " "),
                seconds=f"{np.median(took) / 1000:.1f} s" if took else "–",
                guessed=f"{sum(hits[-10:])} of the last {len(hits[-10:])}" if hits else "–",
            )
        )
    return rows


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
            [
                (r"/", Menu),
                (r"/teach/(\w+)", Teach),
                (r"/socket/(\w+)", Socket),
                (r"/mine(\.jsonl)?", Mine),
                (r"/agree", Agree),
                (r"/leave", Leave),
                (r"/alive", Alive),
                (r"/widget/(\w+)\.js", Module),
                (r"/(studio\.js|studio\.css)", File),
            ],
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


class Nowhere(Page):
    def get(self):
        raise tornado.web.HTTPError(404, "There is no such page here.")
