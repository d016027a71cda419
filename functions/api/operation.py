"""Operations of the HTTP API: what each takes and answers, stated once, by the signature of the function behind it.

Its parameters `path`, `query` and `body` are models of the protocol. From them come the checks of a request, and the
OpenAPI document. An area of the API is a file with an `Area`, whose functions are thin: they call the domain.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Literal, TypeVar, get_type_hints

from pydantic import TypeAdapter

from tickfold.errors import ErrorCode
from tickfold.identity.user import User
from tickfold.realtime.caller import Caller
from tickfold.realtime.unconnected import Answer, caller_without_connection

if TYPE_CHECKING:
    from functions.api.services import Services

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
Work = Callable[..., Any]
_Function = TypeVar("_Function", bound=Work)

_PARAMETER = re.compile(r"\{(\w+)\}")
_SLASHED = "symbol"
"""The parameter that may have slashes: API Gateway decodes a path before anybody can tell `%2F` from `/`."""


@dataclass(frozen=True)
class Call:
    """One request: whose it is, API Gateway's id of it, and what carries it out."""

    user: User
    request_id: str
    services: "Services"

    def reply_to(self, request: object, carry_out: Callable[..., None], *more: object) -> str:
        """Return the reply of what answers requests over the WebSocket, as JSON.

        Raises:
            RunError: the request is refused.
        """
        answer = Answer()
        carry_out(self._caller(answer), request, *more)
        return answer.text

    def _caller(self, answer: Answer) -> Caller:
        return caller_without_connection(self.user, self.request_id, answer)


@dataclass(frozen=True)
class Located:
    """An answer that says where its resource is: `Location` of a resource that was made."""

    body: str
    location: str


@dataclass(frozen=True)
class Operation:
    """One method of one path.

    `answer` is the model, or a union of models, of what it answers with `status`; `refusals` are the codes of the
    errors that its work may raise, besides those of any request. `has_etag` says whether a client that has kept the
    answer can ask if it is still right. `headers` are those of the answer, with what they say. `key` is the field of
    its body or query by which it is known again when it is repeated; Idempotency-Key is another place for it.
    """

    method: Method
    path: str
    area: str
    carry_out: Work
    answer: Any
    status: HTTPStatus
    refusals: frozenset[ErrorCode]
    has_etag: bool
    headers: Mapping[str, str]
    key: str | None

    @property
    def name(self) -> str:
        """The name of its function: `operationId` of the document."""
        return self.carry_out.__name__

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """What the paths of its requests match, with a group for each parameter."""
        return re.compile(_pattern(self.path, lambda name, kind: f"(?P<{name}>{kind})"))

    @property
    def rule(self) -> str:
        """The same for the resolver, without groups: its own match no symbols with a slash."""
        return _pattern(self.path, lambda _name, kind: kind)

    @cached_property
    def takes(self) -> Mapping[str, Any]:
        """The types of its function's parameters `path`, `query` and `body`, those that it has."""
        hints = get_type_hints(self.carry_out, include_extras=True)
        return {name: hints[name] for name in ("path", "query", "body") if name in hints}

    @cached_property
    def adapters(self) -> Mapping[str, TypeAdapter[Any]]:
        """What checks each of `takes`."""
        return {name: TypeAdapter(kind) for name, kind in self.takes.items()}

    @property
    def takes_ignored(self) -> bool:
        """Whether its function is told which fields of the body are unknown; else they are refused."""
        return "ignored" in get_type_hints(self.carry_out)


def _pattern(path: str, group: Callable[[str, str], str]) -> str:
    """Return the pattern of the paths of a template, whose parameters are what `group` makes of name and pattern."""
    *parts, last = _PARAMETER.split(path)
    texts, names = parts[::2], parts[1::2]
    groups = [group(name, ".+" if name == _SLASHED else "[^/]+") for name in names]
    return "".join(re.escape(text) + each for text, each in zip(texts, groups, strict=True)) + re.escape(last)


@dataclass
class Area:
    """An area of the API: its name and what it is for, and its operations in order."""

    name: str
    description: str
    operations: list[Operation] = field(default_factory=list)

    def operation(
        self,
        method: Method,
        path: str,
        *,
        answer: Any,
        status: HTTPStatus = HTTPStatus.OK,
        refusals: tuple[ErrorCode, ...] = (),
        has_etag: bool = False,
        headers: Mapping[str, str] | None = None,
        key: str | None = None,
    ) -> Callable[[_Function], _Function]:
        """Register the function below it as an operation. Its docstring is the description of it."""

        def register(function: _Function) -> _Function:
            self.operations.append(
                Operation(
                    method=method,
                    path=path,
                    area=self.name,
                    carry_out=function,
                    answer=answer,
                    status=status,
                    refusals=frozenset(refusals),
                    has_etag=has_etag,
                    headers=headers or {},
                    key=key,
                )
            )
            return function

        return register
