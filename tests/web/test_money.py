import pytest

from folkmoot.web.money import amount_text, money_text, sums_text


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [
        (342, "EUR", "€3.42"),
        (5, "USD", "$0.05"),
        (1_234_567, "EUR", "€12\u202f345.67"),
        (500, "JPY", "500 JPY"),
        (1_500, "KWD", "1.500 KWD"),
        (1_000, "CHF", "10.00 CHF"),
    ],
)
def test_an_amount_is_written_in_major_units(minor, currency, text):
    assert money_text(minor, currency) == text


def test_a_table_of_figures_has_plain_numbers():
    assert amount_text(1_234_567, "EUR") == "12345.67"


def test_currencies_are_never_added_to_each_other():
    assert sums_text({"USD": 5, "EUR": 10}, otherwise="nothing") == "€0.10 + $0.05"
    assert sums_text({}, otherwise="nothing") == "nothing"
