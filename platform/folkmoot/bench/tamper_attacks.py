"""Every row of the attack matrix but the stolen session, each at a random place."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import SQLModel

from audit.tables import ENTRY
from folkmoot.bench.tamper_hands import Burglar, Forged
from folkmoot.bench.tamper_history import History
from folkmoot.kernel.ids import new_id
from folkmoot.kernel.json_values import JsonObject
from governance.models import Report
from governance.review.acting import ENTRY_OF

REVIEWS = frozenset(one.value for one in ENTRY_OF.values())
REPORT = SQLModel.metadata.tables[str(Report.__tablename__)]


@dataclass
class Scene:
    """A log under attack, what outsiders hold of it, and what the attack leaves behind."""

    history: History
    kept: str
    witnessed: int
    mirror: Path
    copy: Callable[[History], History]
    promises: list[str] = field(default_factory=list)
    quorum: int = 0
    # What is done to the export itself, after an honest program wrote it.
    spoil: Callable[[Path], None] | None = None
    # Other logs that other auditors are shown.
    others: list[History] = field(default_factory=list)
    first_bad: int | None = None


def edit_a_field(scene: Scene) -> None:
    """Change a reason or its codes, in the entry and in the review."""
    burglar = Burglar(scene.history)
    entries = burglar.entries()
    at = _a_review(scene, entries)
    if scene.history.random.random() < 0.5:
        burglar.forge_reason(entries[at], "All was well.")
    else:
        facts: JsonObject = {**entries[at].facts(), "seconds": 1.5}
        entries[at].told = {**entries[at].told, "facts": facts}
        burglar.change_review(entries[at].entry_id, seconds=1.5)
    burglar.rewrite(entries, first=at)
    scene.first_bad = at


def edit_a_field_alone(scene: Scene) -> None:
    """Change an entry's bytes, and nothing that depends on them."""
    burglar = Burglar(scene.history)
    at = scene.history.random.randrange(len(burglar.entries()))
    with burglar.hands() as connection:
        (stored,) = connection.execute(
            sa.select(ENTRY.c.envelope).where(ENTRY.c.leaf_index == at)
        ).scalars()
        connection.execute(
            sa.update(ENTRY)
            .where(ENTRY.c.leaf_index == at)
            .values(envelope=stored.replace(b'"recorded_at":"20', b'"recorded_at":"19'))
        )
    scene.first_bad = at


def delete_a_middle_row(scene: Scene) -> None:
    """Remove an act, its review, and close the gap."""
    burglar = Burglar(scene.history)
    entries = burglar.entries()
    at = _a_review(scene, entries)
    burglar.forget_reviews([entries.pop(at)])
    burglar.rewrite(entries, first=at)
    scene.first_bad = at


def truncate_the_tail(scene: Scene) -> None:
    """Cut the log off, as if nothing had come after."""
    burglar = Burglar(scene.history)
    entries = burglar.entries()
    # What the decisions rest on was logged first; a log cut off there has no history left.
    at = scene.history.random.randrange(_first_review(entries), scene.witnessed)
    burglar.forget_reviews(entries[at:])
    burglar.rewrite(entries[:at], first=at)
    scene.first_bad = at


def rewrite_the_chain(scene: Scene) -> None:
    """Date every entry from some place on otherwise, and sign it all with the stolen key."""
    burglar = Burglar(scene.history)
    entries = burglar.entries()
    at = scene.history.random.randrange(scene.witnessed)
    for one in entries[at:]:
        moment = str(one.told["recorded_at"])
        one.told = {**one.told, "recorded_at": f"2019{moment[4:]}"}
    burglar.rewrite(entries, first=at)
    scene.first_bad = at


def insert_a_back_dated_entry(scene: Scene) -> None:
    """Put an act that never was between others, with a review of its own."""
    burglar = Burglar(scene.history)
    entries = burglar.entries()
    at = _a_review(scene, entries)
    model = entries[at]
    entry_id = new_id()
    review_id, text = burglar.copy_review(model.entry_id, new_entry_id=entry_id)
    facts: JsonObject = {**model.facts(), "review": str(review_id)}
    forged = Forged({**model.told, "id": str(entry_id), "facts": facts})
    burglar.forge_reason(forged, text, model=model.entry_id)
    entries.insert(at, forged)
    burglar.rewrite(entries, first=at)
    scene.first_bad = at


def reorder_what_waits(scene: Scene) -> None:
    """Swap the times of two acts before they are sealed; their actors hold promises."""
    history = scene.history
    acts = [history.act() for _ in range(2)]
    scene.promises = [promise for _, promise in acts]
    burglar = Burglar(history)
    one, other = (burglar.waiting(entry_id) for entry_id, _ in acts)
    earlier, later = one.told["recorded_at"], other.told["recorded_at"]
    one.told = {**one.told, "recorded_at": later}
    other.told = {**other.told, "recorded_at": earlier}
    for forged in (one, other):
        burglar.replace_waiting(forged)
    history.seal()
    scene.first_bad = _first_index(burglar, [entry_id for entry_id, _ in acts])


def restore_an_old_backup(scene: Scene) -> None:
    """Go on from an older copy, and seal what comes as if nothing had been."""
    history = scene.history
    older = scene.copy(history)
    history.act_often(history.random.randint(1, 3))
    scene.kept = history.witnessed()
    scene.mirror = history.folder / f"mirror-{new_id()}"
    history.mirror(scene.mirror)
    scene.first_bad = len(Burglar(older).entries())
    older.act_often(history.random.randint(0, 4))
    older.seal()
    if (size := len(Burglar(older).entries())) < len(Burglar(history).entries()):
        scene.first_bad = size  # the first that is gone; those before it may be others too
    scene.history = older


def show_two_views(scene: Scene) -> None:
    """Show two auditors two logs, and each of two witnesses one of them."""
    history = scene.history
    other = scene.copy(history)
    scene.first_bad = len(Burglar(history).entries())
    first, second = history.witnesses
    for view, witness in ((history, first), (other, second)):
        for _ in range(3):
            view.act()
        view.seal()
        witness.cosign(view.engine, view.log_key)
    scene.quorum, scene.others = 2, [other]


def never_log_it(scene: Scene) -> None:
    """Keep a review without an entry; or take an act out before it is sealed."""
    history = scene.history
    way = history.random.randrange(3)
    if way == 0:
        burglar = Burglar(history)
        entries = burglar.entries()
        model = entries[_a_review(scene, entries)]
        burglar.copy_review(model.entry_id, new_entry_id=new_id())
        return
    entry_id, promise = history.act()
    # With the counter set back nothing is left but what the reviewer holds.
    scene.promises = [promise] if way == 2 else []
    Burglar(history).drop_waiting(entry_id, sets_counter_back=way == 2)
    history.act_often(1)
    history.seal()


def omit_from_a_report(scene: Scene) -> None:
    """Leave records out of a finished report, or out of the account of the range."""
    if scene.history.random.random() < 0.5:
        with Burglar(scene.history).hands() as connection:
            result = {"groups": [{"name": "a", "n": 12}]}
            digest = sha256(json.dumps(result).encode()).hexdigest()
            connection.execute(sa.update(REPORT).values(result=result, digest=digest))
        return
    scene.spoil = _leave_out_of_account


def tamper_before_sealing(scene: Scene) -> None:
    """Forge an act whole, with its review, before it has a place; its actor holds a promise."""
    history = scene.history
    entry_id, promise = history.act()
    scene.promises = [promise]
    burglar = Burglar(history)
    forged = burglar.waiting(entry_id)
    burglar.forge_reason(forged, "Somebody else's words.")
    burglar.replace_waiting(forged)
    history.seal()
    scene.first_bad = _first_index(burglar, [entry_id])


ATTACKS: dict[str, Callable[[Scene], None]] = {
    "edit a field": edit_a_field,
    "edit a field, and nothing else": edit_a_field_alone,
    "delete a middle row": delete_a_middle_row,
    "truncate the tail": truncate_the_tail,
    "rewrite the chain, stolen key": rewrite_the_chain,
    "insert a back-dated entry": insert_a_back_dated_entry,
    "reorder what waits (promise)": reorder_what_waits,
    "restore an old backup": restore_an_old_backup,
    "split view (2 of 2 witnesses)": show_two_views,
    "never log it": never_log_it,
    "omit from a report": omit_from_a_report,
    "tamper before sealing (promise)": tamper_before_sealing,
}


def _a_review(scene: Scene, entries: list[Forged]) -> int:
    found = [
        index
        for index, one in enumerate(entries[: scene.witnessed])
        if one.action in REVIEWS and one.facts().get("after") is not None
    ]
    return scene.history.random.choice(found)


def _first_review(entries: list[Forged]) -> int:
    return next(index for index, one in enumerate(entries) if one.action in REVIEWS)


def _first_index(burglar: Burglar, entry_ids: list[UUID]) -> int:
    return next(index for index, one in enumerate(burglar.entries()) if one.entry_id in entry_ids)


def _leave_out_of_account(export: Path) -> None:
    """Count fewer acts in the account, and say in the manifest that this is how it was written."""
    account = json.loads((export / "account.json").read_text())
    action = next(one for one in account["by_action"] if one in REVIEWS)
    account["by_action"][action] -= 1
    written = (json.dumps(account, indent=2) + "\n").encode()
    (export / "account.json").write_bytes(written)
    manifest = json.loads((export / "manifest.json").read_text())
    manifest["files"]["account.json"]["sha256"] = sha256(written).hexdigest()
    (export / "manifest.json").write_text(json.dumps(manifest))
