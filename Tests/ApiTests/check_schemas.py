"""Checks our JSON Schemas and the AsyncAPI document with other people's tools.

check_schemas.py FOLDER: FOLDER holds schemas/<type>.json, golden/<type>.json and asyncapi.json.
Every schema is checked against the 2020-12 metaschema, every golden event against its schema; then each golden is broken
in every field, and the schema must notice. The AsyncAPI document is read by the strict models of the package asyncapi3,
its references are followed, and its messages are tried on the same golden events.
The last line is a JSON object with what was counted; the exit code is 1 when anything was found.
"""

import json
import pathlib
import sys

from asyncapi3.models.asyncapi import AsyncAPI3
from jsonschema import Draft7Validator, Draft202012Validator

findings = []
counts = {"schemas": 0, "goldens": 0, "broken": 0, "messages": 0, "references": 0}


def find(text):
    findings.append(text)
    print(text)


def load(path):
    return json.loads(path.read_text(encoding="utf-8"))


def wrong_values(schema):
    """Values that this field must not have."""
    yield {"boolean": "x", "integer": "1"}.get(schema.get("type"), 1)
    yield None
    if "enum" in schema:
        yield "no-such-word"
    if "format" in schema:
        yield "no such format"
    if schema.get("pattern", "").startswith("^[A-Z]"):
        yield "h19.12"
    if "maxLength" in schema:
        yield "a" * (schema["maxLength"] + 1)
    if schema.get("minLength", 0) > 0:
        yield ""
    if "maximum" in schema:
        yield schema["maximum"] + 1
    if "minimum" in schema:
        yield schema["minimum"] - 1


def check_schemas(folder):
    for path in sorted((folder / "schemas").glob("*.json")):
        schema = load(path)
        assert schema["$schema"] == Draft202012Validator.META_SCHEMA["$id"], path.name
        Draft202012Validator.check_schema(schema)
        counts["schemas"] += 1
        for key in ("$id", "title", "description"):
            if not schema.get(key):
                find(f"{path.name} has no {key}")
        for name, field in schema["properties"].items():
            if not field.get("description"):
                find(f"{path.name}: {name} has no description")
        golden = load(folder / "golden" / path.name)
        check_golden(path.name, golden, schema)


def check_golden(name, golden, schema):
    validator = Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
    for error in validator.iter_errors(golden):
        find(f"golden {name}: {error.json_path}: {error.message}")
    counts["goldens"] += 1
    if not validator.is_valid(golden | {"addedLater": {"x": 1}}):
        find(f"{name} refuses a field that a later revision may add")
    for field in schema.get("required", []):
        without = {key: value for key, value in golden.items() if key != field}
        counts["broken"] += 1
        if validator.is_valid(without):
            find(f"{name} does not miss {field}")
    for field, rule in schema["properties"].items():
        for value in wrong_values(rule):
            counts["broken"] += 1
            if validator.is_valid(golden | {field: value}):
                find(f"{name} takes {value!r} as {field}")


def resolve(document, reference):
    assert reference.startswith("#/"), reference
    at = document
    for word in reference[2:].split("/"):
        at = at[word.replace("~1", "/").replace("~0", "~")]
    return at


def references(value):
    if isinstance(value, dict):
        if "$ref" in value:
            yield value["$ref"]
        for inner in value.values():
            yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def check_asyncapi(folder):
    text = (folder / "asyncapi.json").read_text(encoding="utf-8")
    document = json.loads(text)
    AsyncAPI3.model_validate_json(text)
    for reference in references(document):
        counts["references"] += 1
        try:
            resolve(document, reference)
        except (KeyError, AssertionError):
            find(f"asyncapi.json: {reference} leads nowhere")
    types = {path.stem for path in (folder / "schemas").glob("*.json")}
    channels = {channel["title"]: channel for channel in document["channels"].values()}
    if set(channels) != types:
        find(f"asyncapi.json: the channels are not the events: {set(channels) ^ types}")
    for name, channel in channels.items():
        check_channel(folder, document, name, channel)
    sent = [resolve(document, operation["channel"]["$ref"]) for operation in document["operations"].values()]
    if len(sent) != len(types) or any(operation["action"] != "send" for operation in document["operations"].values()):
        find("asyncapi.json: not exactly one sending operation for each event")


def check_channel(folder, document, name, channel):
    address = channel["address"]
    if address.split(".{")[0] != name:
        find(f"{name} has the address {address}")
    if ("{agency}" in address) != ("agency" in channel.get("parameters", {})):
        find(f"{name}: the address and the parameters do not agree")
    for reference in channel["messages"].values():
        message = resolve(document, reference["$ref"])
        counts["messages"] += 1
        for schema in (message["payload"], message["headers"]):
            # Inline definitions, so that the references of the document lead somewhere.
            whole = {"components": document["components"], "allOf": [schema]}
            for dialect in (Draft7Validator, Draft202012Validator):
                dialect.check_schema(whole)
        whole = {"components": document["components"], "allOf": [message["payload"]]}
        validator = Draft202012Validator(whole, format_checker=Draft202012Validator.FORMAT_CHECKER)
        golden = load(folder / "golden" / f"{name}.json")
        for error in validator.iter_errors(golden):
            find(f"asyncapi.json: {name}: {error.message}")
        if validator.is_valid({}) and load(folder / "schemas" / f"{name}.json").get("required"):
            find(f"asyncapi.json: {name} takes anything")


folder = pathlib.Path(sys.argv[1])
check_schemas(folder)
check_asyncapi(folder)
print(json.dumps(counts | {"findings": len(findings)}))
sys.exit(1 if findings else 0)
