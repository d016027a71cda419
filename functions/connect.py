"""$connect: remembers a connection that is being opened."""

from functions import granted
from tickfold.identity import Identity


def handler(event, _context):
    granted.connections().add(event["requestContext"]["connectionId"], Identity.of(event["requestContext"]))
    print("connected")
    return {"statusCode": 200}
