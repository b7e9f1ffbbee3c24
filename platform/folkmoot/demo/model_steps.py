"""Steps 4 and 6: train, measure fairness, gate, promote, and train again on corrections."""

from folkmoot.demo.crowd import CHARACTERS
from folkmoot.demo.tale import Tale
from folkmoot.demo.telling import interval, percent
from folkmoot_client.connection import JsonObject

FINDING = "finding"
GATE = {"max_error_increase": 0.15, "max_gap_increase": 0.20, "smallest_group": 20}


def set_policy(tale: Tale) -> None:
    """Declare, before any model is trained, when a human decides and what promotion demands."""
    hold_below, high_stakes_age = 0.75, 70.0
    policy = {
        "hold_below": hold_below,
        "high_stakes": [{"field": "age", "operator": "at_least", "value": high_stakes_age}],
        "review_minutes": 240,
        "shortest_reason": 20,
        "gate": GATE,
    }
    tale.people.officer.put(f"/projects/{tale.project_id}/policy", policy)
    tale.teller.say(
        f"The officer declared: below {percent(hold_below)} confidence, or from age "
        f"{high_stakes_age:g} on, a human decides; a new version may raise the error by "
        f"{100 * GATE['max_error_increase']:g} points at most, with 95 % confidence."
    )


def train_first(tale: Tale, run: JsonObject) -> None:
    """Step 4: a data set, version 1, its fairness, its promotion."""
    tale.teller.step(4, "A model that learned from the consensus, and whom it fails")
    set_policy(tale)
    team = tale.people.team
    model = team.post(f"/projects/{tale.project_id}/models", {"name": "Close follow-up"})
    tale.model_id = model["id"]
    version = tale.version(tale.data_set(run))
    _tell_version(tale, version)
    _tell_fairness(tale, tale.report("model_fairness", model_version_id=version["id"]))
    _tell_annotators(tale, tale.report("annotator_fairness"))
    _promote(tale, version)


def train_again(tale: Tale) -> None:
    """Step 6: corrections join the labels; version 2 passes the gate and is promoted."""
    tale.teller.step(6, "What the reviewer said joins the labels; version 2")
    data_set = tale.data_set(tale.consensus("dawid_skene"))
    version = tale.version(data_set)
    before, after = tale.versions[0]["metrics"]["error"], version["metrics"]["error"]
    compared = version["metrics"]["comparison"]["difference"]
    _tell_version(tale, version)
    tale.teller.say(
        f"On the same {before['n']} held-out patients the error went from "
        f"{percent(before['value'])} to {percent(after['value'])}: "
        f"{100 * compared['value']:+.1f} points "
        f"({100 * compared['low']:+.1f} to {100 * compared['high']:+.1f})"
        f"{'.' if compared['low'] > 0 or compared['high'] < 0 else ', no difference shown.'}"
    )
    for clause in version["gate"]["clauses"]:
        tale.teller.say(f"Gate, {clause['name']}: {clause['state'].replace('_', ' ')}.")
        tale.teller.say(f"   {clause['sentence']}")
    _promote(tale, version)


def _tell_version(tale: Tale, version: JsonObject) -> None:
    metrics = version["metrics"]
    training, error = metrics["training"], metrics["error"]
    tale.teller.say(
        f"Version {version['number']} learned from {training['rows']} rows "
        f"({training['crowd']} of the crowd, {training['review']} of reviewers), data set "
        f"{version['data_set_digest'][:12]}…, kept as {version['artifact_digest'][:12]}… by skops."
    )
    tale.teller.say(
        f"Error on {error['n']} held-out patients: {percent(error['value'])} "
        f"{interval(error['low'], error['high'])}."
    )


def _promote(tale: Tale, version: JsonObject) -> None:
    # Tamsin of the team asked for the version; Odile, the officer, is the second person.
    promoted = tale.people.officer.post(f"/model-versions/{version['id']}/promotion")
    tale.teller.say(
        f"The gate passed; version {promoted['number']} was promoted by a second person, "
        "the officer."
    )


def _tell_fairness(tale: Tale, report: JsonObject) -> None:
    found = report["result"]["report"]
    rows = [("group", "patients", "error rate", "95 % interval")]
    for one in found["groups"]:
        rate = one["rates"]["error_rate"]
        estimated = rate["state"] == "estimated"
        rows.append(
            (
                ", ".join(one["group"]),
                str(one["rows"]),
                percent(rate["value"]) if estimated else "not estimable",
                interval(rate["low"], rate["high"]) if estimated else "",
            )
        )
    tale.teller.say("Fairness of version 1 on the held-out patients:")
    tale.teller.table(rows)
    verdicts = [one["verdict"] for one in found["gaps"]]
    counted = ", ".join(
        f"{verdicts.count(one)} {one.replace('_', ' ')}" for one in dict.fromkeys(verdicts)
    )
    tale.teller.say(f"{len(verdicts)} gaps compared, corrected for their number: {counted}.")
    tale.teller.say(f"Report with plots: {tale.url}/governance/reports/{report['id']}")


def _tell_annotators(tale: Tale, report: JsonObject) -> None:
    people = report["result"]["people"]
    by_sex = report["result"]["by_field"]["sex"]
    kind_of = {one.name: one.kind for one in CHARACTERS}
    differing: dict[str, list[str]] = {}
    for one in by_sex["annotators"]:
        name = tale.people.name_of(people[one["annotator"]])
        for contrast in one["contrasts"]:
            if contrast["verdict"] == FINDING:
                differing.setdefault(_kind(contrast), []).append(f"{name} ({kind_of[name]})")
    tale.teller.say("Annotators, by sex of the patient (planted habit in brackets):")
    for kind, sentence in SENTENCES.items():
        tale.teller.say(f"   {sentence}: {', '.join(differing.get(kind, [])) or 'nobody'}")


SENTENCES = {
    "labels_between_item_groups": "answer differently by the patient's sex",
    "errors_between_item_groups": "are wrong more often for one sex",
    "more_errors": "differ from the others by more errors",
    "fewer_errors": "differ from the others by fewer errors",
}


def _kind(contrast: JsonObject) -> str:
    if contrast["contrast"] != "errors_and_others":
        return str(contrast["contrast"])
    return "more_errors" if contrast["difference"]["value"] > 0 else "fewer_errors"
