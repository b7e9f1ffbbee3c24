"""`folkmoot openapi`: the description of the API."""

import json

import click


@click.command()
@click.option("--server", default="/api/v1", show_default=True, help="The address of the API.")
def command(server: str) -> None:
    """Print the description of the API, OpenAPI 3.1."""
    from folkmoot.api import OPERATIONS  # noqa: PLC0415  # loads every resource; only needed here
    from folkmoot.api.openapi import openapi_of  # noqa: PLC0415

    click.echo(json.dumps(openapi_of(OPERATIONS, server=server), indent=2))
