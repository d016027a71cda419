"""Alerts: their table, the functions that evaluate rules and send, and the page of the links in e-mail."""

import pulumi
import pulumi_aws as aws

from components.aws.cron_schedule import CronSchedule
from components.aws.dead_letter_queue import DeadLetterQueue
from components.aws.function_url import FunctionUrl
from components.aws.grant import Grant, Statement
from components.aws.package import Package
from components.aws.python_function import PythonFunction
from components.aws.rule_target import invoke_by_rule
from components.aws.schedule import Schedule
from components.aws.stream_consumer import stream_consumer
from components.backtests import Backtests
from components.configuration import Configuration
from components.market_data import MarketData
from components.stores.alert_store import AlertTable
from components.subsystem import Subsystem
from components.trading import Trading
from functions import announcement, settings

_ALERTS_RECORDED = {"eventName": ["INSERT"], "dynamodb": {"Keys": {"entry": {"S": [{"prefix": "alert#"}]}}}}
_RUNS_ENDED = {
    "eventName": ["MODIFY"],
    "dynamodb": {
        "Keys": {"entry": {"S": ["run"]}},
        "NewImage": {"status": {"S": ["succeeded", "failed", "cancelled"]}},
    },
}
"""The records of runs once they have ended; one that is changed afterwards comes again, which alerts nobody twice."""
_OLDEST_SECONDS = 300
"""When an announcement is given up: later ones have the rules evaluated on the same bars and entries."""
_MINUTES = 15
"""How often journals are evaluated that no event has told of: an event is a hint, which may be lost."""


class Alerts(Subsystem):
    """The table of alerts, and its functions."""

    table: AlertTable
    dead_letters: DeadLetterQueue
    follow_link: PythonFunction
    url: FunctionUrl
    evaluate: PythonFunction
    journals_appended: aws.cloudwatch.EventRule
    schedule: Schedule
    check_silence: PythonFunction
    send: PythonFunction

    def __init__(
        self,
        name: str,
        *,
        configuration: Configuration,
        package: Package,
        market_data: MarketData,
        backtests: Backtests,
        trading: Trading,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("tickfold:index:Alerts", name, configuration=configuration, package=package, opts=opts)
        self.table = AlertTable(name, protect=configuration.protect_data, opts=self._child)
        self.dead_letters = DeadLetterQueue(f"{name}-alerts-dead-letters", opts=self._child)
        self.follow_link = self._create_follow_link()
        self.url = FunctionUrl(f"{name}-follow-link", function=self.follow_link, opts=self._child)
        self.evaluate = self._create_evaluate(market_data, backtests, trading)
        self.journals_appended = self._invoke_on_journals(market_data)
        self.schedule = self._schedule()
        self.dead_letters.accept_events_of([market_data.bars_stored, self.journals_appended, self.schedule.rule])
        self.check_silence = self._create_check_silence(market_data)
        self.send = self._create_send()
        self.register_outputs({"alerts_table": self.table.table_name})

    def may_manage(self) -> Grant:
        """Grant carrying out users' requests."""
        return Grant.union(self.table.may_manage(), self._may_mail(), self._may_post())

    def _may_mail(self) -> Grant:
        """Grant sending from the stack's address, with links that lead back."""
        links = Grant([], {settings.ALERT_LINKS_URL: self.url.url})
        sender = self._configuration.alert_sender
        if sender is None:
            return links
        # The identity may be the address or its domain, and in SES's sandbox the recipient's counts too: what holds is
        # the address that a message is from, which every message has.
        send = Statement(["ses:SendEmail"], ["*"], {"StringEqualsIfExists": {"ses:FromAddress": sender}})
        return Grant.union(links, Grant([send], {settings.ALERT_SENDER: sender}))

    def _may_post(self) -> Grant:
        """Grant posting to webhooks on this machine, where the stack runs on it; others need no right."""
        return Grant([], {settings.LOOPBACK_WEBHOOKS: "true"} if self._configuration.alert_loopback_webhooks else {})

    def _create_follow_link(self) -> PythonFunction:
        return self._create_function(
            f"{self._name}-follow-link",
            module="alerts.follow_link",
            layers=["base"],
            grants=[self.table.may_follow_links()],
            memory=512,
            timeout=10,
        )

    def _create_evaluate(self, market_data: MarketData, backtests: Backtests, trading: Trading) -> PythonFunction:
        function = self._create_function(
            f"{self._name}-evaluate",
            module="alerts.evaluate",
            layers=["base", "numeric"],
            grants=[
                market_data.bars.may_read_bars(),
                backtests.runs.may_read_stream(),
                trading.table.may_read_journal(),
                self.table.may_evaluate(),
                self.table.may_follow_bars(),
                self.table.may_follow_journals(),
                self.dead_letters.may_send(),
            ],
            memory=1_769,
            timeout=60,
        )
        market_data.invoke_on_bars(
            function, dead_letters=self.dead_letters, oldest_seconds=_OLDEST_SECONDS, opts=self._child
        )
        self.dead_letters.keep_failed_events_of(function, retries=2, oldest_seconds=_OLDEST_SECONDS)
        stream_consumer(
            f"{self._name}-evaluate-runs-mapping",
            table=backtests.runs,
            function=function,
            dead_letters=self.dead_letters,
            pattern=_RUNS_ENDED,
            opts=self._child,
        )
        return function

    def _invoke_on_journals(self, market_data: MarketData) -> aws.cloudwatch.EventRule:
        """Have the rules on a portfolio evaluated when entries of its journal were appended.

        The trading table's stream would tell too, but a shard of it serves two consumers.
        """
        description = "Entries were appended to journals of portfolios"
        rule = market_data.announced(announcement.JOURNALS_APPENDED, description, self._child)
        invoke_by_rule(
            f"{self._name}-evaluate-on-journals",
            rule=rule,
            function=self.evaluate,
            target_id=self.evaluate.name,
            dead_letters=self.dead_letters,
            retries=2,
            oldest_seconds=_OLDEST_SECONDS,
            opts=self._child,
        )
        return rule

    def _schedule(self) -> Schedule:
        return Schedule(
            f"{self._name}-evaluate",
            description="Evaluates alert rules on journals that were not told of",
            minutes=_MINUTES,
            function=self.evaluate,
            dead_letters=self.dead_letters,
            opts=self._child,
        )

    def _create_check_silence(self, market_data: MarketData) -> PythonFunction:
        function = self._create_function(
            f"{self._name}-check-silence",
            module="alerts.check_silence",
            layers=["base", "numeric"],
            grants=[
                market_data.bars.may_list(),
                market_data.bars.may_read_states(),
                self.table.may_evaluate(),
                self.dead_letters.may_send(),
            ],
            memory=512,
            timeout=60,
        )
        self.dead_letters.keep_failed_events_of(function, retries=0, oldest_seconds=300)
        if self._configuration.providers:
            CronSchedule(
                f"{self._name}-silence",
                description="Evaluates alert rules on the feed's silence",
                expressions=["*/5 * * * ? *"],
                time_zone="UTC",
                event={},
                function=function,
                dead_letters=self.dead_letters,
                opts=self._child,
            )
        return function

    def _create_send(self) -> PythonFunction:
        function = self._create_function(
            f"{self._name}-send",
            module="alerts.send",
            layers=["base"],
            grants=[
                self.table.may_read_stream(),
                self.table.may_send(),
                self._may_mail(),
                self._may_post(),
                self.dead_letters.may_send(),
            ],
            memory=512,
            timeout=90,
        )
        stream_consumer(
            f"{self._name}-send-mapping",
            table=self.table,
            function=function,
            dead_letters=self.dead_letters,
            pattern=_ALERTS_RECORDED,
            reports_failures=True,
            opts=self._child,
        )
        return function
