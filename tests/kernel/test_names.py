"""What a name may hold: one line, and nothing that hides or turns what stands around it."""

import re

import pytest
from pydantic import BaseModel, Field, ValidationError

from folkmoot.kernel.names import OneLineName


class Named(BaseModel):
    name: OneLineName = Field(min_length=1, max_length=20)


@pytest.mark.parametrize(
    "name",
    [
        "a\u202eb",
        "a\u0007b",
        "a\nb",
        "a\x00b",
        "a\u200bb",
        "a\u2028b",
        "\u2066a",
        "\ufeffa",
        "a\x9b",
    ],
)
def test_a_name_that_hides_or_turns_its_letters_is_refused(name: str) -> None:
    with pytest.raises(ValidationError, match="cannot be seen"):
        Named(name=name)


@pytest.mark.parametrize("name", ["Zoë O’Neil", "مریم", "می‌خواهم", "क्‍ष", "👩‍⚕️ ward 3", "a b"])
def test_names_of_every_script_are_kept_as_they_are(name: str) -> None:
    assert Named(name=name).name == name


def test_the_description_says_the_same_as_the_rule() -> None:
    schema = Named.model_json_schema()["properties"]["name"]
    assert (schema["minLength"], schema["maxLength"]) == (1, 20)
    assert re.search(schema["pattern"], "می‌خواهم")
    assert re.search(schema["pattern"], " ")
    assert not re.search(schema["pattern"], "a\u202eb")
