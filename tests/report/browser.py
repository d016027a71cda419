"""A page in a real browser: headless Chromium, driven by its own protocol over a WebSocket."""

import itertools
import json
import shutil
import subprocess
import time
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.request import ProxyHandler, build_opener

from websockets.sync.client import ClientConnection, connect

FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--remote-debugging-port=0"),
)
PATIENCE = 30.0
_DIRECT = build_opener(ProxyHandler({}))
Json = dict[str, Any]


class Page:
    """An open page: what it asked the network for, what it complained of, and what is on it."""

    def __init__(self, connection: ClientConnection) -> None:
        self.requested: list[str] = []
        self.complaints: list[str] = []
        self._connection = connection
        self._numbers = itertools.count(1)

    def call(self, method: str, **parameters: Any) -> Json:
        """Call a method of the protocol; what happens on the page meanwhile is noted."""
        number = next(self._numbers)
        sent = {"id": number, "method": method, "params": parameters}
        self._connection.send(json.dumps(sent))
        while True:
            message = json.loads(self._connection.recv(timeout=PATIENCE))
            if message.get("id") == number:
                assert "error" not in message, message["error"]
                result: Json = message["result"]
                return result
            self._note(message.get("method", ""), message.get("params", {}))

    def evaluate(self, expression: str) -> Any:
        """Return what a JavaScript expression gives; a promise is waited for."""
        found = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def open(self, path: Path) -> None:
        """Load a file, and wait until it has been laid out and drawn."""
        self.call("Page.navigate", url=path.as_uri())
        deadline = time.monotonic() + PATIENCE
        while not self.evaluate("location.protocol === 'file:' && document.readyState === 'complete'"):
            assert time.monotonic() < deadline, f"{path} was not loaded"
            time.sleep(0.05)
        self.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")

    def screen(self, width: int, height: int, *, dark: bool = False, phone: bool = False) -> None:
        """Set the size of the screen in CSS pixels, and what the reader prefers."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=phone)
        self.call("Emulation.setTouchEmulationEnabled", enabled=phone)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])

    def picture(self) -> bytes:
        """Return the whole page as PNG."""
        return b64decode(self.call("Page.captureScreenshot", captureBeyondViewport=True)["data"])

    def _note(self, event: str, about: Json) -> None:
        match event:
            case "Network.requestWillBeSent":
                self.requested.append(about["request"]["url"])
            case "Runtime.exceptionThrown":
                self.complaints.append(json.dumps(about["exceptionDetails"]))
            case "Runtime.consoleAPICalled":
                self.complaints.append(json.dumps(about["args"]))
            case "Log.entryAdded":
                self.complaints.append(about["entry"]["text"])


@contextmanager
def browser() -> Iterator[Page]:
    """Start Chromium with an empty page; it is gone afterwards, and so is what it wrote."""
    program = shutil.which("chromium")
    assert program, "the report is tested in a real browser: `make chromium` installs Chromium"
    with TemporaryDirectory(prefix="chromium", ignore_cleanup_errors=True) as profile:
        process = subprocess.Popen(
            [program, *FLAGS, f"--user-data-dir={profile}", "about:blank"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            with connect(_address(Path(profile), process), max_size=None, compression=None, proxy=None) as connection:
                page = Page(connection)
                for domain in ("Page", "Runtime", "Log", "Network"):
                    page.call(f"{domain}.enable")
                yield page
        finally:
            process.terminate()
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()


def _address(profile: Path, process: "subprocess.Popen[bytes]") -> str:
    """Return where the browser lets its page be driven; it writes its port into its profile once it listens."""
    deadline = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < deadline:
        try:
            port = (profile / "DevToolsActivePort").read_text().splitlines()[0]
            with _DIRECT.open(f"http://127.0.0.1:{port}/json/list", timeout=PATIENCE) as answer:
                return next(str(one["webSocketDebuggerUrl"]) for one in json.load(answer) if one["type"] == "page")
        except (OSError, IndexError, StopIteration):
            time.sleep(0.05)
    raise AssertionError("Chromium did not start")
