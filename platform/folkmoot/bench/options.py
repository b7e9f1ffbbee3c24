"""The options that benches share.

A bench declares its options by `@click.option` above its `run` and takes them as keyword
arguments; `--json` and `--check` are added to every one. See `folkmoot.bench.crowd`.
"""

import click

from folkmoot.bench.databases import KINDS


class Numbers(click.ParamType[tuple[int, ...]]):
    """Whole numbers above 0, separated by commas."""

    name = "numbers"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, ...]:
        """Read the numbers."""
        if isinstance(value, tuple):
            return value
        try:
            numbers = tuple(int(part.replace("_", "")) for part in str(value).split(","))
        except ValueError:
            self.fail(f"{value!r} is not a list of numbers such as 1,4,16.", param, ctx)
        if min(numbers) < 1:
            self.fail(f"{value!r} holds a number below 1.", param, ctx)
        return numbers


class Databases(click.ParamType[tuple[str, ...]]):
    """Kinds of database, separated by commas."""

    name = "databases"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, ...]:
        """Read the kinds."""
        if isinstance(value, tuple):
            return value
        kinds = tuple(str(value).split(","))
        for kind in kinds:
            if kind not in KINDS:
                self.fail(f"{kind!r} is none of {', '.join(KINDS)}.", param, ctx)
        return kinds


NUMBERS = Numbers()
db_option = click.option(
    "--db",
    "kinds",
    type=Databases(),
    default=",".join(KINDS),
    show_default=True,
    help="Which databases, separated by commas; each is fresh and removed afterwards.",
)
