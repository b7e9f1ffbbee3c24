"""Amounts of money in words: minor units and an ISO 4217 code become `€3.42`."""

from collections.abc import Mapping

from crowd.currencies import decimal_text, digits_of

_SIGNS = {"EUR": "€", "GBP": "£", "USD": "$"}
_NARROW_SPACE = "\u202f"


def amount_text(amount_minor: int, currency: str) -> str:
    """Return an amount in major units without its currency, as a table of figures wants it."""
    return decimal_text(amount_minor, currency)


def money_text(amount_minor: int, currency: str) -> str:
    """Return an amount as people read it."""
    digits = digits_of(currency)
    amount = f"{amount_minor / 10**digits:,.{digits}f}".replace(",", _NARROW_SPACE)
    sign = _SIGNS.get(currency)
    return f"{sign}{amount}" if sign else f"{amount} {currency}"


def sums_text(sums: Mapping[str, int], *, otherwise: str) -> str:
    """Return sums of several currencies, or other words where there is none."""
    return " + ".join(money_text(sums[unit], unit) for unit in sorted(sums)) or otherwise
