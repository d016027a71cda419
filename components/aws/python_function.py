"""A Lambda function in Python with the rights that it is granted, invoked through its alias `live`."""

from collections.abc import Mapping, Sequence

import pulumi
import pulumi_aws as aws

from components.aws.dependency_layer import ARCHITECTURE, RUNTIME
from components.aws.grant import Grant, Statement, policy_document, trust_document
from components.aws.package import Layer, Package

ALIAS = "live"
ENVIRONMENT_LIMIT = 4_096
"""Bytes that Lambda allows for the names and values of all environment variables."""

_RESERVED_NAMES = {
    "AWS_ACCESS_KEY",
    "AWS_ACCESS_KEY_ID",
    "AWS_DEFAULT_REGION",
    "AWS_EXECUTION_ENV",
    "AWS_REGION",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "LAMBDA_RUNTIME_DIR",
    "LAMBDA_TASK_ROOT",
    "_HANDLER",
    "_X_AMZN_TRACE_ID",
}


class EnvironmentRefusedError(Exception):
    """Lambda would reject a function's environment; the message names the variable, or the size in bytes."""


class PythonFunction(pulumi.ComponentResource):
    """A module of `functions/`: log group, role, function, published version and alias."""

    name: str
    log_group: aws.cloudwatch.LogGroup
    role: aws.iam.Role
    policy: aws.iam.RolePolicy
    function: aws.lambda_.Function
    alias: aws.lambda_.Alias

    def __init__(
        self,
        name: str,
        *,
        module: str,
        package: Package,
        layers: Sequence[Layer],
        grants: Sequence[Grant],
        memory: int,
        timeout: int,
        log_retention_days: int,
        environment: Mapping[str, str] | None = None,
        reserved_concurrency: int | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Create the function of the module `functions.{module}` with `memory` in MB and `timeout` in seconds.

        `reserved_concurrency` is how many executions are reserved for it, and the most that it can have; None is
        whatever the account has left.

        Raises:
            EnvironmentRefusedError: a variable has a reserved name, or the environment is too large.
        """
        super().__init__("tickfold:aws:PythonFunction", name, None, opts)
        self.name = name
        self.log_group = self._create_log_group(log_retention_days)
        self.role = self._create_role()
        self.policy = self._create_policy(grants)
        self.function = self._create_function(
            module=module,
            package=package,
            layers=layers,
            memory=memory,
            timeout=timeout,
            environment=function_environment(module, grants, environment or {}),
            reserved_concurrency=reserved_concurrency,
        )
        self.alias = self._create_alias()
        self.register_outputs({"alias_arn": self.alias.arn})

    def may_be_invoked(self) -> Grant:
        """Grant invoking the function through its alias."""
        return Grant([Statement(["lambda:InvokeFunction"], [self.alias.arn])])

    def permit(
        self, name: str, *, principal: str, source_arn: pulumi.Input[str], opts: pulumi.ResourceOptions
    ) -> aws.lambda_.Permission:
        """Let the AWS service `principal` invoke the function through its alias, on behalf of `source_arn` only."""
        return aws.lambda_.Permission(
            name,
            action="lambda:InvokeFunction",
            function=self.function.name,
            qualifier=self.alias.name,
            principal=principal,
            source_arn=source_arn,
            opts=opts,
        )

    def _create_log_group(self, retention_days: int) -> aws.cloudwatch.LogGroup:
        return aws.cloudwatch.LogGroup(
            f"{self.name}-logs",
            name=f"/aws/lambda/{self.name}",
            retention_in_days=retention_days,
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _create_role(self) -> aws.iam.Role:
        return aws.iam.Role(
            f"{self.name}-role",
            assume_role_policy=trust_document("lambda.amazonaws.com"),
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _create_policy(self, grants: Sequence[Grant]) -> aws.iam.RolePolicy:
        write_logs = Statement(
            ["logs:CreateLogStream", "logs:PutLogEvents"], [pulumi.Output.concat(self.log_group.arn, ":log-stream:*")]
        )
        # X-Ray's write actions cannot be narrowed to a resource.
        send_traces = Statement(["xray:PutTelemetryRecords", "xray:PutTraceSegments"], ["*"])
        return aws.iam.RolePolicy(
            f"{self.name}-policy",
            role=self.role.id,
            policy=policy_document([write_logs, send_traces, *Grant.union(*grants).statements]),
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _create_function(
        self,
        *,
        module: str,
        package: Package,
        layers: Sequence[Layer],
        memory: int,
        timeout: int,
        environment: pulumi.Output[Mapping[str, str]],
        reserved_concurrency: int | None,
    ) -> aws.lambda_.Function:
        return aws.lambda_.Function(
            f"{self.name}-function",
            name=self.name,
            handler=f"functions.{module}.handler",
            runtime=RUNTIME,
            architectures=[ARCHITECTURE],
            memory_size=memory,
            timeout=timeout,
            role=self.role.arn,
            s3_bucket=package.bucket,
            s3_key=package.code_object.key,
            source_code_hash=package.code.source_code_hash,
            layers=package.layer_arns(layers),
            environment={"variables": environment},
            reserved_concurrent_executions=reserved_concurrency,
            tracing_config={"mode": "Active"},
            logging_config={"log_format": "JSON", "log_group": self.log_group.name},
            publish=True,
            # Without the log group Lambda would create one that never expires; without the policy the first
            # invocation could lack its rights.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[self.log_group, self.policy]),
        )

    def _create_alias(self) -> aws.lambda_.Alias:
        return aws.lambda_.Alias(
            f"{self.name}-alias",
            name=ALIAS,
            function_name=self.function.name,
            function_version=self.function.version,
            opts=pulumi.ResourceOptions(parent=self),
        )


def function_environment(
    module: str, grants: Sequence[Grant], environment: Mapping[str, str]
) -> pulumi.Output[Mapping[str, str]]:
    """Return the variables of `grants` and of `environment`.

    Raises:
        EnvironmentRefusedError: a variable has a reserved name; or, once all values are known, they are too large.
    """
    service = {"POWERTOOLS_SERVICE_NAME": module.rpartition(".")[2]}
    variables: dict[str, pulumi.Input[str]] = {**service, **environment, **Grant.union(*grants).environment}
    for name in variables:
        if name in _RESERVED_NAMES or name.startswith("AWS_LAMBDA_"):
            raise EnvironmentRefusedError(f"{module}: Lambda reserves the variable {name}; give it another name")
    return pulumi.Output.all(**variables).apply(lambda known: _checked_size(module, known))


def _checked_size(module: str, variables: Mapping[str, str]) -> Mapping[str, str]:
    size = sum(len(name.encode()) + len(value.encode()) for name, value in variables.items())
    if size > ENVIRONMENT_LIMIT:
        raise EnvironmentRefusedError(
            f"{module}: the environment has {size:,} bytes; Lambda allows {ENVIRONMENT_LIMIT:,} for names and values"
        )
    return variables
