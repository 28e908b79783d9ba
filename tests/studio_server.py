"""The studio in a thread of the tests' own process, and a visitor with a cookie jar."""

import asyncio
import json
import re
import struct
import threading
import urllib.error
import urllib.parse
import urllib.request
from http.cookiejar import CookieJar

import tornado.httpclient
import tornado.websocket

from course_lib.data.store import LabelStore
from course_lib.widgets.studio import Studio


class Running:
    """A studio that serves from a thread until it is closed."""

    def __init__(self, folder, **options):
        self.store = options.pop("store", None) or LabelStore(folder / "labels.sqlite")
        port = options.pop("port", 0)
        self.studio = Studio(self.store, folder / "agents", **options)
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        self.do(self.studio.serve(port=port))
        self.url = f"http://127.0.0.1:{self.studio.port}"

    def do(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(60)

    def close(self):
        self.do(self.studio.close())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)

    def visitor(self, alias=None, token=True, key=""):
        return Visitor(self, alias, token, key)


class Visitor:
    def __init__(self, running, alias, token, key):
        self.running, self.jar = running, CookieJar()
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.jar))
        if token:
            self.get(f"/?token={running.studio.token}")
        if alias is not None:
            self.said = self.post("/", alias=alias, key=key)[1]

    def get(self, path, **headers):
        """Status and text."""
        try:
            with self.opener.open(urllib.request.Request(self.running.url + path, headers=headers), timeout=60) as r:
                self.headers = r.headers
                return r.status, r.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def post(self, path, xsrf=True, **fields):
        if xsrf:
            page = self.get(path)[1]
            fields["_xsrf"] = re.search(r'name="_xsrf" value="([^"]+)"', page)[1] if "_xsrf" in page else self._xsrf()
        try:
            with self.opener.open(self.running.url + path, urllib.parse.urlencode(fields).encode(), timeout=60) as r:
                return r.status, r.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def _xsrf(self):
        return next((c.value for c in self.jar if c.name.startswith("_xsrf")), "")

    @property
    def cookies(self):
        return "; ".join(f"{c.name}={c.value}" for c in self.jar)

    def open(self, name, **headers):
        return Line(self, name, headers)


class Line:
    """A page's websocket: what it is told, and what it says."""

    def __init__(self, visitor, name, headers):
        self.do = visitor.running.do
        url = visitor.running.url.replace("http", "ws") + f"/socket/{name}"
        request = tornado.httpclient.HTTPRequest(url, headers={"Cookie": visitor.cookies, "Origin": visitor.running.url} | headers)

        async def connect():
            return await tornado.websocket.websocket_connect(request)

        self.socket = self.do(connect())
        self.first = json.loads(self.read_raw())

    def read_raw(self):
        async def read():
            return await asyncio.wait_for(self.socket.read_message(), 30)

        return self.do(read())

    def read(self, kind):
        """The next message of this kind, and its buffers."""
        while True:
            frame = self.read_raw()
            assert frame is not None, "the line was closed"
            n = struct.unpack("<I", frame[:4])[0]
            m, at, buffers = json.loads(frame[4:4 + n]), 4 + n, []
            for size in m["sizes"]:
                buffers.append(frame[at:at + size])
                at += size
            if m["content"]["type"] == kind:
                return m["content"], buffers

    def say(self, _widget=0, **content):
        async def write():
            await self.socket.write_message(json.dumps(dict(widget=_widget, content=content)))

        self.do(write())

    def close(self):
        self.running = self.socket.close()
