"""A function's own URL, which anybody may open: for a page without an API."""

import pulumi
import pulumi_aws as aws

from components.aws.python_function import PythonFunction


class FunctionUrl(pulumi.ComponentResource):
    """The URL of a function's alias, and the permission to open it without credentials."""

    url: pulumi.Output[str]

    def __init__(self, name: str, *, function: PythonFunction, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tickfold:aws:FunctionUrl", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        resource = aws.lambda_.FunctionUrl(
            f"{name}-url",
            function_name=function.function.name,
            qualifier=function.alias.name,
            authorization_type="NONE",
            opts=child,
        )
        # Since October 2025 Lambda asks for both.
        aws.lambda_.Permission(
            f"{name}-open",
            action="lambda:InvokeFunctionUrl",
            function=function.function.name,
            qualifier=function.alias.name,
            principal="*",
            function_url_auth_type="NONE",
            opts=child,
        )
        aws.lambda_.Permission(
            f"{name}-invoke",
            action="lambda:InvokeFunction",
            function=function.function.name,
            qualifier=function.alias.name,
            principal="*",
            invoked_via_function_url=True,
            opts=child,
        )
        self.url = resource.function_url
        self.register_outputs({"url": self.url})
