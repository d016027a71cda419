"""Market data: the feed, which fetches bars every minute of the session, and where its bars go."""

import json
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import pulumi
import pulumi_aws as aws
from botocore.utils import ArnParser

from components.aws.alarm_topic import AlarmTopic
from components.aws.cron_schedule import CronSchedule
from components.aws.dead_letter_queue import DeadLetterQueue
from components.aws.grant import Grant, Statement
from components.aws.package import Package
from components.aws.python_function import PythonFunction
from components.aws.rule_target import invoke_by_rule
from components.aws.secret import Secret
from components.aws.stream_consumer import stream_consumer
from components.configuration import Configuration
from components.data_lake import DataLake
from components.stores.hot_store import HotTable
from components.subsystem import Subsystem
from functions import announcement, settings

_NEW_YORK = "America/New_York"
_EVERY_MINUTE = {
    # From the end of the first minute to a quarter of an hour after the close, up to which the last bars may come.
    "XNYS": (_NEW_YORK, ("31-59 9 ? * MON-FRI *", "* 10-15 ? * MON-FRI *", "0-15 16 ? * MON-FRI *")),
    "24/7": ("UTC", ("* * * * ? *",)),
}
"""The time zone of each market, and when the feed runs. On holidays and after early closes a tick finds nothing due."""
_COMPACTION = {"XNYS": (_NEW_YORK, ("20 10-16 ? * MON-FRI *",)), "24/7": ("UTC", ("20 */6 * * ? *",))}
"""When bars are put into the lake for SQL, the last time when no more of a session's can come. Each time rewrites a
year, whose versions are kept: of a market that never closes they are five times as large."""

_MOST_LOG_DAYS = 14
"""The feed logs each minute what is of no use after two weeks."""

BARS_STORED = {"eventName": ["INSERT"], "dynamodb": {"Keys": {"entry": {"S": [{"prefix": "bar#"}]}}}}
"""The items of the hot table that are bars, when they are stored."""
_OLDEST_EXPORTED_SECONDS = 23 * 3_600
"""While PostgreSQL is down its bars wait in the stream, which keeps them for a day."""
_EXPORT_RETRIES = 10_000
"""The most that Lambda allows: only the age of a record is a reason to give it up."""


class _Alarm(NamedTuple):
    """A metric of `check-feed`, when it rings, and what is wrong then."""

    metric: str
    comparison: str
    threshold: int
    description: str


_ALARMS = (
    _Alarm(
        "SilentSessionMinutes",
        "GreaterThanOrEqualToThreshold",
        15,
        "No bars for 15 minutes of the session: see the log of the function tick",
    ),
    _Alarm(
        "CalendarDaysLeft",
        "LessThanThreshold",
        90,
        "The exchange calendar ends: update exchange_calendars, run `make calendar`, and deploy",
    ),
)
_SCHWAB_ALARM = _Alarm(
    "SchwabHoursLeft",
    "LessThanThreshold",
    48,
    "The login at Schwab expires within two days: run `tickfold auth schwab`",
)


class MarketData(Subsystem):
    """The hot table, the providers' keys, and the functions of the feed with their schedules."""

    order: str
    """The providers in the order in which they are asked, with their settings, as JSON."""
    event_source: str
    """The source of the event that says of which symbols bars were stored."""
    bars_stored: aws.cloudwatch.EventRule
    bars: HotTable
    keys: Secret
    schwab_tokens: Secret | None
    dead_letters: DeadLetterQueue
    tick: PythonFunction
    compact: PythonFunction
    quotes: PythonFunction
    check_feed: PythonFunction
    export: PythonFunction | None = None
    catch_up: PythonFunction | None = None
    schedules: list[CronSchedule]

    def __init__(
        self,
        name: str,
        *,
        configuration: Configuration,
        package: Package,
        lake: DataLake,
        alarms: AlarmTopic,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(
            "tickfold:index:MarketData",
            name,
            configuration=configuration,
            package=package,
            log_retention_days=min(configuration.log_retention_days, _MOST_LOG_DAYS),
            opts=opts,
        )
        self.order = json.dumps([each.model_dump(exclude_none=True) for each in configuration.providers])
        self.event_source = f"tickfold.{name}"
        self.bars_stored = self.announced(announcement.BARS_STORED, "Bars of the feed were stored", self._child)
        self.bars = HotTable(name, protect=configuration.protect_data, opts=self._child)
        self.keys = self._create_keys()
        self.schwab_tokens = self._create_schwab_tokens()
        self.dead_letters = DeadLetterQueue(f"{name}-market-data-dead-letters", opts=self._child)
        self.tick = self._create_tick()
        self.compact = self._create_compact(lake)
        self.quotes = self._create_quotes()
        self.check_feed = self._create_check_feed()
        self.schedules = self._schedule()
        if configuration.providers:
            self._watch(alarms)
        if configuration.export_to_postgresql:
            self.export = self._create_export()
            self.catch_up = self._create_catch_up()
        self.register_outputs({"bars_table": self.bars.table_name})

    def invoke_on_bars(
        self,
        function: PythonFunction,
        *,
        dead_letters: DeadLetterQueue,
        oldest_seconds: int,
        opts: pulumi.ResourceOptions,
    ) -> None:
        """Invoke `function` when bars were stored, with their symbols. `dead_letters` must accept events of
        `bars_stored`.

        The hot table's stream would tell too, but a shard of it serves two consumers, which it may have already.
        """
        invoke_by_rule(
            f"{function.name}-on-bars",
            rule=self.bars_stored,
            function=function,
            target_id=function.name,
            dead_letters=dead_letters,
            retries=2,
            oldest_seconds=oldest_seconds,
            opts=opts,
        )

    def announced(
        self, kind: announcement.Kind, description: str, opts: pulumi.ResourceOptions
    ) -> aws.cloudwatch.EventRule:
        """Create the rule of the events of a kind that this stack puts on the default bus."""
        name = f"{self._name}-{kind.detail_type.lower().replace(' ', '-')}"
        pattern = {"source": [self.event_source], "detail-type": [kind.detail_type]}
        return aws.cloudwatch.EventRule(
            name, name=name, description=description, event_pattern=json.dumps(pattern), opts=opts
        )

    def may_use_providers(self) -> Grant:
        """Grant asking the providers, in their order, with their keys."""
        asks = Grant.union(self.keys.may_read(), self.may_know_providers())
        if self.schwab_tokens is None:
            return asks
        return Grant.union(asks, self.schwab_tokens.may_change(), self.bars.may_hold_lease())

    def may_know_providers(self) -> Grant:
        """Grant knowing which providers are configured, without their keys."""
        return Grant([], {settings.PROVIDERS: self.order})

    def may_announce(self) -> Grant:
        """Grant putting events on the default bus, as the stack."""
        put = Statement(["events:PutEvents"], [self.bars.table.arn.apply(_default_bus)])
        return Grant([put], {settings.EVENT_SOURCE: self.event_source})

    def _create_schwab_tokens(self) -> Secret | None:
        if not any(each.name == "schwab" for each in self._configuration.providers):
            return None
        return Secret(
            f"{self._name}-schwab-tokens",
            description="Tokens of the login at Schwab, set by `tickfold auth schwab`",
            variable=settings.SCHWAB_TOKENS_SECRET,
            protect=self._configuration.protect_data,
            opts=self._child,
        )

    def _create_keys(self) -> Secret:
        return Secret(
            f"{self._name}-market-data",
            description="Keys of market data providers, set by `tickfold data keys set`",
            variable=settings.KEYS_SECRET,
            protect=self._configuration.protect_data,
            opts=self._child,
        )

    def _create_tick(self) -> PythonFunction:
        return self._create_function(
            f"{self._name}-tick",
            module="market_data.tick",
            layers=["base", "numeric"],
            grants=[
                self.bars.may_append(),
                self.bars.may_list(),
                self.may_use_providers(),
                self.may_announce(),
                self.dead_letters.may_send(),
            ],
            memory=512,
            timeout=55,
            environment={settings.METRICS_NAMESPACE: self._configuration.metrics_namespace},
        )

    def _create_compact(self, lake: DataLake) -> PythonFunction:
        return self._create_function(
            f"{self._name}-compact",
            module="market_data.compact",
            layers=["base", "numeric"],
            grants=[
                self.bars.may_read(),
                self.bars.may_note_compaction(),
                self.bars.may_delete(),
                self.bars.may_list(),
                lake.may_load_bars(),
                self.dead_letters.may_send(),
            ],
            memory=1_769,
            timeout=600,
        )

    def _create_quotes(self) -> PythonFunction:
        return self._create_function(
            f"{self._name}-quotes",
            module="market_data.quotes",
            layers=["base", "numeric"],
            grants=[self.may_use_providers()],
            memory=512,
            timeout=30,
        )

    def _create_check_feed(self) -> PythonFunction:
        namespace = self._configuration.metrics_namespace
        put = Statement(["cloudwatch:PutMetricData"], ["*"], {"StringEquals": {"cloudwatch:namespace": namespace}})
        function = self._create_function(
            f"{self._name}-check-feed",
            module="market_data.check_feed",
            layers=["base", "numeric"],
            grants=[
                self.bars.may_list(),
                self.bars.may_read_states(),
                *([self.schwab_tokens.may_read()] if self.schwab_tokens else []),
                Grant([put], {settings.METRICS_NAMESPACE: namespace}),
                self.dead_letters.may_send(),
            ],
            memory=512,
            timeout=60,
        )
        self.dead_letters.keep_failed_events_of(function, retries=0, oldest_seconds=300)
        return function

    def _watch(self, alarms: AlarmTopic) -> None:
        """Have the feed checked, and alarms ring where it is silent, or its calendar ends."""
        self._cron("check-feed", "Checks the feed", expressions=["*/5 * * * ? *"], function=self.check_feed, event={})
        for alarm in (*_ALARMS, *([_SCHWAB_ALARM] if self.schwab_tokens else [])):
            aws.cloudwatch.MetricAlarm(
                f"{self._name}-{alarm.metric}",
                name=f"{self._name}-{alarm.metric}",
                alarm_description=alarm.description,
                namespace=self._configuration.metrics_namespace,
                metric_name=alarm.metric,
                statistic="Maximum",
                period=300,
                evaluation_periods=1,
                comparison_operator=alarm.comparison,
                threshold=alarm.threshold,
                # Outside of sessions there is nothing to be silent about.
                treat_missing_data="notBreaching",
                alarm_actions=[alarms.arn],
                ok_actions=[alarms.arn],
                opts=self._child,
            )

    def _create_catch_up(self) -> PythonFunction:
        function = self._create_function(
            f"{self._name}-catch-up",
            module="market_data.catch_up",
            layers=["base", "numeric", "postgres"],
            grants=[self.bars.may_list(), self.keys.may_read(), self.dead_letters.may_send()],
            memory=512,
            timeout=300,
        )
        self.dead_letters.keep_failed_events_of(function, retries=0, oldest_seconds=3_600)
        self._cron(
            "catch-up",
            "Writes to PostgreSQL what it lacks",
            expressions=["7 * * * ? *"],
            function=function,
            event={"hours": 48},
        )
        return function

    def _cron(
        self,
        name: str,
        description: str,
        *,
        expressions: Sequence[str],
        time_zone: str = "UTC",
        function: PythonFunction,
        event: Mapping[str, str | int],
    ) -> CronSchedule:
        return CronSchedule(
            f"{self._name}-{name}",
            description=description,
            expressions=expressions,
            time_zone=time_zone,
            event=event,
            function=function,
            dead_letters=self.dead_letters,
            opts=self._child,
        )

    def _create_export(self) -> PythonFunction:
        function = self._create_function(
            f"{self._name}-export",
            module="market_data.export",
            layers=["base", "postgres"],
            grants=[self.bars.may_read_stream(), self.keys.may_read(), self.dead_letters.may_put()],
            memory=256,
            timeout=60,
            environment={settings.METRICS_NAMESPACE: self._configuration.metrics_namespace},
        )
        stream_consumer(
            f"{self._name}-export-mapping",
            table=self.bars,
            function=function,
            dead_letters=self.dead_letters,
            pattern=BARS_STORED,
            oldest_seconds=_OLDEST_EXPORTED_SECONDS,
            retries=_EXPORT_RETRIES,
            batching_seconds=1,
            reports_failures=True,
            opts=self._child,
        )
        return function

    def _schedule(self) -> list[CronSchedule]:
        """Schedule ticks and compactions; without providers there is nothing to fetch."""
        self.dead_letters.keep_failed_events_of(self.tick, retries=0, oldest_seconds=60)
        self.dead_letters.keep_failed_events_of(self.compact, retries=2, oldest_seconds=6 * 3_600)
        if not self._configuration.providers:
            return []
        return [
            self._cron(
                f"{work}-{market.lower().replace('/', '-')}",
                f"{description} {market}",
                expressions=expressions,
                time_zone=time_zone,
                function=function,
                event={"market": market},
            )
            for market in self._configuration.feed_markets
            for work, description, function, (time_zone, expressions) in (
                ("tick", "Fetches the bars of", self.tick, _EVERY_MINUTE[market]),
                ("compact", "Puts into the lake the bars of", self.compact, _COMPACTION[market]),
            )
        ]


def _default_bus(arn: str) -> str:
    """Return the ARN of the default event bus in the account and region of `arn`."""
    of = ArnParser().parse_arn(arn)
    return f"arn:{of['partition']}:events:{of['region']}:{of['account']}:event-bus/default"
