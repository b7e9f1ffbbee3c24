import inspect
import re

from folkmoot.kernel import errors
from folkmoot.kernel.errors import DomainError, FieldProblem, InvalidInput
from folkmoot.problems import STATUS_OF, problem_of

KINDS = [
    kind
    for kind in vars(errors).values()
    if inspect.isclass(kind) and issubclass(kind, DomainError) and kind is not DomainError
]


def test_the_tree_in_the_docstring_is_the_tree() -> None:
    drawn = re.findall(r"[├└]── (\w+)", errors.__doc__ or "")

    assert sorted(drawn) == sorted(kind.__name__ for kind in KINDS)


def test_every_refusal_has_a_code_and_a_status_of_its_own() -> None:
    assert set(STATUS_OF) == set(KINDS)
    assert len({kind.code for kind in KINDS}) == len(KINDS)
    assert all(kind.title != DomainError.title for kind in KINDS)


def test_a_problem_says_the_sentence_and_names_the_fields() -> None:
    refusal = InvalidInput("Two rules broken.", fields=[FieldProblem("/age", "Too young.")])

    problem = problem_of(refusal)

    assert problem.model_dump() == {
        "type": "/docs/problems#invalid-input",
        "title": "The input breaks a rule",
        "status": 422,
        "detail": "Two rules broken.",
        "fields": [{"pointer": "/age", "message": "Too young."}],
        "retry_at": None,
    }
