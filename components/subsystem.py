"""A subsystem: a component with functions, which are of one package and keep their logs equally long."""

from functools import partial

import pulumi

from components.aws.package import Package
from components.aws.python_function import PythonFunction
from components.configuration import Configuration


class Subsystem(pulumi.ComponentResource):
    """What all subsystems have: a name, the stack's configuration, and how their resources and functions are made.

    `log_retention_days` is the configuration's unless the logs of this subsystem are of no use for so long.
    """

    def __init__(
        self,
        resource_type: str,
        name: str,
        *,
        configuration: Configuration,
        package: Package,
        opts: pulumi.ResourceOptions | None,
        log_retention_days: int | None = None,
    ) -> None:
        super().__init__(resource_type, name, None, opts)
        self._name = name
        self._configuration = configuration
        self._child = pulumi.ResourceOptions(parent=self)
        self._create_function = partial(
            PythonFunction,
            package=package,
            log_retention_days=log_retention_days or configuration.log_retention_days,
            opts=self._child,
        )
