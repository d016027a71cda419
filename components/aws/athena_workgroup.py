"""An Athena workgroup: it limits what a query may scan, and says where results go. It holds the saved queries."""

from collections.abc import Mapping

import pulumi
import pulumi_aws as aws


class AthenaWorkgroup(pulumi.ComponentResource):
    """The workgroup and its saved queries."""

    workgroup: aws.athena.Workgroup

    def __init__(
        self,
        name: str,
        *,
        results: pulumi.Output[str],
        bytes_scanned_limit: int,
        database: pulumi.Output[str],
        queries: Mapping[str, str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Create the workgroup, whose results go to the S3 URI `results`.

        A query that would scan more than `bytes_scanned_limit` bytes is cancelled. `queries`, by name, are saved for
        use on `database`.
        """
        super().__init__("tickfold:aws:AthenaWorkgroup", name, None, opts)
        self._name = name
        self.workgroup = self._create_workgroup(results, bytes_scanned_limit)
        for query_name, query in queries.items():
            self._save_query(query_name, query, database)
        self.register_outputs({"workgroup": self.workgroup.name})

    def _create_workgroup(self, results: pulumi.Output[str], bytes_scanned_limit: int) -> aws.athena.Workgroup:
        return aws.athena.Workgroup(
            f"{self._name}-workgroup",
            name=self._name,
            # Only query history and saved queries are lost with it; the lake keeps the data.
            force_destroy=True,
            configuration={
                "enforce_workgroup_configuration": True,
                "publish_cloudwatch_metrics_enabled": True,
                "bytes_scanned_cutoff_per_query": bytes_scanned_limit,
                "result_configuration": {
                    "output_location": results,
                    "encryption_configuration": {"encryption_option": "SSE_S3"},
                },
            },
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _save_query(self, query_name: str, query: str, database: pulumi.Output[str]) -> None:
        aws.athena.NamedQuery(
            f"{self._name}-{query_name}",
            name=query_name.replace("-", " "),
            database=database,
            workgroup=self.workgroup.id,
            query=query,
            opts=pulumi.ResourceOptions(parent=self),
        )
