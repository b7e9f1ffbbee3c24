"""Check the parameters of the algorithms: what is no number would come out as an answer."""

from math import inf


def require_positive(**parameters: float) -> None:
    """Raise ValueError that names the parameters that are not above zero, or have no end."""
    wrong = [name for name, value in parameters.items() if not 0 < value < inf]
    if wrong:
        raise ValueError(f"{' and '.join(wrong)} must be above zero, and finite.")


def require_climb(*, max_iterations: int, tolerance: float, correlation: float) -> None:
    """Raise ValueError for what no fit in steps can end by, or temper its posterior with."""
    if not (max_iterations >= 1 and tolerance >= 0 and 0 <= correlation <= 1):
        raise ValueError("An iteration, no negative tolerance, a correlation in 0 to 1.")
