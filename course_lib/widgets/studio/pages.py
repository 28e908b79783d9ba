"""The studio's pages: who is there, what they may teach, what they said, and whether people agree. And the line of a page to its
widgets."""

from __future__ import annotations

import asyncio
import hmac
import inspect
import json
import re
import secrets
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import tornado.web
import tornado.websocket

from course_lib.data import exchange
from course_lib.data.agreement import agreement
from course_lib.data.layout import STORED
from course_lib.data.store import StoreError
from course_lib.widgets.files import module, style

from .lessons import Lesson

if TYPE_CHECKING:
    from .server import Studio

HERE = Path(__file__).parent
ALIAS = re.compile(r"[\w][\w .-]{0,39}")
HEADERS = {
    "Content-Security-Policy": "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


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


class Nowhere(Page):
    def get(self):
        raise tornado.web.HTTPError(404, "There is no such page here.")


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


PAGES = [
    (r"/", Menu),
    (r"/teach/(\w+)", Teach),
    (r"/socket/(\w+)", Socket),
    (r"/mine(\.jsonl)?", Mine),
    (r"/agree", Agree),
    (r"/leave", Leave),
    (r"/alive", Alive),
    (r"/widget/(\w+)\.js", Module),
    (r"/(studio\.js|studio\.css)", File),
]
