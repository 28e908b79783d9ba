"""A room of the studio: one person's lesson, and the pages that show it.

The widgets are those of a notebook. They speak through ipywidgets' own hook for places that are not a kernel (``comm.create_comm``); what
they say goes to every page of the room, and what a page says is answered in turn, away from the loop that serves everybody.
"""

from __future__ import annotations

import asyncio
import json
import struct
import time
from concurrent.futures import ThreadPoolExecutor

from comm.base_comm import BaseComm
from tornado.log import app_log
from tornado.websocket import WebSocketClosedError, WebSocketHandler

from course_lib.widgets.live import Live


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
        self.pages: set[WebSocketHandler] = set()
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
            except WebSocketClosedError:
                self.pages.discard(page)
