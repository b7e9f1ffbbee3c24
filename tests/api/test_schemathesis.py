"""Every operation against its own description: what it promises to take and to show, it does.

The engine of schemathesis is driven directly, since its pytest plugin does not know pytest 9.2,
and over a real server, since its check of ignored credentials cannot call WSGI.
"""

from collections.abc import Callable, Iterator

import pytest
import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema
from schemathesis.engine.recorder import ScenarioRecorder

from folkmoot.api import OPERATIONS
from folkmoot.identity.permissions import Role

from .conftest import Person

SEED = 2
# How many requests each operation gets, or how many sequences of operations there are.
PHASES = {"coverage": 1, "fuzzing": 6, "stateful": 6}
# Sequences begin where something is made; they reach what chance finds.
FEWEST_TRIED = {"stateful": 8}

# Rules that JSON Schema cannot say, so that 422 answers what the description allows.
RULES_BEYOND_SCHEMA = {
    "create_account": "an e-mail address is checked in its normal form",
    "create_project": "an answer schema suits its task type; a ceiling is above its floor",
    "change_project": "an answer schema suits its task type; a ceiling is above its floor",
    "set_priorities": "the tasks are the project's",
    "ask_again": "the tasks are the project's, and done",
    "create_model": "a name is more than spaces",
    "issue_token": "a token ends in the future, and scopes are among those of the asker",
    "register_client": "scopes are among those of the asker",
    "import_tasks": "the content is a file of the kind that its name says",
    "import_outcomes": "an answer is one that the project's own schema allows",
    "set_policy": "bands rise",
    "run_report": "bands rise, and the positive answer is one of the project's",
    "submit_label": "an answer is one that the project's own schema allows",
    "revise_label": "an answer is one that the project's own schema allows",
    "submit_cases": "each case is named once",
    "decide_appeal": "an upheld appeal needs a right answer, which the project's schema allows",
    "review_decision": "each act asks for other reasons",
}
ACCEPTED = ["2xx", "401", "403", "404", "409", "422"]


def config_for(phase: str, *, token: str) -> SchemathesisConfig:
    return SchemathesisConfig.from_dict(
        {
            "seed": SEED,
            "headers": {"Authorization": f"Bearer {token}"},
            "phases": {
                "examples": {"enabled": False},
                "coverage": {"enabled": phase == "coverage", "unexpected-methods": ["TRACE"]},
                "fuzzing": {"enabled": phase == "fuzzing"},
                "stateful": {"enabled": phase == "stateful", "max-steps": 5},
            },
            "generation": {
                "max-examples": PHASES[phase],
                "deterministic": True,
                "allow-x00": False,
                "database": "none",
            },
            "operations": [
                {
                    "include-operation-id": name,
                    "checks": {"positive_data_acceptance": {"expected-statuses": ACCEPTED}},
                }
                for name in RULES_BEYOND_SCHEMA
            ],
        }
    )


def findings_in(recorder: ScenarioRecorder) -> Iterator[str]:
    for case_id, checks in recorder.checks.items():
        for check in checks:
            if check.failure_info is not None:
                failure = check.failure_info.failure
                request = recorder.cases[case_id].value.as_curl_command()
                answer = recorder.interactions[case_id].response
                yield (
                    f"{recorder.label}: {failure.title}: {failure.message}\n    {request}\n"
                    f"    {answer and (answer.status_code, answer.text)}"
                )


def told(event: events.NonFatalError | events.FatalError) -> str:
    if isinstance(event, events.FatalError):
        return repr(event.exception)
    return f"{event.label}: {event.value!r}"


@pytest.mark.parametrize("phase", PHASES)
def test_every_operation_keeps_to_its_description(
    phase: str, live_url: str, person: Callable[..., Person], open_project: Callable[..., str]
) -> None:
    open_project()
    everybody = person(*Role, name="everybody")
    schema = schemathesis.openapi.from_url(
        f"{live_url}/api/v1/openapi.json", config=config_for(phase, token=everybody.token)
    )
    found: list[str] = []
    tried: set[str] = set()
    for event in from_schema(schema).execute():
        if isinstance(event, events.ScenarioFinished):
            tried.update(case.value.operation.label for case in event.recorder.cases.values())
            found += findings_in(event.recorder)
        elif isinstance(event, events.NonFatalError | events.FatalError):
            found.append(told(event))
    assert not found, "\n".join(found)
    assert len(tried) >= FEWEST_TRIED.get(phase, len(OPERATIONS))
