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


class Counts(Numbers):
    """Whole numbers above 0, which may be written as 1e6."""

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, ...]:
        """Read the numbers."""
        if isinstance(value, str):
            parts = (part.strip() for part in value.split(","))
            value = ",".join(_written_out(part) for part in parts)
        return super().convert(value, param, ctx)


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
COUNTS = Counts()
db_option = click.option(
    "--db",
    "kinds",
    type=Databases(),
    default=",".join(KINDS),
    show_default=True,
    help="Which databases, separated by commas; each is fresh and removed afterwards.",
)


def _written_out(number: str) -> str:
    """Return 1e6 as 1000000, and anything that is no such number as it is."""
    digits, mark, zeros = number.partition("e")
    is_short = mark and digits.isdecimal() and zeros.isdecimal() and len(zeros) < 3
    return digits + "0" * int(zeros) if is_short else number
