"""Packages whose names are imported when they are first used, so that importing the package takes no time."""

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any


def lazy_names(
    package: dict[str, Any], modules: Mapping[str, Sequence[str]]
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Return `__getattr__` and `__dir__` of the package with the globals `package`: each module's names are in it."""
    module_of = {name: module for module, names in modules.items() for name in names}

    def __getattr__(name: str) -> Any:  # noqa: N807 - Python's own name for it
        if name not in module_of:
            raise AttributeError(f"module {package['__name__']!r} has no attribute {name!r}")
        found = getattr(import_module(f"{package['__name__']}.{module_of[name]}"), name)
        package[name] = found
        return found

    def __dir__() -> list[str]:  # noqa: N807
        return sorted({*package, *module_of})

    return __getattr__, __dir__
