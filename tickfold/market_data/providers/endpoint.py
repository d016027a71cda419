"""A provider's HTTP API: its base URL, its rate limit, its secrets, and JSON of the shape that is expected."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlencode, urlsplit

from tickfold.errors import RunError
from tickfold.market_data.providers.failures import UnavailableError
from tickfold.market_data.providers.http import Http, Request, Response
from tickfold.market_data.providers.rate_limit import RateLimiter
from tickfold.market_data.providers.secret import redact

Json = Any
"""A JSON document as a provider sent it; `Endpoint.parse` guards whatever reads it."""
T = TypeVar("T")


@dataclass(frozen=True, repr=False)
class Endpoint:
    """Sends requests for the provider `name`. `secrets` are masked wherever its own words are repeated."""

    name: str
    base_url: str
    http: Http
    limiter: RateLimiter
    secrets: tuple[str, ...] = ()

    @classmethod
    def create(
        cls, name: str, base_url: str, http: Http, requests_per_minute: int | None, secrets: Iterable[str] = ()
    ) -> "Endpoint":
        """Return the endpoint, with a rate limiter on the clock of `http`.

        Raises:
            RunError: `base_url` is no URL of HTTP, or has a query.
        """
        parts = urlsplit(base_url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            raise RunError(f"{name}: its base URL must be like https://host/path, without a query")
        limiter = RateLimiter(requests_per_minute, http.clock, http.sleep)
        return cls(name, base_url.rstrip("/"), http, limiter, tuple(secrets))

    def get(self, path: str, query: Mapping[str, str], headers: Mapping[str, str] | None = None) -> Response:
        """Return the response of `path`, as `Http.send` does."""
        url = f"{self.base_url}{path}" + (f"?{urlencode(query)}" if query else "")
        return self.http.send(Request(self.name, "GET", url, headers or {}), self.limiter)

    def post(self, path: str, form: Mapping[str, str], headers: Mapping[str, str]) -> Response:
        """Return the response of `path` to a form, as `Http.send` does."""
        return self.http.send(Request(self.name, "POST", f"{self.base_url}{path}", headers, form), self.limiter)

    def document(self, response: Response) -> Json:
        """Return the JSON of the response.

        Raises:
            UnavailableError: it is no JSON.
        """
        try:
            return json.loads(response.body, parse_constant=_refuse_constant)
        except (ValueError, RecursionError):
            kind = redact(response.headers.get("Content-Type", "without a content type"), self.secrets)
            raise UnavailableError(self.name, f"its response is not JSON ({kind})") from None

    def parse(self, document: Json, read: Callable[[Json], T]) -> T:
        """Return `read(document)`.

        Raises:
            UnavailableError: the document does not have the shape that `read` expects.
        """
        try:
            return read(document)
        except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, StopIteration) as error:
            what = type(error).__name__
            raise UnavailableError(self.name, f"its response does not have the documented form ({what})") from None

    def message(self, response: Response, *names: str) -> str:
        """Return what the provider says in a refusal, in the first of its fields `names`: a short line, no secrets."""
        try:
            document = json.loads(response.body)
        except (ValueError, RecursionError):
            return "without a message"
        fields = document if isinstance(document, dict) else {}
        found = next((fields[name] for name in names if fields.get(name)), "without a message")
        return self.words(found)

    def words(self, text: object) -> str:
        """Return a text of the provider for an error: one short line without secrets."""
        return redact(str(text), self.secrets)


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")
