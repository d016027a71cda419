"""EventBridge: rules on the default bus and their targets."""

from embedded.cloud import Cloud
from embedded.resources.creator import Inputs, Outputs, autoname, creates, pascal, pop_all, pop_tags


@creates("aws:cloudwatch/eventRule:EventRule", ignores={"forceDestroy": "nothing is destroyed"})
def rule(cloud: Cloud, name: str, inputs: Inputs) -> tuple[str, Outputs]:
    rule_name, tags = inputs.pop("name", None) or autoname(name), pop_tags(inputs)
    created = cloud.client("events").put_rule(Name=rule_name, Tags=tags, **pascal(pop_all(inputs)))
    return rule_name, {"name": rule_name, "arn": created["RuleArn"]}


@creates("aws:cloudwatch/eventTarget:EventTarget", ignores={"forceDestroy": "nothing is destroyed"})
def target(cloud: Cloud, _name: str, inputs: Inputs) -> tuple[str, Outputs]:
    rule_name, target_id = inputs.pop("rule"), inputs.pop("targetId")
    transformer = inputs.pop("inputTransformer", None)
    definition = {"Id": target_id, **pascal(pop_all(inputs))}
    if transformer:
        # The names of the paths are data, not members of the API: they keep their spelling.
        definition["InputTransformer"] = {
            "InputPathsMap": transformer["inputPaths"],
            "InputTemplate": transformer["inputTemplate"],
        }
    cloud.client("events").put_targets(Rule=rule_name, Targets=[definition])
    return f"{rule_name}-{target_id}", {}
