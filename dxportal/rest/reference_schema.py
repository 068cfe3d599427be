"""The schema as the reference page draws it: in the words of OpenAPI 3.0.

The viewer reads 3.1 with another machine, which takes several times as long for the same page.
What the two versions say differently here are types that may be null, and webhooks; the schema
that clients fetch stays 3.1.
"""

from collections.abc import Mapping
from typing import Any

NULL = {"type": "null"}
# Where calls arrive that the portal makes itself.
RECEIVER = "/（登録した送り先のURL）"


def for_viewer(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The same addresses, fields and words; webhooks stand among the addresses."""
    said = dict(schema)
    said["paths"] = {**said["paths"], RECEIVER: said.pop("webhooks")["event"]}
    made: dict[str, Any] = _older(said)
    return made | {"openapi": "3.0.3"}


def _older(said: Any) -> Any:
    if isinstance(said, list):
        return [_older(one) for one in said]
    if not isinstance(said, Mapping):
        return said
    if said == NULL:
        return {"enum": [None], "nullable": True}
    made = {name: _older(value) for name, value in said.items()}
    if isinstance(said.get("type"), list):
        kinds = [kind for kind in said["type"] if kind != "null"]
        made |= {"type": kinds[0], "nullable": len(kinds) < len(said["type"])}
    for joint in ("anyOf", "oneOf"):
        if NULL in said.get(joint, ()):
            made |= {joint: [_older(one) for one in said[joint] if one != NULL], "nullable": True}
    return made
