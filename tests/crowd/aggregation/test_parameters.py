"""No algorithm takes a parameter that would come out as an answer that is no number."""

import inspect
from math import inf, nan

import pytest

from crowd import aggregation
from crowd.aggregation import Aggregator, Estimator
from crowd.aggregation.nominal_methods import NOMINAL_METHODS

EVERY_KIND = sorted(
    {
        *NOMINAL_METHODS.values(),
        aggregation.OnlineConsensus,
        *(
            each
            for each in vars(aggregation).values()
            if inspect.isclass(each)
            and issubclass(each, Aggregator | Estimator)
            and not inspect.isabstract(each)
        ),
    },
    key=lambda kind: kind.__name__,
)
# These end a fit or bend an average; they are no part of a count or a chance.
HARMLESS = {"tolerance", "sharpness", "seed"}


def parameters_of(kind: type) -> dict[str, inspect.Parameter]:
    return {
        name: each
        for name, each in inspect.signature(kind).parameters.items()
        if isinstance(each.default, float) and name not in HARMLESS
    }


def needed_by(kind: type) -> list[int]:
    every = inspect.signature(kind).parameters.values()
    return [2 for each in every if each.default is inspect.Parameter.empty]


@pytest.mark.parametrize("value", [nan, inf, -1.0])
@pytest.mark.parametrize("kind", EVERY_KIND)
def test_a_parameter_that_is_no_number_is_refused_by_every_algorithm(
    kind: type, value: float
) -> None:
    taken = []
    for name in parameters_of(kind):
        try:
            kind(*needed_by(kind), **{name: value})
        except ValueError:
            continue
        taken.append(name)
    assert taken == []
