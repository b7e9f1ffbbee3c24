"""The officer's addresses of wishes to be erased: what waits, granting, refusing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from audit.erasure import Erasure, LegalBasis, erase
from audit.erasure_requests import open_request, open_requests, refuse_erasure, settle_granted
from folkmoot.bootstrap import ERASABLES
from folkmoot.identity.access import current_actor, requires
from folkmoot.identity.naming import names_of
from folkmoot.identity.permissions import Permission
from folkmoot.kernel.errors import InvalidInput
from folkmoot.kernel.unit_of_work import UnitOfWork
from folkmoot.web.officer.blueprint import blueprint
from folkmoot.web.services import reading, services, unit_of_work
from folkmoot.web.team.refusals import refusals_told

# In the words of the GDPR, Article 17(1).
BASES: Sequence[tuple[str, str]] = [
    (LegalBasis.CONSENT_WITHDRAWN.value, "They withdrew their consent"),
    (LegalBasis.NO_LONGER_NEEDED.value, "What it was kept for is over"),
    (LegalBasis.OBJECTION.value, "They objected, and nothing stronger stands against it"),
    (LegalBasis.UNLAWFUL.value, "It should not have been kept"),
    (LegalBasis.LEGAL_OBLIGATION.value, "A law demands it"),
    (LegalBasis.CHILD.value, "It is a child’s data"),
    (LegalBasis.OTHER_LAW.value, "Another law"),
]


@dataclass(frozen=True)
class Waiting:
    """One wish that waits: whose, since when, and whether this officer may decide it."""

    id: UUID
    name: str
    account_id: UUID
    asked_at: datetime
    is_own: bool


@blueprint.get("/governance/erasures")
@requires(Permission.ERASE_PEOPLE)
def erasures() -> str:
    """Show who waits to be erased."""
    with reading() as uow:
        return render_template("officer/erasures.html", waiting=_waiting(uow), bases=BASES)


@blueprint.post("/governance/erasures/<uuid:request_id>/grant")
@requires(Permission.ERASE_PEOPLE)
def grant_erasure(request_id: UUID) -> ResponseReturnValue:
    """Erase somebody as they asked, unless a hold or a law stands against it."""
    with refusals_told(), unit_of_work() as uow:
        asked = open_request(uow, current_actor(), request_id=request_id)
        came = _erase(uow, asked.person_id)
        if came.n_texts or came.rows:
            settle_granted(uow, current_actor(), asked)
        flash(_told(came), "good" if came.refusal is None else "bad")
    return _back()


@blueprint.post("/governance/erasures/<uuid:request_id>/refuse")
@requires(Permission.ERASE_PEOPLE)
def refuse_request(request_id: UUID) -> ResponseReturnValue:
    """Refuse to erase somebody, with a reason that they read."""
    with refusals_told(), unit_of_work() as uow:
        reason = request.form.get("reason", "")
        refuse_erasure(uow, current_actor(), request_id=request_id, reason=reason)
        flash("Refused. They read your reason on their own page.", "good")
    return _back()


def _erase(uow: UnitOfWork, person_id: UUID) -> Erasure:
    basis = request.form.get("legal_basis", "")
    if basis not in {value for value, _ in BASES}:
        raise InvalidInput("Choose on what ground they are erased.")
    return erase(
        uow,
        current_actor(),
        person_id=person_id,
        legal_basis=LegalBasis(basis),
        erasables=ERASABLES,
        forget_file=services().artifacts.forget,
    )


def _told(came: Erasure) -> str:
    return f"{came.n_texts} texts of the log erased. {came.sentence}"


def _waiting(uow: UnitOfWork) -> list[Waiting]:
    asked = open_requests(uow)
    names, actor = names_of(uow, [one.person_id for one in asked]), current_actor()
    return [
        Waiting(
            one.id,
            names[one.person_id],
            one.person_id,
            one.asked_at,
            is_own=one.person_id == actor.id,
        )
        for one in asked
    ]


def _back() -> ResponseReturnValue:
    return redirect(url_for("officer.erasures"), HTTPStatus.SEE_OTHER)
