"""Whether a changed answer schema still allows every answer that was given under the old one."""

from folkmoot.kernel.json_values import Json, JsonObject

# What annotators read. It may be mended: no answer given becomes another by it.
_WORDS = frozenset({"question", "label", "help"})
# The lists of what an answer may name. Others order or number what they hold, so they stay.
_GROWING = frozenset({"choices", "classes"})


def is_wider(before: JsonObject, after: JsonObject) -> bool:
    """Say whether a schema, in full form, only adds choices after those there were.

    Their order counts: a tie between answers goes to the one that comes first. Every other
    demand on an answer stays as it was.
    """
    return all(
        _is_kept(name, before.get(name), after.get(name))
        for name in before.keys() | after.keys()
        if name not in _WORDS
    )


def _is_kept(name: str, before: Json, after: Json) -> bool:
    if not (isinstance(before, list) and isinstance(after, list)):
        return before == after
    kept = after[: len(before)] if name in _GROWING else after
    return [_without_words(each) for each in kept] == [_without_words(each) for each in before]


def _without_words(entry: Json) -> Json:
    if not isinstance(entry, dict):
        return entry
    return {name: value for name, value in entry.items() if name not in _WORDS}
