"""The two operations of Secrets Manager that a login uses, in its JSON protocol."""

import json

from tests.market_data.providers.servers.http_server import HttpServer, Received, Reply


class SecretsServer(HttpServer):
    """`values` are the secrets' current values, by name."""

    def __init__(self, **values: str) -> None:
        super().__init__()
        self.values = values

    def respond(self, request: Received) -> Reply:
        operation = request.headers["x-amz-target"].removeprefix("secretsmanager.")
        asked = json.loads(request.body)
        name = asked["SecretId"]
        if operation == "PutSecretValue":
            self.values[name] = asked["SecretString"]
            return Reply({"Name": name, "VersionId": asked["ClientRequestToken"]})
        if name not in self.values:
            missing = {"__type": "ResourceNotFoundException", "Message": "Secrets Manager can't find the secret value."}
            return Reply(missing, 400)
        return Reply({"Name": name, "SecretString": self.values[name]})
