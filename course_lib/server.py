"""A Jupyter server extension: small messages between notebook and kernel are sent at once.

Jupyter's server leaves Nagle's algorithm on for the kernels' websockets: a small message waits until the one before it has been
acknowledged, and the browser acknowledges late, which adds about 40 ms to every exchange of a widget that plays. Here every kernel
connection that is opened turns it off (TCP_NODELAY). ``course lab`` enables it in the course's own environment, by
``etc/jupyter/jupyter_server_config.d/course_lib.json``; a ``false`` in that file turns it off for good.
"""


def prompt(connection_class: type) -> type:
    """The server's kernel connection, with TCP_NODELAY set as soon as the websocket is open."""

    class Prompt(connection_class):
        def connect(self):  # the websocket is open by now
            self.websocket_handler.set_nodelay(True)
            return super().connect()

    return Prompt


def _jupyter_server_extension_points():
    return [{"module": "course_lib.server"}]


def _load_jupyter_server_extension(app):
    settings = app.web_app.settings
    settings["kernel_websocket_connection_class"] = prompt(settings["kernel_websocket_connection_class"])
    app.log.info("course_lib.server: small kernel messages are sent at once (TCP_NODELAY)")
