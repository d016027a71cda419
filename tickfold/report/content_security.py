"""The page's content security policy: no network, and no script but those that the page carries."""

import base64
import hashlib
from collections.abc import Iterable


def inline_script(text: str) -> str:
    """Return JavaScript as it may stand in a script element, with the line ends that a browser reads."""
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("</script", "<\\/script")


def policy(scripts: Iterable[str]) -> str:
    """Return the policy that lets these inline scripts run, by their digests."""
    allowed = " ".join(_digest(script) for script in scripts)
    return f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data: blob:"


def _digest(script: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode('ascii')}'"
