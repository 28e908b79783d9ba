"""A PostgreSQL server of the tests' own, where PostgreSQL is installed: a fresh cluster in a temporary folder, gone afterwards."""

import glob
import os
import shutil
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path


def program(name: str) -> str | None:
    """Where PostgreSQL's own programs lie; Debian keeps them out of the PATH."""
    return shutil.which(name) or max(glob.glob(f"/usr/lib/postgresql/*/bin/{name}"), default=None)


@contextmanager
def server(connections: int = 250):
    """The URL of its database. PostgreSQL refuses to run as root: then it runs as the user ``postgres`` or ``nobody``."""
    user = {}
    if os.geteuid() == 0:
        import pwd

        names = {u.pw_name for u in pwd.getpwall()}
        user = dict(user="postgres" if "postgres" in names else "nobody")
    folder = Path(tempfile.mkdtemp(prefix="course-postgres-"))
    if user:
        shutil.chown(folder, user["user"])
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    quiet = dict(check=True, stdout=subprocess.DEVNULL, cwd=folder, **user)
    subprocess.run([program("initdb"), "-D", folder / "data", "-U", "course", "-A", "trust", "-E", "UTF8", "--no-locale"], **quiet)
    with open(folder / "log", "w") as log:
        process = subprocess.Popen([program("postgres"), "-D", folder / "data", "-p", str(port), "-h", "127.0.0.1", "-k", folder,
                                    "-c", f"max_connections={connections}"], stdout=log, stderr=log, cwd=folder, **user)
    try:
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                subprocess.run([program("psql"), "-h", "127.0.0.1", "-p", str(port), "-U", "course", "-c", "select 1", "postgres"],
                               **quiet | dict(check=True, stderr=subprocess.DEVNULL))
                break
            except (OSError, subprocess.CalledProcessError):
                assert process.poll() is None, (folder / "log").read_text()
                time.sleep(0.1)
        yield f"postgresql://course@127.0.0.1:{port}/postgres"
    finally:
        process.send_signal(2)  # fast shutdown
        process.wait(20)
        shutil.rmtree(folder, ignore_errors=True)
