"""botocore's descriptions of services, which each session parses anew: a fifth of a second for each client."""

from typing import Any, ClassVar

from botocore.loaders import JSONFileLoader, Loader


class ParsedOnce(JSONFileLoader):
    """Loads the descriptions, each file once in this process."""

    _parsed: ClassVar[dict[str, Any]] = {}

    def load_file(self, file_path: str) -> Any:
        if file_path not in self._parsed:
            self._parsed[file_path] = super().load_file(file_path)
        return self._parsed[file_path]


def parse_once() -> None:
    """Let all sessions of this process share what they parse, as the clients of one session do."""
    Loader.FILE_LOADER_CLASS = ParsedOnce
