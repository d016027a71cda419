"""Validates a definition in the Amazon States Language (JSONPath)."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

State = Mapping[str, Any]

_ANY = {"Type", "Comment", "Next", "End", "InputPath", "OutputPath"}
_RESULT = {"Parameters", "ResultSelector", "ResultPath", "Retry", "Catch"}
_FIELDS = {
    "Task": _ANY | _RESULT | {"Resource", "TimeoutSeconds", "HeartbeatSeconds"},
    "Map": _ANY
    | _RESULT
    | {
        "Label",
        "ItemReader",
        "ItemSelector",
        "ItemsPath",
        "ItemProcessor",
        "MaxConcurrency",
        "ToleratedFailurePercentage",
    },
    "Choice": {"Type", "Comment", "InputPath", "OutputPath", "Choices", "Default"},
    "Succeed": {"Type", "Comment", "InputPath", "OutputPath"},
    "Pass": _ANY | {"Parameters", "Result", "ResultPath"},
    "Fail": {"Type", "Comment", "Error", "Cause", "ErrorPath", "CausePath"},
}
_RETRIER = {
    "ErrorEquals",
    "IntervalSeconds",
    "BackoffRate",
    "MaxAttempts",
    "MaxDelaySeconds",
    "JitterStrategy",
    "Comment",
}
_RULE = {"Variable", "Next", "Comment"}
_COMPARISONS = {"BooleanEquals", "IsPresent", "NumericEquals", "NumericGreaterThan", "StringEquals"}
_CATCHER = {"ErrorEquals", "ResultPath", "Next", "Comment"}
_PATHS = (
    "InputPath",
    "OutputPath",
    "ResultPath",
    "ErrorPath",
    "CausePath",
    "ItemsPath",
)


def problems(definition: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with `definition`, a sentence each; nothing if it is sound."""
    found = list(_scope_problems("the machine", definition))
    if "TimeoutSeconds" not in definition:
        found.append("the machine has no TimeoutSeconds")
    if len(json.dumps(definition)) > 1_000_000:
        found.append("the definition is larger than 1 MB")
    if "${" in json.dumps(definition):
        found.append("a placeholder is not filled")
    return found


def _scope_problems(scope: str, machine: Mapping[str, Any]) -> Iterator[str]:
    """Judge the states of a machine or of a Map's processor: no transition may leave it."""
    states: Mapping[str, State] = machine["States"]
    targets = {name: set(_targets(state)) for name, state in states.items()}
    for name, reached in {scope: {str(machine.get("StartAt"))}, **targets}.items():
        yield from (f"{name} leads to {target}, which does not exist" for target in sorted(reached - states.keys()))
    yield from (f"{name} cannot be reached" for name in states.keys() - _reachable(machine, targets))
    if not any(state.get("End") or state["Type"] in ("Fail", "Succeed") for state in states.values()):
        yield f"{scope} never ends"
    for name, state in states.items():
        yield from (f"{name} {problem}" for problem in _state_problems(name, state))
        if "ItemProcessor" in state:
            yield from _scope_problems(name, state["ItemProcessor"])


def _targets(state: State) -> Iterator[str]:
    if "Next" in state:
        yield state["Next"]
    if "Default" in state:
        yield state["Default"]
    yield from (rule["Next"] for rule in state.get("Choices", []))
    yield from (catcher["Next"] for catcher in state.get("Catch", []))


def _reachable(machine: Mapping[str, Any], targets: Mapping[str, set[str]]) -> set[str]:
    reached: set[str] = set()
    edge = {str(machine.get("StartAt"))} & targets.keys()
    while edge:
        reached |= edge
        edge = {target for name in edge for target in targets[name]} & targets.keys() - reached
    return reached


def _state_problems(name: str, state: State) -> Iterator[str]:
    kind = state.get("Type")
    if kind not in _FIELDS:
        yield f"has the type {kind}"
        return
    yield from (f"has a field {field}, which {kind} does not know" for field in state.keys() - _FIELDS[kind])
    if len(name) > 80:
        yield "has a name of more than 80 characters"
    if kind not in ("Fail", "Succeed", "Choice") and ("Next" in state) == (state.get("End") is True):
        yield "needs either Next or End"
    yield from _path_problems(state)
    yield from _retry_problems(state)
    yield from _catch_problems(state)
    if kind == "Task" and "TimeoutSeconds" not in state:
        yield "has no TimeoutSeconds"
    if kind == "Map":
        yield from _map_problems(state)
    if kind == "Choice":
        yield from _choice_problems(state)


def _choice_problems(state: State) -> Iterator[str]:
    if "Default" not in state:
        yield "fails where no rule holds: it has no Default"
    for rule in state.get("Choices", []):
        if rule.get("Variable", "")[:1] != "$":
            yield f"compares {rule.get('Variable')!r}, which is no path"
        if len(rule.keys() & _COMPARISONS) != 1 or rule.keys() - _COMPARISONS - _RULE:
            yield "has a rule that is no comparison"


def _path_problems(state: State) -> Iterator[str]:
    paths = {field: state[field] for field in _PATHS if state.get(field) is not None}
    for template in ("Parameters", "ResultSelector"):
        paths.update(_dynamic(state.get(template, {})))
    paths.update(_dynamic(state.get("ItemReader", {}).get("Parameters", {})))
    yield from (f"has {field} {path!r}, which is no path" for field, path in paths.items() if path[:1] != "$")


def _dynamic(template: Mapping[str, Any]) -> dict[str, str]:
    found = {key: value for key, value in template.items() if key.endswith(".$")}
    for value in template.values():
        if isinstance(value, Mapping):
            found.update(_dynamic(value))
    return found


def _retry_problems(state: State) -> Iterator[str]:
    yield from _order_problems("Retry", state.get("Retry", []))
    for retrier in state.get("Retry", []):
        yield from (f"has a field {field} in Retry" for field in retrier.keys() - _RETRIER)
        if retrier.get("MaxAttempts") == 0:
            continue
        if retrier.get("JitterStrategy") != "FULL":
            yield "retries without jitter"
        if not 1 <= retrier.get("IntervalSeconds", 1) < retrier.get("MaxDelaySeconds", 0):
            yield "retries without a longest delay"
        if retrier.get("BackoffRate", 2.0) <= 1:
            yield "retries without backing off"


def _catch_problems(state: State) -> Iterator[str]:
    yield from _order_problems("Catch", state.get("Catch", []))
    for catcher in state.get("Catch", []):
        yield from (f"has a field {field} in Catch" for field in catcher.keys() - _CATCHER)


def _order_problems(field: str, listed: list[Mapping[str, Any]]) -> Iterator[str]:
    for position, entry in enumerate(listed, start=1):
        errors = entry.get("ErrorEquals", [])
        if not errors:
            yield f"matches no error in {field}"
        if "States.ALL" in errors and errors != ["States.ALL"]:
            yield f"has States.ALL with other errors in {field}"
        if "States.ALL" in errors and position < len(listed):
            yield f"has States.ALL before others in {field}"


def _map_problems(state: State) -> Iterator[str]:
    processor = state.get("ItemProcessor", {})
    config = processor.get("ProcessorConfig", {})
    if config.get("Mode") != "DISTRIBUTED":
        yield "is not distributed: it would run 40 items at once at most"
    if config.get("ExecutionType") not in ("EXPRESS", "STANDARD"):
        yield "does not say how its children run"
    if not isinstance(state.get("MaxConcurrency"), int):
        yield "has no number for MaxConcurrency: 10,000 items would run at once"
    if not 1 <= len(state.get("Label", "")) <= 40:
        yield "has no Label of up to 40 characters: its children's names would be made up anew with each change"
