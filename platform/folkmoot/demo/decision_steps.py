"""Step 5: 142 more patients become decisions, and a human works through those held back."""

import random

from folkmoot.demo.patients import Patient
from folkmoot.demo.tale import Tale
from folkmoot.demo.telling import percent
from folkmoot_client.connection import JsonObject

REVIEWER_SEED = 5
# The simulated reviewer reads the file and errs now and then, as people do.
REVIEWER_IS_RIGHT = 0.92
DISREGARDED = 3  # the place in the queue of the one case that is set aside

REASONS = {
    "new_evidence": "The file has a second visit that the model was not shown: {detail}.",
    "model_misread_case": "The model rests on one measurement; the whole picture says {detail}.",
    "outside_model_scope": "This person is treated elsewhere and was referred by mistake.",
}


def decide(tale: Tale) -> None:
    """Submit the cases, and let the simulated reviewer work the queue over HTTP."""
    title = f"{len(tale.study.cases)} other patients become decisions; a human reviews (SIMULATED)"
    tale.teller.step(5, title)
    cases = [{"case_ref": one.name, "payload": one.record} for one in tale.study.cases]
    batch = tale.people.team.post(f"/models/{tale.model_id}/decisions", {"cases": cases})
    batch = tale.finished(tale.people.officer, f"/decision-batches/{batch['id']}")
    tale.teller.say(
        f"{batch['released']} confident ones released, "
        f"{batch['held']} doubtful or high-stakes ones held."
    )
    reviews = _work_the_queue(tale)
    counted = {act: sum(one["act"] == act for one in reviews) for act in ACTS}
    tale.teller.say(", ".join(f"{counted[act]} {word}" for act, word in ACTS.items()) + ".")
    _tell_overrides(tale, reviews)


ACTS = {"confirm": "confirmed", "override": "overridden", "disregard": "disregarded"}


def _work_the_queue(tale: Tale) -> list[JsonObject]:
    patients = {one.name: one for one in tale.study.cases}
    dice = random.Random(REVIEWER_SEED)  # noqa: S311  # a simulation
    reviews: list[JsonObject] = []
    while True:
        decision = tale.people.reviewer.post("/reviews/next")["decision"]
        if decision is None:
            return reviews
        act = _act_on(decision, patients[decision["case_ref"]], dice, place=len(reviews))
        reviews.append(_review(tale, decision, act))


def _act_on(
    decision: JsonObject, patient: Patient, dice: random.Random, *, place: int
) -> JsonObject:
    if place == DISREGARDED:
        text = REASONS["outside_model_scope"]
        return {
            "act": "disregard",
            "reason_codes": ["outside_model_scope"],
            "reason_text": text,
        }
    other = {"yes": "no", "no": "yes"}
    sees_it = dice.random() < REVIEWER_IS_RIGHT
    answer = patient.needs_follow_up if sees_it else other[patient.needs_follow_up]
    if answer == decision["proposed"]:
        return {"act": "confirm"}
    code = dice.choice(["new_evidence", "model_misread_case"])
    return {
        "act": "override",
        "answer": answer,
        "reason_codes": [code],
        "reason_text": REASONS[code].format(detail=answer),
    }


def _review(tale: Tale, decision: JsonObject, act: JsonObject) -> JsonObject:
    reviewer = tale.people.reviewer
    view = reviewer.post(f"/decisions/{decision['id']}/views")
    body = {"case_view_id": view["case_view_id"], **act}
    return reviewer.post(f"/decisions/{decision['id']}/reviews", body)


def _tell_overrides(tale: Tale, reviews: list[JsonObject]) -> None:
    truth = {one.name: one.needs_follow_up for one in tale.study.cases}
    overrides = [one for one in reviews if one["act"] == "override"]
    if not overrides:
        return
    tale.override_entry_id = overrides[0]["audit_entry_id"]
    of_decision = {
        one["id"]: one["case_ref"]
        for one in tale.people.reviewer.each(f"/projects/{tale.project_id}/decisions", limit=200)
    }
    right = sum(one["after"] == truth[of_decision[one["decision_id"]]] for one in overrides)
    tale.teller.say(
        f"Of {len(overrides)} overrides {right} were right ({percent(right / len(overrides))}), "
        "measured by what happened a year later. The simulated reviewer was made to be right in "
        f"{percent(REVIEWER_IS_RIGHT)} of cases, and their reasons are made up."
    )
