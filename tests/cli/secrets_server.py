"""The three operations of Secrets Manager that commands use, in its JSON protocol."""

import json

from tests.market_data.providers.servers.http_server import HttpServer, Received, Reply


class SecretsServer(HttpServer):
    """`values` are the secrets' current values, by name. Versions that are not current are kept apart."""

    def __init__(self, **values: str) -> None:
        super().__init__()
        self.values = values
        self._current = dict.fromkeys(values, "0" * 32)
        self._versions = dict[str, str]()

    def respond(self, request: Received) -> Reply:
        operation = request.headers["x-amz-target"].removeprefix("secretsmanager.")
        asked = json.loads(request.body)
        name = asked["SecretId"]
        if operation == "PutSecretValue":
            return self._put(name, asked["ClientRequestToken"], asked)
        if operation == "UpdateSecretVersionStage":
            return self._move(name, asked)
        if name not in self.values:
            missing = {"__type": "ResourceNotFoundException", "Message": "Secrets Manager can't find the secret value."}
            return Reply(missing, 400)
        return Reply({"Name": name, "SecretString": self.values[name], "VersionId": self._current.get(name, "0" * 32)})

    def _put(self, name: str, version: str, asked: dict[str, str]) -> Reply:
        self._versions[version] = asked["SecretString"]
        stages = list(asked.get("VersionStages", ["AWSCURRENT"]))
        if name not in self.values and "AWSCURRENT" not in stages:
            stages.append("AWSCURRENT")
        if "AWSCURRENT" in stages:
            self.values[name], self._current[name] = asked["SecretString"], version
        return Reply({"Name": name, "VersionId": version, "VersionStages": stages})

    def _move(self, name: str, asked: dict[str, str]) -> Reply:
        if asked["RemoveFromVersionId"] != self._current[name]:
            return Reply({"__type": "InvalidParameterException", "Message": "The label is at another version."}, 400)
        self._current[name] = asked["MoveToVersionId"]
        self.values[name] = self._versions[asked["MoveToVersionId"]]
        return Reply({"Name": name})
