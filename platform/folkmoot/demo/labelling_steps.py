"""Steps 1 to 3: a project, a crowd that labels it, and what the crowd agrees on."""

import json
import threading

from folkmoot.demo.crowd import CHARACTERS, DayOfWork, work_through
from folkmoot.demo.patients import NO, YES
from folkmoot.demo.tale import SLUG, Tale
from folkmoot.demo.telling import interval, percent
from folkmoot_client.connection import JsonObject

# Annotators whose whole 95 % interval lies below this are named.
DOUBTFUL_BELOW = 0.75
# The project that is left for a real person.
YOURS = f"{SLUG}-yours"

INSTRUCTIONS = """\
# Does this patient need close follow-up?

You see one visit of a person with diabetes. Say **yes** if you expect the disease to progress
faster than usual over the next year, so that the person should be seen more often; else **no**.

- A high body mass index, high blood pressure and high triglycerides speak for *yes*.
- A high HDL speaks for *no*.
- If the record is broken or unclear, skip it and say so. That never counts against you.
"""


def set_up_project(tale: Tale) -> None:
    """Step 1: make the project, import the tasks, open it."""
    tale.teller.step(
        1,
        f"A project, {len(tale.study.tasks)} patients, "
        f"{len(tale.study.gold)} of them with a known answer",
    )
    team = tale.people.team
    project = team.post("/projects", _draft())
    tale.project_id = project["id"]
    imported = team.upload(
        f"/projects/{tale.project_id}/imports",
        _task_file(tale),
        media_type="application/x-ndjson",
        file_name="patients.jsonl",
    )
    imported = tale.finished(team, f"/imports/{imported['id']}")
    outcomes = [
        {"external_id": one.name, "answer": one.needs_follow_up} for one in tale.study.everyone
    ]
    team.post(
        f"/projects/{tale.project_id}/outcomes",
        {"source": "progression after one year", "rows": outcomes},
    )
    team.put(f"/projects/{tale.project_id}/state", {"state": "open"})
    tale.teller.say(f"“{project['title']}” is open: {tale.url}/projects/{SLUG}")
    tale.teller.say(
        f"{imported['added']} tasks imported, {imported['refused']} refused, "
        f"{len(tale.study.gold)} of them gold; {project['floor']} to {project['ceiling']} "
        f"labels each, until {percent(project['confidence'])} sure."
    )


def label(tale: Tale) -> None:
    """Step 2: let the simulated annotators label over HTTP, and count what happened."""
    crowd = f"{len(CHARACTERS)} annotators lease and label over HTTP, in parallel (SIMULATED)"
    tale.teller.step(2, crowd)
    counter = _Counter(tale)
    days = work_through(
        tale.project_id,
        {name: one.connection for name, one in tale.people.annotators.items()},
        tale.study.tasks,
        tell=counter.add,
    )
    _tell_integrity(tale, days)


class _Counter:
    """Counts acknowledged labels as the annotators' threads report them."""

    def __init__(self, tale: Tale) -> None:
        self.tale = tale
        self.count = 0
        self.lock = threading.Lock()

    def add(self, more: int) -> None:
        """Count, and show now and then how many there are."""
        with self.lock:
            self.count += more
            if self.count % 50 == 0:
                self.tale.teller.progress(f"{self.count} labels …")


def _tell_integrity(tale: Tale, days: dict[str, DayOfWork]) -> None:
    team, teller = tale.people.team, tale.teller
    acknowledged = [label_id for day in days.values() for label_id in day.acknowledged]
    stored = {one["id"] for one in team.each(f"/projects/{tale.project_id}/labels", limit=200)}
    lost = [label_id for label_id in acknowledged if label_id not in stored]
    found = team.get(f"/projects/{tale.project_id}/integrity")
    teller.progress(" " * 40 + "\r")
    teller.say(f"{len(acknowledged)} labels acknowledged, {len(stored)} stored.")
    teller.say(f"Places handed out twice: {found['places_handed_out_twice']}")
    teller.say(f"Tasks over their ceiling: {found['tasks_over_ceiling']}")
    teller.say(f"Labels lost: {len(lost)}")
    earned = sum(day.earned_minor for day in days.values())
    teller.say(f"Earned together: {earned / 100:.2f} EUR, in a ledger that each can see.")


def agree(tale: Tale) -> JsonObject:
    """Step 3: aggregate by majority and by Dawid–Skene, and name whom the crowd cannot trust."""
    tale.teller.step(3, "Consensus, by majority and by Dawid–Skene")
    rows = [("method", "accuracy against the outcome", "", "converged")]
    run: JsonObject = {}
    for method in ("majority", "dawid_skene"):
        run = tale.consensus(method)
        measured = tale.people.team.get(f"/consensus-runs/{run['id']}/accuracy")
        rows.append(
            (
                run["method"],
                f"{percent(measured['accuracy'])} of {measured['n_cases']}",
                interval(measured["low"], measured["high"]),
                "yes" if run["converged"] else "no",
            )
        )
    tale.teller.table(rows)
    tale.teller.say(
        f"Krippendorff's alpha {run['agreement']:.2f} "
        f"({run['agreement_low']:.2f} to {run['agreement_high']:.2f}). "
        f"Labels saved by stopping early: {run['labels_saved']}."
    )
    _tell_reliabilities(tale, run)
    return run


def _tell_reliabilities(tale: Tale, run: JsonObject) -> None:
    found = tale.people.team.get(f"/consensus-runs/{run['id']}/reliabilities")["items"]
    kind_of = {one.name: one.kind for one in CHARACTERS}
    rows = [("annotator", "estimated reliability", "", "labels", "planted habit")]
    rows += [
        (
            one["annotator_name"],
            percent(one["reliability"]),
            interval(one["low"], one["high"]),
            str(one["n_labels"]),
            kind_of[one["annotator_name"]],
        )
        for one in sorted(found, key=lambda row: float(row["reliability"]))
    ]
    tale.teller.table(rows)
    doubtful = [one for one in found if one["high"] < DOUBTFUL_BELOW]
    names = ", ".join(
        f"{one['annotator_name']} ({kind_of[one['annotator_name']]})" for one in doubtful
    )
    tale.teller.say(
        f"By their labels alone, surely less reliable than {percent(DOUBTFUL_BELOW)}: "
        f"{names or 'nobody'}."
    )


def leave_something_to_label(tale: Tale) -> None:
    """Open a small project that waits for a real person to label it."""
    team = tale.people.team
    title = "Try it yourself: close follow-up?"
    draft = {**_draft(), "slug": YOURS, "title": title, "floor": 1, "ceiling": 1}
    project = team.post("/projects", {**draft, "gold_share": 0.0})
    rows = (json.dumps({"external_id": one.name, **one.record}) for one in tale.study.cases)
    imported = team.upload(
        f"/projects/{project['id']}/imports",
        "\n".join(rows).encode(),
        media_type="application/x-ndjson",
        file_name="patients.jsonl",
    )
    tale.finished(team, f"/imports/{imported['id']}")
    team.put(f"/projects/{project['id']}/state", {"state": "open"})


def _draft() -> JsonObject:
    return {
        "slug": SLUG,
        "title": "Does this patient need close follow-up?",
        "answer_schema": {
            "choices": [
                {"value": YES, "label": "Yes, close follow-up"},
                {"value": NO, "label": "No, the usual"},
            ]
        },
        "instructions": INSTRUCTIONS,
        "floor": 3,
        "ceiling": 7,
        "confidence": 0.9,
        "lease_seconds": 60,
        "pay_minor": 12,
        "currency": "EUR",
        "gold_share": 0.1,
        # The people of the tale answer in no time, which would be noticed of every one of them.
        "watch": {"too_fast": {"action": "off"}},
        "group_fields": {"sex": [], "age": [40, 60]},
    }


def _task_file(tale: Tale) -> bytes:
    lines = []
    for one in tale.study.tasks:
        known = {"gold": one.needs_follow_up} if one.name in tale.study.gold else {}
        lines.append(json.dumps({"external_id": one.name, **known, **one.record}))
    return "\n".join(lines).encode()
