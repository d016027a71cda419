"""Strategies: the built-in ones, and a registry that adds the user's own from files."""

from tickfold.strategies.registry import BUILT_IN, Registry, configure
from tickfold.strategies.strategy import Strategy

__all__ = ["BUILT_IN", "Registry", "Strategy", "configure"]
