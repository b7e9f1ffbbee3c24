"""Names that people read in lists and logs: one line, in which nothing hides."""

import re
from typing import Annotated

from pydantic import AfterValidator, Field

from folkmoot.kernel.json_values import JsonObject

# Control characters, line ends, what turns the direction of the text, and what has no shape.
# The two joiners (U+200C, U+200D) are not among them: names in Persian and Hindi need them.
_UNFIT = (
    r"\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e"
    r"\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb"
)
_TAGS = re.compile(r"[\U000E0000-\U000E007F]")
_UNFIT_CHARACTER = re.compile(f"[{_UNFIT}]")


def _one_line(text: str) -> str:
    if _UNFIT_CHARACTER.search(text) or _TAGS.search(text):
        raise ValueError("A name is one line, without characters that cannot be seen.")
    return text


def _describe(schema: JsonObject) -> None:
    # Said of what may stand there, not of what may not: readers of schemas make more of that.
    # It stands in place of a field's own demand for more than spaces, which it leaves unsaid.
    schema["pattern"] = f"^[^{_UNFIT}]*$"


OneLineName = Annotated[str, AfterValidator(_one_line), Field(json_schema_extra=_describe)]
