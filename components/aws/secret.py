"""A secret in Secrets Manager, whose value is set by people, never by the program: so no state file has it."""

import pulumi
import pulumi_aws as aws

from components.aws.grant import Grant, Statement

_RECOVERY_DAYS = 7


class Secret(pulumi.ComponentResource):
    """The secret. `variable` is the environment variable that tells a function its ARN."""

    secret: aws.secretsmanager.Secret
    arn: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        *,
        description: str,
        variable: str,
        protect: bool,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Create the secret without a value. `protect` keeps Pulumi from deleting it, and its value for some days."""
        super().__init__("tickfold:aws:Secret", name, None, opts)
        self._variable = variable
        self.secret = aws.secretsmanager.Secret(
            f"{name}-secret",
            name=name,
            description=description,
            # Without recovery the name is free at once for a stack that is made again.
            recovery_window_in_days=_RECOVERY_DAYS if protect else 0,
            opts=pulumi.ResourceOptions(parent=self, protect=protect),
        )
        self.arn = self.secret.arn
        self.register_outputs({"arn": self.arn})

    def may_read(self) -> Grant:
        """Grant reading the value."""
        return self._may("GetSecretValue")

    def may_change(self) -> Grant:
        """Grant reading and replacing the value."""
        return self._may("GetSecretValue", "PutSecretValue")

    def _may(self, *actions: str) -> Grant:
        statement = Statement([f"secretsmanager:{action}" for action in actions], [self.arn])
        return Grant([statement], {self._variable: self.arn})
