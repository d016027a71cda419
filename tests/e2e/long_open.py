"""Connections as they are once they have been open for a while."""

from embedded.stack import EmbeddedStack


def as_if_long_open(stack: EmbeddedStack, connection_id: str) -> None:
    """Remove the time from a connection's row: a young one may be still opening, and survives being called gone."""
    stack.client("dynamodb").update_item(
        TableName=stack.outputs["connections_table"],
        Key={"connection_id": {"S": connection_id}},
        UpdateExpression="REMOVE connected_at",
    )
