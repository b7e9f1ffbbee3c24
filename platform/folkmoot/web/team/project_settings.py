"""A project's settings: its rules as a form, and who changed what when."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from flask import url_for

from audit.models import Entry
from audit.searching import entries
from crowd.admission import FLAG_WORDS
from crowd.models import ContentFlag, Project
from crowd.projects import project_by_slug
from folkmoot.identity.permissions import Permission
from folkmoot.kernel.actor import Actor
from folkmoot.kernel.pagination import PageRequest
from folkmoot.kernel.unit_of_work import UnitOfWork
from folkmoot.web.officer.telling import EntryLine, facts_of, lines_of
from folkmoot.web.paging import Pagination, pagination_of
from folkmoot.web.team.answer_form import TypeChoice, type_choices
from folkmoot.web.team.form_errors import WrongPlace, wrong_places
from folkmoot.web.team.project_form import ProjectForm
from folkmoot.web.team.rule_words import WATCH_ACTIONS, RuleChange, changes_in

HISTORY_ROWS = 20


@dataclass(frozen=True)
class FormView:
    """The form, what is wrong in it, and what there is to choose from."""

    form: ProjectForm
    errors: Mapping[str, str]
    wrong: Sequence[WrongPlace]
    types: Sequence[TypeChoice]
    content_flags: Sequence[tuple[str, str]]
    watch_actions: Sequence[tuple[str, str]]
    is_new: bool


@dataclass(frozen=True)
class HistoryLine:
    """One change of a project; the entry's page for who may read the log."""

    sentence: str
    at: datetime
    url: str | None
    changes: Sequence[RuleChange]


@dataclass(frozen=True)
class SettingsView(FormView):
    """Everything on the page of settings."""

    project: Project
    history: Sequence[HistoryLine]
    page: Pagination


def form_view_of(
    form: ProjectForm, errors: Mapping[str, str] | None = None, *, is_new: bool = True
) -> FormView:
    """Return the form with all that it offers."""
    return FormView(
        form=form,
        errors=errors or {},
        wrong=wrong_places(errors or {}),
        types=type_choices(),
        content_flags=[(flag.value, FLAG_WORDS[flag].capitalize()) for flag in ContentFlag],
        watch_actions=tuple(WATCH_ACTIONS.items()),
        is_new=is_new,
    )


def settings_view_of(
    uow: UnitOfWork,
    actor: Actor,
    slug: str,
    *,
    wanted: PageRequest,
    form: ProjectForm | None = None,
    errors: Mapping[str, str] | None = None,
) -> SettingsView:
    """Read a project's rules and their history; a form that was refused is shown as typed."""
    project = project_by_slug(uow, slug=slug)
    page = entries(uow, subject_id=project.id, wanted=wanted)
    may_read_log = actor.may(Permission.READ_LOG)
    return SettingsView(
        **vars(form_view_of(form or ProjectForm.of(project), errors, is_new=False)),
        project=project,
        history=[
            _line(entry, line, is_linked=may_read_log)
            for entry, line in zip(page.items, lines_of(uow, page.items), strict=True)
        ],
        page=pagination_of(page.mapped(str)),
    )


def _line(entry: Entry, line: EntryLine, *, is_linked: bool) -> HistoryLine:
    return HistoryLine(
        sentence=line.sentence,
        at=line.at,
        url=url_for("officer.entry", entry_id=entry.id) if is_linked else None,
        changes=changes_in(facts_of(entry)),
    )
