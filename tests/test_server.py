"""The server extension: every kernel connection gets TCP_NODELAY before anything is sent on it."""

from types import SimpleNamespace

from course_lib import server


def test_nodelay_is_set_before_the_connection_goes_on():
    done = []

    class Stock:
        websocket_handler = SimpleNamespace(set_nodelay=lambda on: done.append(("nodelay", on)))

        def connect(self):
            done.append("connect")
            return "a future"

    log = SimpleNamespace(info=lambda text: done.append(text))
    app = SimpleNamespace(web_app=SimpleNamespace(settings={"kernel_websocket_connection_class": Stock}), log=log)
    (point,) = server._jupyter_server_extension_points()
    assert point["module"] == server.__name__
    server._load_jupyter_server_extension(app)
    made = app.web_app.settings["kernel_websocket_connection_class"]
    assert issubclass(made, Stock) and made().connect() == "a future" and done[1:] == [("nodelay", True), "connect"]
