"""Athena: workgroups and saved queries."""

from embedded.account import ACCOUNT, REGION
from embedded.cloud import Cloud
from embedded.resources.creator import Inputs, Outputs, autoname, creates, pascal, pop_all, pop_tags

_SPELLING = {
    "enforceWorkgroupConfiguration": "EnforceWorkGroupConfiguration",
    "publishCloudwatchMetricsEnabled": "PublishCloudWatchMetricsEnabled",
    "kmsKeyArn": "KmsKey",
    "query": "QueryString",
    "workgroup": "WorkGroup",
}


@creates("aws:athena/workgroup:Workgroup", ignores={"forceDestroy": "nothing is destroyed"})
def workgroup(cloud: Cloud, name: str, inputs: Inputs) -> tuple[str, Outputs]:
    workgroup_name = inputs.pop("name", None) or autoname(name)
    cloud.client("athena").create_work_group(
        Name=workgroup_name, Tags=pop_tags(inputs), **pascal(pop_all(inputs), _SPELLING)
    )
    arn = f"arn:aws:athena:{REGION}:{ACCOUNT}:workgroup/{workgroup_name}"
    return workgroup_name, {"name": workgroup_name, "arn": arn}


@creates("aws:athena/namedQuery:NamedQuery")
def named_query(cloud: Cloud, name: str, inputs: Inputs) -> tuple[str, Outputs]:
    query_name = inputs.pop("name", None) or autoname(name)
    created = cloud.client("athena").create_named_query(Name=query_name, **pascal(pop_all(inputs), _SPELLING))
    return created["NamedQueryId"], {"name": query_name}
