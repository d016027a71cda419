"""What is in an account, service by service."""

from collections.abc import Callable, Mapping
from typing import Any

from embedded.cloud import Cloud

_LISTS: Mapping[str, tuple[str, str, str, str]] = {
    "APIs": ("apigatewayv2", "get_apis", "Items", "Name"),
    "Athena workgroups": ("athena", "list_work_groups", "WorkGroups", "Name"),
    "event rules": ("events", "list_rules", "Rules", "Name"),
    "event source mappings": ("lambda", "list_event_source_mappings", "EventSourceMappings", "UUID"),
    "functions": ("lambda", "list_functions", "Functions", "FunctionName"),
    "Glue databases": ("glue", "get_databases", "DatabaseList", "Name"),
    "layers": ("lambda", "list_layers", "Layers", "LayerName"),
    "log groups": ("logs", "describe_log_groups", "logGroups", "logGroupName"),
    "roles": ("iam", "list_roles", "Roles", "RoleName"),
    "schedules": ("scheduler", "list_schedules", "Schedules", "Name"),
    "secrets": ("secretsmanager", "list_secrets", "SecretList", "Name"),
    "state machines": ("stepfunctions", "list_state_machines", "stateMachines", "name"),
}
"""Kind → service, operation, the list in its answer, and what an entry is called."""
_NAMES: Mapping[str, tuple[str, str, str]] = {
    "queues": ("sqs", "list_queues", "QueueUrls"),
    "tables": ("dynamodb", "list_tables", "TableNames"),
}


def contents(cloud: Cloud) -> dict[str, list[str]]:
    """Return the names of all that is in the account, by kind; kinds of which there is none are left out."""
    found = {kind: _named(cloud, *where) for kind, where in _LISTS.items()}
    found |= {
        kind: list(_call(cloud, service, operation).get(key, ())) for kind, (service, operation, key) in _NAMES.items()
    }
    found["buckets"] = [bucket["Name"] for bucket in cloud.client("s3").list_buckets()["Buckets"]]
    return {kind: sorted(names) for kind, names in found.items() if names}


def _named(cloud: Cloud, service: str, operation: str, key: str, name: str) -> list[str]:
    return [entry[name] for entry in _call(cloud, service, operation)[key]]


def _call(cloud: Cloud, service: str, operation: str) -> Any:
    call: Callable[[], Any] = getattr(cloud.client(service), operation)
    return call()
