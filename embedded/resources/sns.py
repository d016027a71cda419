"""SNS: topics, their policies and subscriptions. The emulator sends no e-mail."""

from embedded.cloud import Cloud
from embedded.resources.creator import Inputs, Outputs, autoname, creates, pop_tags


@creates("aws:sns/topic:Topic")
def topic(cloud: Cloud, name: str, inputs: Inputs) -> tuple[str, Outputs]:
    topic_name = inputs.pop("name", None) or autoname(name)
    arn = cloud.client("sns").create_topic(Name=topic_name, Tags=pop_tags(inputs))["TopicArn"]
    return arn, {"name": topic_name, "arn": arn}


@creates("aws:sns/topicPolicy:TopicPolicy")
def topic_policy(cloud: Cloud, _name: str, inputs: Inputs) -> tuple[str, Outputs]:
    arn = inputs.pop("arn")
    cloud.client("sns").set_topic_attributes(TopicArn=arn, AttributeName="Policy", AttributeValue=inputs.pop("policy"))
    return arn, {}


@creates("aws:sns/topicSubscription:TopicSubscription")
def topic_subscription(cloud: Cloud, _name: str, inputs: Inputs) -> tuple[str, Outputs]:
    subscribed = cloud.client("sns").subscribe(
        TopicArn=inputs.pop("topic"),
        Protocol=inputs.pop("protocol"),
        Endpoint=inputs.pop("endpoint"),
        ReturnSubscriptionArn=True,
    )
    return subscribed["SubscriptionArn"], {"arn": subscribed["SubscriptionArn"]}
