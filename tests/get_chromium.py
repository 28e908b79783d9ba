"""Find a Chromium for the browser tests, or install one: on PATH, else Playwright's own, else (root on Debian) apt."""

import os
import shutil
import subprocess
import sys

from course_lib.authoring.doctor import browser


def main() -> None:
    if browser():
        return
    print("No Chromium on PATH: trying Playwright's own ...", flush=True)
    subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], capture_output=True)
    if browser():
        return
    if shutil.which("apt-get") and hasattr(os, "geteuid") and os.geteuid() == 0:
        print("... not to be had; trying apt ...", flush=True)
        env = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(["apt-get", "update", "-qq"], env=env, stdout=subprocess.DEVNULL)
        subprocess.run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium"], env=env,
                       stdout=subprocess.DEVNULL)
    if not browser():
        print('No Chromium could be installed. Install Chromium or Chrome, or leave the browser tests out: '
              'make test TEST_ARGS=\'-m "not browser"\'', flush=True)


if __name__ == "__main__":
    main()
