#!/usr/bin/env python3
"""Generated requests (schemathesis) against every operation of every service of a running demonstration: with the token
of everybody who may call it, with ids of its data, and at last one lawful request of each, so that every operation is
seen to succeed. Prints each finding; exit status 1 when there is one or when an operation never succeeded.

    check_api.py [--examples N] [--service NAME] [--operation ID]
"""

import argparse
import itertools
import random
import sys
import time
import warnings

import hypothesis
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import CHECKS, load_all_checks

from office import KNOWN, SERVICES, Office
from recipes import RECIPES, SYSTEM

warnings.filterwarnings("ignore")
# Files of procedures are text, a JSON object a line.
schemathesis.serializer.alias("application/x-ndjson", "text/plain")
NAMES = ["not_a_server_error", "status_code_conformance", "content_type_conformance", "response_schema_conformance"]
# What succeeds would end the demonstration itself (its agencies, officials, calendar, books): generated requests name
# nothing of it and an old version; the lawful request follows.
HARMFUL = {"DissolveAgency", "DecideAppointment", "LoadCalendar", "SetNumbering", "EditDraft", "SetLadder",
           "DecideDelegation", "DecideAbsence", "ReassignDossiers", "SetComplaintLimit"}
# Nothing in these can be made to miss: only the lawful request.
TOO_WIDE = {"RotateKeys", "SetRehearsalClock"}
# Nobody consumes events of the exchange (it announces none), so nobody may read its feed and there is nothing to have a
# receipt of: 403 and 404 to everybody are right.
UNREAD = {("integration", "ReadEvents"), ("integration", "ReadReceipt")}
IDS = 0.7


class Checker:
    def __init__(self, office, examples):
        self.office = office
        self.examples = examples
        load_all_checks()
        self.checks = [CHECKS.get_one(name) for name in NAMES]
        self.failures = []
        self.seen = {}
        self.requests = 0

    def service(self, name, only):
        schema = schemathesis.openapi.from_dict(self.office.documents[name])
        schema.config.update(base_url=self.office.urls[name])
        for result in schema.get_all_operations():
            operation = result.ok()
            identity = operation.definition.raw["operationId"]
            if only and only != identity:
                continue
            self.seen[(name, identity)] = set()
            if identity not in TOO_WIDE:
                self.generate(name, identity, operation)
            succeeded = any(200 <= status < 400 for status in self.seen[(name, identity)])
            if not succeeded and (name, identity) not in UNREAD:
                self.lawful(name, identity, operation)

    def generate(self, name, identity, operation):
        # In turn, so that everybody who may call it does.
        lawful = list(self.office.lawful(operation.definition.raw, name))
        people = itertools.cycle(lawful)
        headers = {"If-Match": '"999999999"'} if identity in HARMFUL else {}
        strategy = operation.as_strategy()

        @settings(max_examples=max(self.examples, len(lawful)), deadline=None, database=None, phases=[Phase.generate],
                  suppress_health_check=list(HealthCheck), derandomize=False)
        @hypothesis.seed(20210209)
        @given(case=strategy)
        def one(case):
            if identity not in HARMFUL:
                self.put_ids(case)
            if isinstance(case.query, dict) and isinstance(case.query.get("wait"), int):
                case.query["wait"] = min(case.query["wait"], 1)  # it would be waited for
            self.send(name, identity, case, next(people), headers=headers)

        one()

    def put_ids(self, case):
        """Ids of the demonstration in place of most generated ones; every other value stays as it was generated."""
        for parameter in list(case.path_parameters or {}):
            if random.random() < IDS:
                case.path_parameters[parameter] = self.office.pick(parameter, case.path_parameters[parameter])
        for place in (case.query, case.body):
            if isinstance(place, dict):
                for key in place:
                    if isinstance(place[key], str) and random.random() < IDS / 2:
                        place[key] = self.office.pick(key, place[key])

    def send(self, name, identity, case, who, **more):
        headers = self.office.headers(who) | more.pop("headers", {})
        try:
            response = case.call(headers=headers, allow_redirects=False, timeout=20, **more)
        except (UnicodeError, ValueError):
            return None  # what HTTP itself cannot carry
        except Exception as fault:  # noqa: BLE001: every way of failing is a finding
            self.failures.append(f"{name} {identity} as {who}: no answer: {fault!r}"[:900])
            return None
        self.requests += 1
        self.seen[(name, identity)].add(response.status_code)
        try:
            case.validate_response(response, checks=self.checks, headers=headers)
        except Exception as fault:  # noqa: BLE001: every way of failing is a finding
            text = " ".join(str(part) for part in getattr(fault, "exceptions", [fault]))
            self.failures.append(f"{name} {identity} as {who}: {response.status_code} {text[:900]}")
        return response

    def lawful(self, name, identity, operation):
        recipe = SYSTEM[identity] if identity in SYSTEM else RECIPES.get(identity)
        if identity == "ReadHistory" and name == "documents":
            recipe = None
        if recipe is None:
            self.walk(name, identity, operation)
            return
        try:
            who, request = recipe(self.office, name) if identity in SYSTEM else recipe(self.office)
        except Exception as fault:  # noqa: BLE001
            self.failures.append(f"{name} {identity}: could not be prepared: {fault!r}")
            return
        arguments = {"path_parameters": request.get("path"), "query": request.get("query"),
                     "headers": request.get("headers")}
        if request.get("body") is not None:
            arguments |= {"body": request["body"], "media_type": "application/json"}
        if "form" in request:
            arguments |= {"body": request["form"], "media_type": "application/x-www-form-urlencoded"}
        case = operation.Case(**{key: value for key, value in arguments.items() if value is not None})
        more = {"data": request["raw"]} if "raw" in request else {}
        response = self.send(name, identity, case, who, headers=request.get("headers") or {}, **more)
        if response is not None and response.status_code >= 400:
            self.failures.append(f"{name} {identity}: the lawful request got {response.status_code} {response.text[:300]}")

    def walk(self, name, identity, operation):
        """Reads: everybody who may, with ids that fit and only what must be asked, until one is answered."""
        parameters = operation.definition.raw.get("parameters", [])
        for who in self.office.lawful(operation.definition.raw, name):
            for _ in range(40):
                given = {place: {part["name"]: KNOWN.get(part["name"]) or self.office.pick(part["name"], "x")
                                 for part in parameters if part["in"] == place and part.get("required")}
                         for place in ("path", "query")}
                case = operation.Case(path_parameters=given["path"], query=given["query"])
                response = self.send(name, identity, case, who)
                if response is not None and response.status_code < 400:
                    return
                if not given["path"] and not given["query"]:
                    break


def main():
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("--examples", type=int, default=40)
    words.add_argument("--service", choices=list(SERVICES))
    words.add_argument("--operation")
    asked = words.parse_args()
    random.seed(20210209)
    start = time.time()
    office = Office()
    office.harvest()
    checker = Checker(office, asked.examples)
    try:
        for name in SERVICES:
            if asked.service in (None, name):
                checker.service(name, asked.operation)
    finally:
        office.clear()
    never = [f"{name} {identity} {sorted(statuses)}" for (name, identity), statuses in checker.seen.items()
             if (name, identity) not in UNREAD and not any(200 <= status < 400 for status in statuses)]
    for failure in dict.fromkeys(checker.failures):
        print(failure)
    for line in never:
        print(f"never succeeded: {line}")
    print(f"{len(checker.seen)} operations, {checker.requests} requests, {len(checker.failures)} findings, "
          f"{len(never)} never succeeded, {time.time() - start:.0f} s")
    sys.exit(1 if checker.failures or never else 0)


if __name__ == "__main__":
    main()
