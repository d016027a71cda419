"""Glue: the data catalog's databases and tables."""

from typing import Any

from embedded.account import ACCOUNT, REGION
from embedded.cloud import Cloud
from embedded.resources.creator import Inputs, Outputs, autoname, creates, pascal, pop_all


@creates("aws:glue/catalogDatabase:CatalogDatabase")
def database(cloud: Cloud, name: str, inputs: Inputs) -> tuple[str, Outputs]:
    database_name = inputs.pop("name", None) or autoname(name)
    cloud.client("glue").create_database(
        Tags=inputs.pop("tags", {}),
        DatabaseInput={"Name": database_name, "Parameters": inputs.pop("parameters", {})} | pascal(pop_all(inputs)),
    )
    return f"{ACCOUNT}:{database_name}", {
        "name": database_name,
        "arn": f"arn:aws:glue:{REGION}:{ACCOUNT}:database/{database_name}",
        "catalogId": ACCOUNT,
    }


@creates("aws:glue/catalogTable:CatalogTable")
def table(cloud: Cloud, name: str, inputs: Inputs) -> tuple[str, Outputs]:
    table_name, database_name = inputs.pop("name", None) or autoname(name), inputs.pop("databaseName")
    cloud.client("glue").create_table(DatabaseName=database_name, TableInput=table_input(table_name, inputs))
    return f"{ACCOUNT}:{database_name}:{table_name}", {
        "name": table_name,
        "arn": f"arn:aws:glue:{REGION}:{ACCOUNT}:table/{database_name}/{table_name}",
        "catalogId": ACCOUNT,
    }


def table_input(table_name: str, inputs: Inputs) -> dict[str, Any]:
    """Return what Glue is told of a table; `inputs` are used up."""
    # A table's parameters (partition projection) are data, not members of the API.
    parameters = inputs.pop("parameters", {})
    storage = dict(inputs.pop("storageDescriptor"))
    serialization = dict(storage.pop("serDeInfo"))
    serialization_parameters = serialization.pop("parameters", {})
    return {
        **pascal(pop_all(inputs)),
        "Name": table_name,
        "Parameters": parameters,
        "StorageDescriptor": pascal(storage)
        | {"SerdeInfo": pascal(serialization) | {"Parameters": serialization_parameters}},
    }
