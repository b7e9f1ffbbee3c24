"""Tamper with a copy of the database, as an operator could, and see whether the log notices."""

import sqlite3
from dataclasses import dataclass
from pathlib import Path

from audit.verification import Verdict, verify_log
from audit.wrapping_keys import WrappingKeys, give_wrapping_keys
from folkmoot.jobs.audit_jobs import CLAIMS
from folkmoot.kernel.db import make_engine
from folkmoot.kernel.unit_of_work import reading

NEW_REASON = "The patient asked for it."


@dataclass(frozen=True)
class Tampering:
    """What was done to the copy, and what the check of the copy says."""

    review_id: str
    statement: str
    verdict: Verdict


def tamper_with_a_copy(
    database: Path, copy: Path, *, verifier: str, wrapping_keys: WrappingKeys
) -> Tampering:
    """Copy a SQLite database, edit one override's reason by SQL, and verify the copy."""
    _copy(database, copy)
    statement = "UPDATE review SET reason_text = ? WHERE id = ?"
    with sqlite3.connect(copy) as edited:
        (review_id,) = edited.execute(
            "SELECT id FROM review WHERE act = 'override' ORDER BY id LIMIT 1"
        ).fetchone()
        edited.execute(statement, (NEW_REASON, review_id))
    edited.close()
    engine = make_engine(f"sqlite:///{copy}")
    give_wrapping_keys(engine, wrapping_keys)
    with reading(engine) as uow:
        verdict = verify_log(uow, verifier=verifier, claims=CLAIMS)
    engine.dispose()
    return Tampering(str(review_id), statement, verdict)


def _copy(database: Path, copy: Path) -> None:
    source, target = sqlite3.connect(database), sqlite3.connect(copy)
    with source, target:
        source.backup(target)
    source.close()
    target.close()
