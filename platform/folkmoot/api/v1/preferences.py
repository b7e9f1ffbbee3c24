"""Preferences: which sensitive content an annotator chose to be given."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from crowd import preferences
from crowd.models import AnnotatorPreferences, ContentFlag
from folkmoot.api.operations import Api, Call, View
from folkmoot.identity.permissions import Permission

api = Api("preferences")


class Preferences(BaseModel):
    """The kinds of content to opt in to; what is not named is opted out of, at once."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    accepted_flags: list[ContentFlag] = Field(max_length=len(ContentFlag))


class PreferencesView(View):
    """What you opted in to, and when you last chose."""

    accepted_flags: list[ContentFlag]
    changed_at: datetime


@api.get("/me/preferences", access=Permission.LABEL, shows=PreferencesView)
def get_preferences(call: Call) -> AnnotatorPreferences:
    """Return which sensitive content you opted in to."""
    return preferences.preferences_of(call.uow, annotator_id=call.actor.id)


@api.put("/me/preferences", access=Permission.LABEL, shows=PreferencesView)
def set_preferences(call: Call, body: Preferences) -> AnnotatorPreferences:
    """Opt in to sensitive content and out of it; tasks in hand that you opt out of go back."""
    return preferences.set_preferences(
        call.uow, call.actor, accepted_flags=frozenset(body.accepted_flags)
    )
