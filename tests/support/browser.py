"""A real browser, and JupyterLab for it. Where the machine has no browser, the tests that need one are skipped.

The browser is the machine's own Chromium, driven by Playwright, which downloads none. It sees this machine and nothing
else: a page that asks for an address elsewhere gets no answer, as for a student on a train.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.support.processes import HANGS

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
WINDOW = (1200, 900)
QUIET = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]
LIGHT, DARK = "JupyterLab Light", "JupyterLab Dark"


@contextmanager
def opened_browser() -> Iterator[Browser]:
    """A browser without a window. Playwright keeps an event loop while it is open: open it for one test at a time."""
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        pytest.skip(f"this machine has no browser ({', '.join(PROGRAMS[:3])})")
    # Chromium's own sandbox refuses to start for root.
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program, args=QUIET, chromium_sandbox=bool(os.geteuid()), timeout=1000 * HANGS
        )
        try:
            yield browser
        finally:
            browser.close()


def new_page(browser: Browser, dark: bool = False) -> Page:
    """A page in a session of its own, of a reader who likes it light or dark."""
    width, height = WINDOW
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light", locale="en-GB"
    )
    context.set_default_timeout(1000 * HANGS)
    return context.new_page()


@contextmanager
def jupyterlab(folder: Path, scratch: Path, *options: str, theme: str = LIGHT, **environment: str) -> Iterator[str]:
    """The address, token included, of a JupyterLab on `folder`, which keeps what it writes of its own in `scratch`.

    `options` go to its command line, more variables into its environment. It takes a port that is free.
    """
    settings = scratch / "config" / "lab" / "user-settings" / "@jupyterlab" / "apputils-extension"
    settings.mkdir(parents=True, exist_ok=True)
    (settings / "themes.jupyterlab-settings").write_text(json.dumps({"theme": theme}))
    # Otherwise it asks whether it may fetch news.
    (settings / "notification.jupyterlab-settings").write_text('{"fetchNews": "false", "checkForUpdates": false}')
    (scratch / "runtime").mkdir(exist_ok=True)
    everything = os.environ | {
        "JUPYTER_CONFIG_DIR": str(scratch / "config"),
        "JUPYTER_DATA_DIR": str(scratch / "data"),
        "JUPYTER_RUNTIME_DIR": str(scratch / "runtime"),
    }
    command = [
        sys.executable,
        "-m",
        "jupyterlab",
        "--no-browser",
        "--allow-root",
        "--ServerApp.ip=127.0.0.1",
        "--ServerApp.port=0",
    ]
    with (scratch / "server.log").open("w") as log:
        server = subprocess.Popen(
            [*command, *options], cwd=folder, env=everything | environment, stdout=log, stderr=subprocess.STDOUT
        )
    try:
        yield _address(server, scratch)
    finally:
        server.terminate()
        server.wait()


def open_notebook(page: Page, address: str, name: str) -> None:
    """Open a notebook of that JupyterLab and wait until its kernel can be asked: keys pressed earlier are lost."""
    page.goto(address.replace("/lab?", f"/lab/tree/{name}?"))
    wait_until_idle(page)


def wait_until_idle(page: Page) -> None:
    """Wait until the kernel of the notebook in front has nothing to do."""
    page.locator("#jp-main-statusbar", has_text="| Idle").wait_for()


def _address(server: subprocess.Popen, scratch: Path) -> str:
    """Where the server answers, as it writes down itself once it does."""
    written = scratch / "runtime" / f"jpserver-{server.pid}.json"
    end = time.monotonic() + HANGS
    while True:
        if server.poll() is not None or time.monotonic() > end:
            raise AssertionError("JupyterLab did not start:\n" + (scratch / "server.log").read_text())
        try:
            about = json.loads(written.read_text())
            return f"http://127.0.0.1:{about['port']}/lab?token={about['token']}"
        except (FileNotFoundError, ValueError):
            time.sleep(0.05)
