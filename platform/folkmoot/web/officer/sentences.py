"""Say in one sentence what an entry of the log records, for every action there is."""

from collections.abc import Callable
from dataclasses import dataclass

from audit.actions import Action
from folkmoot.kernel.json_values import Json, JsonObject


@dataclass(frozen=True)
class Told:
    """What a sentence is made from: names as people know them, and the entry's own facts."""

    actor: str
    subject: str
    facts: JsonObject


def sentence_of(action: Action, told: Told) -> str:
    """Return what happened, such as “Rafael overrode decision P-204: yes → no, reason: …”."""
    pattern = SENTENCES[action]
    if callable(pattern):
        return pattern(told)
    return pattern.format_map(_named(told))


def words_of(value: Json) -> str:
    """Return a fact as words."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, list):
        return ", ".join(words_of(each) for each in value) or "none"
    if isinstance(value, dict):
        return "; ".join(f"{readable(key)} {words_of(each)}" for key, each in value.items())
    return str(value)


def readable(name: str) -> str:
    """Return a stored name, such as `new_evidence`, as people write it."""
    return name.replace("_", " ")


class _Words(dict[str, str]):
    """What a pattern may name; an entry from before a fact was added still makes a sentence."""

    def __missing__(self, name: str) -> str:
        return "unknown"


def _named(told: Told) -> _Words:
    is_own = told.actor == told.subject
    return _Words(
        {key: words_of(value) for key, value in told.facts.items()}
        | {
            "actor": told.actor,
            "subject": told.subject,
            "account": "their own account" if is_own else f"the account of {told.subject}",
        }
    )


def _corrected(told: Told) -> str:
    return f"{told.actor} corrected a known answer{_answers(told)}"


def _revised(told: Told) -> str:
    return f"{told.actor} revised an answer{_answers(told)}"


def _answers(told: Told) -> str:
    # Answers in people's own words are no facts; who reads the entry sees them there.
    return f": {_change(told)}" if "before" in told.facts else ""


def _override(told: Told) -> str:
    return f"{told.actor} overrode decision {told.subject}: {_change(told)}{_reason(told)}"


def _disregard(told: Told) -> str:
    return f"{told.actor} set decision {told.subject} aside without an answer{_reason(told)}"


def _reverse(told: Told) -> str:
    return f"{told.actor} reversed decision {told.subject}: {_change(told)}{_reason(told)}"


def _release(told: Told) -> str:
    return f"{told.actor} released decision {told.subject}: {_proposal(told)}"


def _hold(told: Told) -> str:
    why = words_of(told.facts.get("hold_reason", "")).rstrip(".")
    said = f"{told.actor} held decision {told.subject} for a human ({_proposal(told)})"
    return f"{said}. {why}" if why else said


def _created_account(told: Told) -> str:
    roles = told.facts.get("roles")
    what = f"with the roles {words_of(roles)}" if roles else "without a role"
    return f"{told.actor} made the account of {told.subject}, {what}"


def _refused_sign_in(told: Told) -> str:
    reason = readable(words_of(told.facts.get("reason", "unknown")))
    whose = f" to the account of {told.subject}" if told.subject != told.actor else ""
    return f"A sign-in{whose} was refused: {reason}"


def _verified(told: Told) -> str:
    size, findings = told.facts.get("size", 0), told.facts.get("findings", 0)
    found = "nothing is wrong" if findings == 0 else f"{words_of(findings)} found wrong"
    return f"{told.actor} verified the log up to {words_of(size)} entries: {found}"


def _reconciled(told: Told) -> str:
    findings = told.facts.get("n_findings", 0)
    found = "they agree" if findings == 0 else f"{words_of(findings)} disagreements"
    return f"{told.actor} compared business rows with their entries: {found}"


def _texts_read(told: Told) -> str:
    fields = readable(words_of(told.facts.get("fields")))
    where = "had a receipt disclose" if told.facts.get("way") == "receipt" else "read"
    return f"{told.actor} {where} the protected {fields} of {told.subject}"


def _changed_project(told: Told) -> str:
    version = told.facts.get("instructions_version")
    what = f"the instructions (now version {version}) of" if version else "the rules of"
    return f"{told.actor} changed {what} the project “{told.subject}”"


def _report_kind(told: Told) -> str:
    return readable(words_of(told.facts.get("kind", "")))


def _requested_report(told: Told) -> str:
    return f"{told.actor} asked for a report of {_report_kind(told)}: {told.subject}"


def _finished_report(told: Told) -> str:
    return f"{told.actor} finished a report of {_report_kind(told)}: {told.subject}"


def _change(told: Told) -> str:
    return f"{words_of(told.facts.get('before'))} → {words_of(told.facts.get('after'))}"


def _reason(told: Told) -> str:
    codes = told.facts.get("reason_codes")
    if not isinstance(codes, list) or not codes:
        return ""
    return f", reason: {', '.join(readable(str(code)) for code in codes)}"


def _proposal(told: Told) -> str:
    probability = told.facts.get("probability")
    sure = f", {probability:.0%} sure" if isinstance(probability, float | int) else ""
    return f"{words_of(told.facts.get('proposed'))}{sure}"


# In a pattern, {actor}, {subject} and {account} are names, everything else is a fact.
SENTENCES: dict[Action, str | Callable[[Told], str]] = {
    Action.ACCOUNT_CREATED: _created_account,
    Action.ACCOUNT_ROLES_CHANGED: "{actor} changed the roles of {subject}: {before} → {after}",
    Action.ACCOUNT_DEACTIVATED: "{actor} closed {account}",
    Action.ACCOUNT_LINKED: "{actor} linked {account} to a sign-in at {issuer}",
    Action.ACCOUNT_PASSWORD_CHANGED: "{actor} changed the password of {account}",
    Action.ACCOUNT_SESSIONS_ENDED: "{actor} ended every session of {account}",
    Action.SIGNED_IN: "{actor} signed in by {method}",
    Action.SIGN_IN_REFUSED: _refused_sign_in,
    Action.SIGNED_OUT: "{actor} signed out",
    Action.TOKEN_ISSUED: "{actor} issued an access token for {scopes}",
    Action.TOKEN_REVOKED: "{actor} revoked an access token",
    Action.OAUTH_CLIENT_REGISTERED: "{actor} registered a machine client for {scopes}",
    Action.OAUTH_CLIENT_REVOKED: "{actor} revoked a machine client",
    Action.PROJECT_CREATED: "{actor} created the project “{subject}”",
    Action.PROJECT_CHANGED: _changed_project,
    Action.PROJECT_STATE_CHANGED: "{actor} moved the project “{subject}”: {before} → {after}",
    Action.PAY_ALARM_RAISED: (
        "{actor} paused the project “{subject}”: it paid under the floor that it declared"
    ),
    Action.PAY_EXCEPTION_MADE: "{actor} let “{subject}” run although it pays under its floor",
    Action.PREFERENCES_CHANGED: "{actor} chose which sensitive content to be given",
    Action.PAYMENTS_EXPORTED: "{actor} wrote {n_lines} lines of the ledger out for payment",
    Action.TASKS_PRIORITISED: "{actor} gave {n_tasks} tasks of “{subject}” another priority",
    Action.TASKS_ASKED_AGAIN: "{actor} put {n_tasks} tasks of “{subject}” to one more annotator",
    Action.GOLD_CHANGED: _corrected,
    Action.APPEAL_DECIDED: "{actor} decided an appeal: {outcome}",
    Action.ANNOTATOR_QUALIFIED: "{actor} qualified an annotator: {right} right of {seen}",
    Action.ANNOTATOR_NOT_QUALIFIED: (
        "{actor} did not qualify an annotator: {right} right of {seen}"
    ),
    Action.SUSPICION_RAISED: "{actor} noticed a pattern in an annotator’s answers: {pattern}",
    Action.SUSPICION_OBJECTED: "{actor} said what explains a pattern in their answers",
    Action.SUSPICION_SETTLED: "{actor} settled what was noticed of an annotator: {outcome}",
    Action.STANDING_CHANGED: "{actor} changed an annotator’s standing: {before} → {after}",
    Action.TASKS_IMPORT_CANCELLED: "{actor} cancelled an import after {added} tasks",
    Action.TASKS_IMPORTED: (
        "{actor} imported tasks: {added} added, {known} known before, {refused} refused"
    ),
    Action.OUTCOMES_IMPORTED: "{actor} imported outcomes into “{subject}”",
    Action.LABEL_REVISED: _revised,
    Action.LABEL_CONTESTED: "{actor} contested how an answer was judged",
    Action.EXPERT_LABEL_ADDED: "{actor} added an expert’s answer",
    Action.CONSENSUS_REQUESTED: "{actor} asked for a consensus by {method}",
    Action.CONSENSUS_CANCELLED: "{actor} broke a consensus off",
    Action.CONSENSUS_FINISHED: "{actor} finished a consensus by {method}",
    Action.DATA_SET_REQUESTED: "{actor} asked for a data set: {subject}",
    Action.DATA_SET_FINISHED: "{actor} finished a data set: {subject}",
    Action.DATA_SET_DOWNLOADED: "{actor} downloaded a data set: {subject}",
    Action.POLICY_SET: "{actor} set version {version} of the policy of “{subject}”",
    Action.MODEL_CREATED: "{actor} created the model {subject}",
    Action.MODEL_VERSION_REQUESTED: "{actor} asked to train {subject}",
    Action.MODEL_VERSION_TRAINED: "{actor} trained {subject}",
    Action.MODEL_VERSION_PROMOTED: "{actor} promoted {subject}",
    Action.DECISION_RELEASED: _release,
    Action.DECISION_HELD: _hold,
    Action.CASE_SHOWN: "{actor} was shown decision {subject}",
    Action.REVIEW_CONFIRMED: "{actor} confirmed decision {subject}: {after}",
    Action.REVIEW_OVERRIDDEN: _override,
    Action.REVIEW_DISREGARDED: _disregard,
    Action.REVIEW_REVERSED: _reverse,
    Action.REPORT_REQUESTED: _requested_report,
    Action.REPORT_FINISHED: _finished_report,
    Action.DECISIONS_REQUESTED: "{actor} submitted {cases} cases for decision",
    Action.PERSON_ERASED: "{actor} erased a person: {n_texts} texts of the log",
    Action.ERASURE_REFUSED: "{actor} refused to erase a person, or a part: {refusal}",
    Action.ERASURE_REQUESTED: "{actor} asked to be erased",
    Action.ERASURE_REQUEST_REFUSED: "{actor} refused what somebody asked for: to be erased",
    Action.RETENTION_APPLIED: "{actor} erased what had reached its date: {class}",
    Action.RETENTION_SET: "{actor} set that {class} are kept {entry_days} days",
    Action.LEGAL_HOLD_SET: "{actor} set a legal hold on {of}",
    Action.LEGAL_HOLD_RELEASED: "{actor} released a legal hold on {of}",
    Action.LOG_VERIFIED: _verified,
    Action.LOG_RECONCILED: _reconciled,
    Action.TEXTS_READ: _texts_read,
    Action.LOG_EXPORTED: "{actor} wrote entries of the log out for an auditor",
    Action.BACKUP_MADE: "{actor} made a backup",
    Action.BACKUP_RESTORED: "{actor} brought a backup back",
    Action.JOB_FAILED: "The job {job} failed",
}
