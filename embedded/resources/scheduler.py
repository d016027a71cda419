"""EventBridge Scheduler: schedules, which `embedded.schedules` carries out, since the emulator knows no time zones."""

from embedded.cloud import Cloud
from embedded.resources.creator import Inputs, Outputs, autoname, creates, pascal, pop_all


@creates("aws:scheduler/schedule:Schedule")
def schedule(cloud: Cloud, name: str, inputs: Inputs) -> tuple[str, Outputs]:
    schedule_name, target = inputs.pop("name", None) or autoname(name), inputs.pop("target")
    created = cloud.client("scheduler").create_schedule(
        Name=schedule_name,
        Target=pascal(target),
        # Enabled, the emulator would fire it too, at the hours of UTC.
        State="DISABLED",
        **pascal(pop_all(inputs)),
    )
    return f"default/{schedule_name}", {"name": schedule_name, "arn": created["ScheduleArn"]}
