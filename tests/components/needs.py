"""What every role needs: the AWS calls of each function, and what Step Functions does with the state machine's role.

The functions' calls are listed here; the state machine's needs are derived from its definition.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from tests.components.capture import ACCOUNT, API_ID, REGION, STREAM_LABEL, Stack, captured
from tests.components.iam import Policies, is_allowed
from tickfold.storage import layout

PORTFOLIO_TABLES = (
    *(layout.PORTFOLIO_ORDERS, layout.PORTFOLIO_FILLS, layout.PORTFOLIO_TRADES),
    *(layout.PORTFOLIO_CASH_FLOWS, layout.PORTFOLIO_EQUITY),
)

RUN = "0198c0de-run"
CHILD = "11112222-3333"


@dataclass(frozen=True)
class Need:
    """That a role must be able to do `action` on `resource`."""

    role: str
    action: str
    resource: str
    context: Mapping[str, str] = field(default_factory=dict, hash=False)

    def __str__(self) -> str:
        return f"{self.role} lacks {self.action} on {self.resource}"


def unmet(policies: Policies, needs: Sequence[Need]) -> list[Need]:
    """Return the needs that `policies` do not allow."""
    return [
        need
        for need in needs
        if not is_allowed(policies.get(need.role, {}).values(), need.action, need.resource, need.context)
    ]


def needs_of(stack: Stack) -> list[Need]:
    """Return what all roles of `stack` need."""
    modules = (
        "authorize",
        "connect",
        "disconnect",
        "message",
        "fetch",
        "plan",
        "simulate",
        "reduce",
        "report_failure",
        "reconcile",
        "deliver",
        "tick",
        "compact",
        "trade",
        "export_portfolios",
        "export",
        "check_feed",
        "catch_up",
        "quotes",
        "http",
        "evaluate",
        "check_silence",
        "send",
        "follow_link",
    )
    functions = (need for module in modules for need in function_needs(stack, module))
    return [*functions, *workflow_needs(stack), *schedule_needs(stack)]


# --- schedules -------------------------------------------------------------------------------------------------------


def schedule_needs(stack: Stack) -> list[Need]:
    """Return what EventBridge Scheduler does with the roles of the schedules."""
    targets = [schedule.inputs["target"] for schedule in stack.of("aws:scheduler/schedule:Schedule")]
    return [
        Need(target["roleArn"].rpartition("/")[2], action, resource)
        for target in targets
        for action, resource in (
            ("lambda:InvokeFunction", target["arn"]),
            ("sqs:SendMessage", target["deadLetterConfig"]["arn"]),
        )
    ]


# --- functions -------------------------------------------------------------------------------------------------------


def function_needs(stack: Stack, module: str) -> list[Need]:
    """Return what the function of the module `module` calls."""
    role = stack.one("aws:iam/role:Role", f"-{module.replace('_', '-')}-role")
    function = stack.one("aws:lambda/function:Function", f"-{module.replace('_', '-')}-function")
    stream = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/lambda/{function.inputs['name']}"
    always = [
        ("logs:CreateLogStream", f"{stream}:log-stream:2026/01/31/[7]abc"),
        ("logs:PutLogEvents", f"{stream}:log-stream:2026/01/31/[7]abc"),
        ("xray:PutTelemetryRecords", "*"),
        ("xray:PutTraceSegments", "*"),
    ]
    calls = _calls(stack)[module]
    needs = [Need(f"{role.name}-1a2b3c4", action, resource) for action, resource in [*always, *calls]]
    listed = {
        "message": [f"{layout.SERIES}AAPL/"],
        "http": [f"{layout.SERIES}AAPL/"],
        "reduce": [layout.chunks_prefix(RUN, "AAPL")],
        # Where an object is missing, S3 only says so to those who may list.
        "compact": [layout.series_key("AAPL", "1d"), layout.bars_key("AAPL", "1d", 2012)],
        "trade": [layout.series_key("AAPL", "1m")],
        "export_portfolios": [layout.portfolio_checkpoint_key("growth-1")],
        "fetch": [layout.series_key("AAPL", "1d"), layout.bars_key("AAPL", "1d", 2012)],
    }
    if module == "check_feed":
        namespace = {"cloudwatch:namespace": "Tickfold/RealTimeStreaming"}
        needs.append(Need(f"{role.name}-1a2b3c4", "cloudwatch:PutMetricData", "*", namespace))
    if module in ("message", "http", "send"):
        sender = {"ses:FromAddress": "alerts@tickfold.example"}
        needs.append(Need(f"{role.name}-1a2b3c4", "ses:SendEmail", "*", sender))
    return needs + [
        Need(f"{role.name}-1a2b3c4", "s3:ListBucket", _bucket(stack), {"s3:prefix": prefix})
        for prefix in listed.get(module, [])
    ]


def _calls(stack: Stack) -> dict[str, list[tuple[str, str]]]:
    bucket = _bucket(stack)
    series = f"{bucket}/{layout.series_key('AAPL', '1d')}"
    bars = f"{bucket}/{layout.bars_key('AAPL', '1d', 2012)}"
    # Stands for everything of the run that the stages hand on: all of it lies under one prefix.
    handed_on = f"{bucket}/{layout.items_key(RUN)}"
    connections, subscriptions, runs, users, hot, trading, alerts = (
        f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{stack.outputs[f'{name}_table']}"
        for name in ("connections", "subscriptions", "runs", "users", "bars", "trading", "alerts")
    )
    machine = stack.outputs["state_machine_arn"]
    # A client is answered, and cut off where it must not or cannot be.
    talk = [
        (
            "execute-api:ManageConnections",
            f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{API_ID}/live/{method}/@connections/c1=",
        )
        for method in ("POST", "DELETE")
    ]
    forget = [("dynamodb:DeleteItem", connections), ("dynamodb:BatchWriteItem", subscriptions)]
    # A message is appended in a transaction, for which each write's own right is asked.
    tell = [("dynamodb:UpdateItem", runs), ("dynamodb:PutItem", runs), ("dynamodb:GetItem", runs)]
    # A provider is asked with its key, and Schwab with a token that may have to be refreshed.
    asks = [
        ("secretsmanager:GetSecretValue", stack.outputs["keys_secret"]),
        ("secretsmanager:GetSecretValue", stack.outputs["schwab_tokens_secret"]),
        ("secretsmanager:PutSecretValue", stack.outputs["schwab_tokens_secret"]),
    ]
    announces = ("events:PutEvents", f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/default")
    evaluate = [
        *((f"dynamodb:{action}", alerts) for action in ("Query", "BatchGetItem", "UpdateItem", "PutItem")),
        ("sqs:SendMessage", dead_letters("alerts")),
    ]
    end = [*tell, ("dynamodb:UpdateItem", users)]
    trade_and_alert = [
        *(
            (f"dynamodb:{action}", table)
            for table in (trading, alerts)
            for action in ("GetItem", "BatchGetItem", "Query", "PutItem", "DeleteItem")
        ),
        ("dynamodb:Query", f"{trading}/index/by_number"),
    ]
    return {
        "authorize": [],
        "connect": [
            ("dynamodb:PutItem", connections),
            ("dynamodb:UpdateItem", connections),
            ("dynamodb:PutItem", subscriptions),
        ],
        "disconnect": forget,
        "message": [
            *talk,
            *forget,
            *end,
            ("s3:GetObject", series),
            ("dynamodb:Query", runs),
            ("dynamodb:Query", f"{runs}/index/by_user"),
            ("dynamodb:PutItem", users),
            ("dynamodb:GetItem", users),
            ("dynamodb:UpdateItem", connections),
            ("dynamodb:PutItem", subscriptions),
            ("dynamodb:DeleteItem", subscriptions),
            *((f"dynamodb:{action}", hot) for action in ("GetItem", "BatchGetItem", "Query", "BatchWriteItem")),
            *trade_and_alert,
            ("states:StartExecution", machine),
            ("states:StopExecution", f"{machine.replace(':stateMachine:', ':execution:')}:{CHILD}"),
        ],
        "http": [
            *end,
            ("s3:GetObject", series),
            ("s3:GetObjectVersion", bars),
            ("s3:GetObject", f"{bucket}/{layout.trades_key(RUN)}"),
            ("s3:GetObject", f"{bucket}/{layout.equity_key(RUN)}"),
            ("s3:GetObject", f"{bucket}/{layout.equity_by_symbol_key(RUN)}"),
            ("dynamodb:Query", runs),
            ("dynamodb:Query", f"{runs}/index/by_user"),
            ("dynamodb:PutItem", users),
            ("dynamodb:GetItem", users),
            *((f"dynamodb:{action}", hot) for action in ("GetItem", "BatchGetItem", "Query", "BatchWriteItem")),
            *trade_and_alert,
            ("states:StartExecution", machine),
            ("states:StopExecution", f"{machine.replace(':stateMachine:', ':execution:')}:{CHILD}"),
        ],
        "deliver": [
            *talk,
            *forget,
            ("sqs:SendMessage", dead_letters("realtime")),
            ("dynamodb:Query", subscriptions),
            ("dynamodb:Query", alerts),
            announces,
            ("dynamodb:ListStreams", "*"),
            *(
                (f"dynamodb:{action}", f"{table}/stream/{STREAM_LABEL}")
                for table in (runs, hot, trading, alerts)
                for action in ("DescribeStream", "GetRecords", "GetShardIterator")
            ),
        ],
        "tick": [
            *((f"dynamodb:{action}", hot) for action in ("Query", "GetItem", "UpdateItem", "PutItem")),
            *asks,
            announces,
            ("sqs:SendMessage", dead_letters("market-data")),
        ],
        "trade": [
            ("dynamodb:Query", hot),
            *(
                (f"dynamodb:{action}", trading)
                for action in ("GetItem", "Query", "PutItem", "UpdateItem", "DeleteItem")
            ),
            ("s3:GetObject", series),
            ("s3:GetObjectVersion", bars),
            ("sqs:SendMessage", dead_letters("trading")),
        ],
        "export_portfolios": [
            ("dynamodb:Query", trading),
            *(
                (f"s3:{action}", f"{bucket}/{key}")
                for action in ("GetObject", "PutObject")
                for key in (
                    layout.portfolio_checkpoint_key("growth-1"),
                    *(layout.portfolio_key(table, "growth-1", date(2026, 1, 31)) for table in PORTFOLIO_TABLES),
                )
            ),
            ("sqs:SendMessage", dead_letters("trading")),
        ],
        "quotes": [("dynamodb:UpdateItem", hot), *asks],
        "evaluate": [
            *evaluate,
            ("dynamodb:Query", hot),
            ("dynamodb:Query", trading),
            ("dynamodb:GetItem", alerts),
            ("dynamodb:ListStreams", "*"),
            *(
                (f"dynamodb:{action}", f"{runs}/stream/{STREAM_LABEL}")
                for action in ("DescribeStream", "GetRecords", "GetShardIterator")
            ),
        ],
        "check_silence": [*evaluate, ("dynamodb:Query", hot), ("dynamodb:BatchGetItem", hot)],
        "send": [
            *((f"dynamodb:{action}", alerts) for action in ("GetItem", "BatchGetItem", "UpdateItem")),
            ("sqs:SendMessage", dead_letters("alerts")),
            ("dynamodb:ListStreams", "*"),
            *(
                (f"dynamodb:{action}", f"{alerts}/stream/{STREAM_LABEL}")
                for action in ("DescribeStream", "GetRecords", "GetShardIterator")
            ),
        ],
        "follow_link": [("dynamodb:GetItem", alerts), ("dynamodb:UpdateItem", alerts)],
        "check_feed": [
            ("dynamodb:Query", hot),
            ("dynamodb:BatchGetItem", hot),
            ("secretsmanager:GetSecretValue", stack.outputs["schwab_tokens_secret"]),
            ("sqs:SendMessage", dead_letters("market-data")),
        ],
        "catch_up": [
            ("dynamodb:Query", hot),
            ("secretsmanager:GetSecretValue", stack.outputs["keys_secret"]),
            ("sqs:SendMessage", dead_letters("market-data")),
        ],
        "export": [
            ("secretsmanager:GetSecretValue", stack.outputs["keys_secret"]),
            ("sqs:SendMessage", dead_letters("market-data")),
            ("dynamodb:ListStreams", "*"),
            *(
                (f"dynamodb:{action}", f"{hot}/stream/{STREAM_LABEL}")
                for action in ("DescribeStream", "GetRecords", "GetShardIterator")
            ),
        ],
        "compact": [
            *((f"dynamodb:{action}", hot) for action in ("Query", "GetItem", "UpdateItem", "BatchWriteItem")),
            *((f"s3:{action}", path) for action in ("GetObject", "PutObject") for path in (series, bars)),
            ("s3:GetObjectVersion", bars),
            ("sqs:SendMessage", dead_letters("market-data")),
        ],
        "fetch": [
            *tell,
            *((f"dynamodb:{action}", hot) for action in ("BatchGetItem", "Query", "GetItem", "UpdateItem")),
            *asks,
            *((f"s3:{action}", path) for action in ("GetObject", "PutObject") for path in (series, bars)),
            ("s3:GetObjectVersion", bars),
        ],
        "plan": [*end, ("s3:GetObject", series), ("s3:PutObject", handed_on)],
        "simulate": [
            *tell,
            ("s3:GetObject", handed_on),
            ("s3:GetObjectVersion", bars),
            ("s3:PutObject", handed_on),
        ],
        "reduce": [
            *end,
            ("s3:GetObject", handed_on),
            ("s3:PutObject", handed_on),
            ("s3:GetObjectVersion", bars),
            ("s3:PutObject", f"{bucket}/{layout.trades_key(RUN)}"),
            ("s3:PutObject", f"{bucket}/{layout.equity_key(RUN)}"),
            ("s3:PutObject", f"{bucket}/{layout.runs_by_symbol_key(RUN)}"),
            ("s3:PutObject", f"{bucket}/{layout.equity_by_symbol_key(RUN)}"),
            ("s3:PutObject", f"{bucket}/{layout.sweep_key(RUN)}"),
            ("s3:PutObject", f"{bucket}/{layout.walk_forward_key(RUN)}"),
            ("s3:PutObject", f"{bucket}/{layout.RUNS}year=2026/{RUN}.parquet"),
        ],
        "reconcile": [
            *end,
            ("dynamodb:Query", f"{runs}/index/by_status"),
            ("states:DescribeExecution", f"{machine.replace(':stateMachine:', ':execution:')}:{CHILD}"),
            ("sqs:SendMessage", dead_letters("backtests")),
        ],
        "report_failure": [*end, ("sqs:SendMessage", dead_letters("backtests"))],
    }


def dead_letters(subsystem: str) -> str:
    """Return the ARN of the queue with what the functions of `subsystem` could not handle."""
    return f"arn:aws:sqs:{REGION}:{ACCOUNT}:tickfold-dev-{subsystem}-dead-letters"


def _bucket(stack: Stack) -> str:
    return f"arn:aws:s3:::{stack.outputs['bucket']}"


# --- the state machine -----------------------------------------------------------------------------------------------


def workflow_needs(stack: Stack) -> list[Need]:
    """Return what Step Functions does with the state machine's role."""
    machine = stack.one("aws:sfn/stateMachine:StateMachine")
    role = machine.inputs["roleArn"].partition("/")[2]
    definition = json.loads(machine.inputs["definition"])
    calls = [call for state in states_of(definition) for call in _state_calls(stack, state)]
    if machine.inputs["loggingConfiguration"]["level"] != "OFF":
        calls += [(f"logs:{action}", "*") for action in LOG_DELIVERY]
    if machine.inputs["tracingConfiguration"]["enabled"]:
        calls += [(f"xray:{action}", "*") for action in TRACING]
    return [Need(role, action, resource) for action, resource in calls]


LOG_DELIVERY = [
    "CreateLogDelivery",
    "DeleteLogDelivery",
    "DescribeLogGroups",
    "DescribeResourcePolicies",
    "GetLogDelivery",
    "ListLogDeliveries",
    "PutResourcePolicy",
    "UpdateLogDelivery",
]
TRACING = ["GetSamplingRules", "GetSamplingTargets", "PutTelemetryRecords", "PutTraceSegments"]


def states_of(definition: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Return every state, those inside a Map too."""
    for state in definition["States"].values():
        yield state
        if "ItemProcessor" in state:
            yield from states_of(state["ItemProcessor"])


def state_of(definition: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return the state called `name`, wherever it is."""
    inner = [state["ItemProcessor"] for state in definition["States"].values() if "ItemProcessor" in state]
    (state,) = (machine["States"][name] for machine in (definition, *inner) if name in machine["States"])
    found: dict[str, Any] = state
    return found


def _state_calls(stack: Stack, state: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if state["Type"] == "Task":
        assert state["Resource"] == "arn:aws:states:::lambda:invoke", "say here what this task needs"
        yield "lambda:InvokeFunction", state["Parameters"]["FunctionName"]
    if state.get("ItemProcessor", {}).get("ProcessorConfig", {}).get("Mode") == "DISTRIBUTED":
        yield from _distributed_map_calls(stack, state)


def _distributed_map_calls(stack: Stack, state: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    machine, label = stack.outputs["state_machine_arn"], state["Label"]
    yield "states:StartExecution", machine
    executions = machine.replace(":stateMachine:", ":execution:")
    for action in ("DescribeExecution", "StopExecution"):
        yield f"states:{action}", f"{executions}:{CHILD}"
        yield f"states:{action}", f"{executions}/{label}:{CHILD}"
    yield "states:RedriveExecution", f"{executions}/{label}:{CHILD}"
    assert state["ItemProcessor"]["ProcessorConfig"]["ExecutionType"] == "STANDARD", "say here what its children need"
    reader = state["ItemReader"]
    assert reader["Resource"] == "arn:aws:states:::s3:getObject", "say here what this reader needs"
    yield "s3:GetObject", f"arn:aws:s3:::{reader['Parameters']['Bucket']}/{layout.items_key(RUN)}"


ALL_NEEDS = needs_of(captured("dev"))
