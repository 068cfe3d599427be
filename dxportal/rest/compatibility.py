"""What of an OpenAPI schema breaks a client that was written for an earlier one.

A client relies on two things: that what it sends is still taken, and that what it gets is still
what it was told. Both are one question, whether one JSON schema lies within another: the old body
within the new one for what is sent, the new answer within the old one for what is got. New
addresses, optional parameters and fields, and new values of an answer's choices are additions;
docs/api/README.md asks clients to bear them.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

Schema = dict[str, Any]
METHODS = ("get", "post", "put", "patch", "delete")
# Keywords by which a value must not be more, and must not be less, than what is allowed.
UPPER = ("maxLength", "maximum", "exclusiveMaximum", "maxItems", "maxProperties")
LOWER = ("minLength", "minimum", "exclusiveMinimum", "minItems", "minProperties")
# The widest whole numbers of databases: no promise, as they differ between those that serve one
# release.
WIDEST = {bound for bits in (15, 31, 63) for bound in (2**bits - 1, -(2**bits))}
# Keywords that have to be the same, where they are at all.
SAME = ("pattern", "format", "const", "multipleOf")


def breaking_changes(old: Schema, new: Schema) -> list[str]:
    """Each change that breaks a client, as `GET /path/: what`; empty if there is none."""
    return [
        f"{method.upper()} {path}: {change}"
        for path, operations in old["paths"].items()
        for method, operation in operations.items()
        if method in METHODS
        for change in _of_operation(old, new, operation, new["paths"].get(path, {}).get(method))
    ]


def _of_operation(old: Schema, new: Schema, before: Schema, after: Schema | None) -> Iterator[str]:
    if after is None:
        yield "is gone"
        return
    yield from _of_parameters(old, new, before, after)
    yield from _of_body(old, new, before, after)
    yield from _of_answers(old, new, before, after)


def _of_parameters(old: Schema, new: Schema, before: Schema, after: Schema) -> Iterator[str]:
    was = {(p["in"], p["name"]): p for p in before.get("parameters", ())}
    now = {(p["in"], p["name"]): p for p in after.get("parameters", ())}
    sent = _Within(old, new)
    for (place, name), parameter in was.items():
        if (place, name) not in now:
            yield f"parameter {name} ({place}) is gone"
            continue
        new_one = now[place, name]
        yield from sent.reasons(parameter["schema"], new_one["schema"], f"parameter {name}")
    for (place, name), parameter in now.items():
        was_needed = was.get((place, name), {}).get("required", False)
        if parameter.get("required") and not was_needed:
            yield f"parameter {name} ({place}) is needed now"


def _of_body(old: Schema, new: Schema, before: Schema, after: Schema) -> Iterator[str]:
    was, now = before.get("requestBody", {}), after.get("requestBody", {})
    if now.get("required") and not was.get("required"):
        yield "a body is needed now"
    for media_type, content in was.get("content", {}).items():
        if media_type not in now.get("content", {}):
            yield f"body {media_type} is not taken any more"
        else:
            taken = now["content"][media_type].get("schema", {})
            yield from _Within(old, new).reasons(content.get("schema", {}), taken, "body")


def _of_answers(old: Schema, new: Schema, before: Schema, after: Schema) -> Iterator[str]:
    for status, answer in before.get("responses", {}).items():
        if status not in after.get("responses", {}):
            if status.startswith("2"):
                yield f"answer {status} is gone"
            continue
        now = after["responses"][status].get("content", {})
        for media_type, content in answer.get("content", {}).items():
            if media_type not in now:
                yield f"answer {status} {media_type} is gone"
                continue
            got, told = now[media_type].get("schema", {}), content.get("schema", {})
            yield from _Within(new, old, is_answer=True).reasons(got, told, f"answer {status}")


@dataclass
class _Within:
    """Whether all that one schema allows is allowed by another, and if not, why.

    `inner` and `outer` are the documents that references lead into. In an answer, fields and
    choices that the outer one does not know are additions, and none of its fields may be missing.
    """

    inner: Schema
    outer: Schema
    is_answer: bool = False
    seen: set[tuple[str, str]] = field(default_factory=set)

    def reasons(self, a: Schema, b: Schema, where: str) -> list[str]:
        pair = (str(a.get("$ref", "")), str(b.get("$ref", "")))
        if all(pair):
            if pair in self.seen:
                return []
            self.seen.add(pair)
        outer = list(_branches(self.outer, b))
        found: list[str] = []
        for branch in _branches(self.inner, a):
            tried = [self._of_branch(branch, other, where) for other in outer]
            if all(tried):
                found += min(tried, key=len)
        return list(dict.fromkeys(found))

    def _of_branch(self, a: Schema, b: Schema, where: str) -> list[str]:
        if (
            "type" in b
            and a.get("type") != b["type"]
            and (a.get("type"), b["type"])
            != (
                "integer",
                "number",
            )
        ):
            return [f"{where}: {a.get('type', 'anything')} instead of {b['type']}"]
        found = [*self._of_values(a, b, where)]
        if "items" in b:
            found += self.reasons(a.get("items", {}), b["items"], f"{where}[]")
        if b.get("type") == "object" or "properties" in b:
            found += self._of_fields(a, b, where)
        return found

    def _of_values(self, a: Schema, b: Schema, where: str) -> Iterator[str]:
        if "enum" in b and not self.is_answer:
            lost = [value for value in a.get("enum", ["anything"]) if value not in b["enum"]]
            if lost:
                yield f"{where}: {', '.join(map(str, lost))} is not among the choices"
        if "enum" in b and "enum" not in a and self.is_answer:
            yield f"{where}: is no choice any more"
        for name in SAME:
            if name in b and a.get(name) != b[name]:
                yield f"{where}: {name} {a.get(name, 'none')} instead of {b[name]}"
        for names, is_worse in ((UPPER, float.__gt__), (LOWER, float.__lt__)):
            for name in names:
                if name not in b or b[name] in WIDEST:
                    continue
                if name not in a or is_worse(float(a[name]), float(b[name])):
                    yield f"{where}: {name} {a.get(name, 'none')} instead of {b[name]}"

    def _of_fields(self, a: Schema, b: Schema, where: str) -> Iterator[str]:
        there, known = a.get("properties", {}), b.get("properties", {})
        for name in b.get("required", ()):
            if name not in a.get("required", ()):
                yield f"{where}: field {name} may be missing"
        for name, schema in known.items():
            if name in there:
                yield from self.reasons(there[name], schema, f"{where}.{name}")
            elif self.is_answer and name not in b.get("required", ()):
                yield f"{where}: field {name} is gone"
        if b.get("additionalProperties") is False and not self.is_answer:
            for name in there.keys() - known.keys():
                yield f"{where}: field {name} is not taken"
        if isinstance(b.get("additionalProperties"), dict):
            more = a.get("additionalProperties", {})
            more = more if isinstance(more, dict) else {}
            yield from self.reasons(more, b["additionalProperties"], f"{where}.*")


def _branches(document: Schema, schema: Schema) -> Iterator[Schema]:
    """The alternatives of a schema, each of one type, with its references followed."""
    while "$ref" in schema:
        rest = {name: value for name, value in schema.items() if name != "$ref"}
        found: Any = document
        for step in schema["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        schema = {**found, **rest}
    for keyword in ("oneOf", "anyOf"):
        if keyword in schema:
            rest = {name: value for name, value in schema.items() if name != keyword}
            for branch in schema[keyword]:
                yield from _branches(document, {**rest, **branch})
            return
    if "allOf" in schema:
        yield from _branches(document, _merged(document, schema))
    elif isinstance(schema.get("type"), list):
        for kind in schema["type"]:
            yield {**schema, "type": kind}
    elif "enum" in schema and None in schema["enum"] and "type" not in schema:
        yield {"type": "null"}
    else:
        yield schema


def _merged(document: Schema, schema: Schema) -> Schema:
    merged = {name: value for name, value in schema.items() if name != "allOf"}
    for part in schema["allOf"]:
        for branch in _branches(document, part):
            properties = {**merged.get("properties", {}), **branch.get("properties", {})}
            required = [*merged.get("required", ()), *branch.get("required", ())]
            merged = {**merged, **branch}
            if properties:
                merged |= {"properties": properties, "required": required}
    return merged
