#!/usr/bin/env python3
"""Checks the data files of the province before they are loaded.

Usage: check.py [folder]. Prints `file:line: fault` for every bad row and ends with status 1 if there is one.
Only the standard library. The demonstration's loader runs it first and loads nothing when a row is bad.
"""

import csv
import datetime
import pathlib
import re
import sys
import unicodedata

VERIFIED = "yes|no|fictitious"
ROLES = "clerk|officer|leader|accountant|records|hr|administrator"
UNITS = "working-days|days|hours|months"
CODE = r"H19(\.(?!00)\d{2}){0,2}"
PROCEDURE = r"\d\.\d{6}"
SLUG = r"[a-z0-9]+(-[a-z0-9]+)*"
FIELD = r"[A-Z]{2,5}"
TEXT = r"\S(.{0,398}\S)?"
DAY = r"\d{4}-\d{2}-\d{2}"
NUMBER = r"0|[1-9]\d{0,8}"
TIME = r"([01]\d|2[0-3]):[0-5]\d"
WEEKDAYS = "monday|tuesday|wednesday|thursday|friday|saturday|sunday"
DATED = {"valid_from": DAY, "valid_to": f"({DAY})?", "source": TEXT, "verified": VERIFIED}
HELD = {"agency": CODE, "unit": SLUG, "post": SLUG, "role": ROLES, "title": TEXT, "title_en": TEXT}
VERSIONED = {"procedure": PROCEDURE, "version": r"[1-9]"}
# What the services take (Shared/Contracts/Limits*.swift, their input fields): the loader must not stop half-way. Most
# characters of a column, most rows of a procedure, most of a limit in its unit.
LONGEST = {"name": 300, "name_en": 300, "case_name": 300, "case_name_en": 300, "full_name": 200, "title": 200,
           "title_en": 200, "unit": 60, "post": 23, "mailbox": 64, "decision_number": 60, "key": 60, "case": 40,
           "per": 60, "citizen_key": 64, "calendar.csv:source": 300}
MOST = {"parts": 50, "steps": 30, "fees": 20, "fields": 50}
MOST_OF_LIMIT = {"hours": 2000, "working-days": 1000, "days": 1000, "months": 36}
WEEKS, DAYS, SPANS = 400, 500, 4
# The day on which everything is loaded (Loader.firstDay), and how long before its effect a decision may be taken.
FIRST_DAY, DAYS_AHEAD = datetime.date(2021, 1, 4), 366

# Each file: its columns in order, each with the pattern that the whole value must match; then the key columns.
FILES = {
    "agencies.csv": (
        {"code": CODE, "name": TEXT, "name_en": TEXT, "kind": "province|department|police|district|commune",
         "parent": f"({CODE})?", "statistical_code": r"(\d{2}|\d{3}|\d{5})?", **DATED, "note": f"({TEXT})?"},
        ["code", "valid_from"]),
    "units.csv": ({"agency": CODE, "unit": SLUG, "name": TEXT, "name_en": TEXT, **DATED},
                  ["agency", "unit"]),
    "posts.csv": ({**HELD, "seats": r"[1-9]\d?", "fields": f"({FIELD}( {FIELD})*)?", **DATED},
                  ["agency", "unit", "post"]),
    "officials.csv": (
        {"person_key": SLUG, "full_name": TEXT, "mailbox": "[a-z]+[0-9]*", **HELD,
         "decision_number": r"\d{2,}/QĐ-[A-ZĐ]+", **DATED}, ["person_key"]),
    "citizens.csv": ({"citizen_key": SLUG, "full_name": TEXT, "national_id": r"999\d{9}", "phone": r"0000\d{6}",
                      "address": TEXT, **DATED}, ["citizen_key"]),
    "procedures.csv": (
        {"code": PROCEDURE, "version": r"[1-9]", "name": TEXT, "name_en": TEXT, "field": FIELD,
         "field_name": TEXT, "level": "[234]", "owner": "province|district|commune",
         "competent_agency": f"district|commune|{CODE}", "limit_amount": r"[1-9]\d{0,2}", "limit_unit": UNITS,
         "supplement": "subtract|restart", "result": TEXT, "result_type": r"[^\W\d_]{2,6}", "legal_basis": TEXT,
         **DATED, "note": f"({TEXT})?"}, ["code", "version"]),
    "procedure_parts.csv": (
        {**VERSIONED, "ordinal": r"[1-9]\d?", "name": TEXT, "name_en": TEXT, "kind": "original|copy|e-form",
         "count": r"[1-9]", "required": "yes|no|later", **DATED}, ["procedure", "version", "ordinal"]),
    "procedure_steps.csv": (
        {**VERSIONED, "ordinal": r"[1-9]\d?", "key": SLUG, "kind": "receive|work|opinion|approve|return",
         "name": TEXT, "name_en": TEXT, "agency": f"receiving|lead|parent|{CODE}", "role": ROLES,
         "limit_amount": NUMBER, "limit_unit": UNITS, "guard": "none|paid|opinions|signed", **DATED}, ["procedure", "version", "ordinal"]),
    "procedure_fees.csv": (
        {**VERSIONED, "case": SLUG, "case_name": TEXT, "case_name_en": TEXT, "kind": "fee|charge", "amount": NUMBER,
         "per": TEXT, "cap": r"([1-9]\d{0,8})?", "default": "yes|no", **DATED}, ["procedure", "version", "case"]),
    "calendar.csv": ({"valid_from": DAY, "valid_to": DAY, "kind": "off|makeup", "name": TEXT, "name_en": TEXT,
                      "source": TEXT, "verified": VERIFIED, "note": f"({TEXT})?"}, ["valid_from"]),
    "working-hours.csv": ({"agency": f"({CODE})?", "day": f"{WEEKDAYS}|makeup", "begins": TIME, "ends": TIME, **DATED},
                          ["agency", "day", "begins", "valid_from"]),
}
# Working hours in one of each unit; a calendar day counts 5/7 of a working day, a month 20 of them.
HOURS = {"hours": 1.0, "working-days": 8.0, "days": 8.0 * 5 / 7, "months": 160.0}

faults = []


def fault(row, text):
    faults.append((row["_file"], row["_line"], text))


def read(folder, name):
    """The rows of one file, each with `_file` and `_line`; a row that breaks the shape is reported and left out."""
    columns, key = FILES[name]
    try:
        text = (folder / name).read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        faults.append((name, 1, f"cannot be read as UTF-8: {error}"))
        return []
    lines = text.split("\n")
    comments = next((i for i, line in enumerate(lines) if not line.startswith("#")), len(lines))
    reader = csv.reader(lines[comments:], strict=True)
    rows, seen = [], {}
    try:
        header = next(reader, [])
        if header != list(columns):
            faults.append((name, comments + 1, f"header must be {','.join(columns)}"))
            return []
        for values in reader:
            if values:
                row = {"_file": name, "_line": comments + reader.line_num}
                if take(row, values, columns, key, seen):
                    rows.append(row)
    except csv.Error as error:
        faults.append((name, comments + reader.line_num, str(error)))
    return rows


def take(row, values, columns, key, seen):
    """Fills `row` and checks it on its own; false where it must not be used further."""
    if len(values) != len(columns):
        fault(row, f"{len(values)} values for {len(columns)} columns")
        return False
    before = len(faults)
    for (column, pattern), value in zip(columns.items(), values):
        row[column] = value
        if not re.fullmatch(pattern, value):
            fault(row, f"{column}: {value!r} is not allowed")
        if unicodedata.normalize("NFC", value) != value:
            fault(row, f"{column}: not in Unicode form NFC")
        if any(ord(character) < 32 for character in value):
            fault(row, f"{column}: has control characters")
        longest = LONGEST.get(f"{row['_file']}:{column}", LONGEST.get(column, len(value)))
        if len(value) > longest:
            fault(row, f"{column}: {len(value)} characters, at most {longest}")
    for column in ("valid_from", "valid_to"):
        try:
            if row[column]:
                datetime.date.fromisoformat(row[column])
        except ValueError:
            fault(row, f"{column}: {row[column]!r} is not a day")
    if row["valid_to"] and row["valid_to"] < row["valid_from"]:
        fault(row, "valid_to is before valid_from")
    identity = tuple(row[column] for column in key)
    if identity in seen:
        fault(row, f"{'+'.join(key)} {' '.join(identity)} stands already in line {seen[identity]}")
    seen.setdefault(identity, row["_line"])
    return len(faults) == before


def within(row, parent, what):
    """A row may not be valid on a day on which the thing it hangs on is not."""
    if row["valid_from"] < parent["valid_from"] or (row["valid_to"] or "9999") > (parent["valid_to"] or "9999"):
        fault(row, f"is valid on days on which {what} is not")


def check_agencies(agencies):
    of = {}
    for agency in agencies:
        # The service keeps one agency under one code, for good.
        if agency["code"] in of:
            fault(agency, f"code: {agency['code']} stands already in line {of[agency['code']]['_line']}")
        of.setdefault(agency["code"], agency)
    kinds = {"department": "province", "police": "province", "district": "province", "commune": "district"}
    for agency in agencies:
        parent = of.get(agency["parent"])
        if agency["kind"] == "province":
            if agency["parent"]:
                fault(agency, "a province has no parent here")
            if "." in agency["code"]:
                fault(agency, "code: a province's has one group")
        elif parent is None:
            fault(agency, f"parent: {agency['parent']!r} is not an agency")
        else:
            if parent["kind"] != kinds[agency["kind"]]:
                fault(agency, f"a {agency['kind']} may not hang on a {parent['kind']}")
            if not agency["code"].startswith(parent["code"] + "."):
                fault(agency, f"code is not under its parent's {parent['code']}")
            within(agency, parent, "its parent")
    return of


def check_people(agencies, units, posts, officials, known_fields):
    unit_of = {(u["agency"], u["unit"]): u for u in units}
    post_of = {(p["agency"], p["unit"], p["post"]): p for p in posts}
    for unit in units:
        agency = agencies.get(unit["agency"])
        if agency:
            within(unit, agency, "its agency")
        else:
            fault(unit, f"agency: {unit['agency']} is unknown")
    for post in posts:
        unit = unit_of.get((post["agency"], post["unit"]))
        if unit:
            within(post, unit, "its unit")
        else:
            fault(post, f"unit: {post['agency']} has no {post['unit']}")
        check_fields(post, known_fields)
    taken, mailboxes, decisions = {}, {}, {}
    for official in officials:
        place = (official["agency"], official["unit"], official["post"])
        post = post_of.get(place)
        if post is None:
            fault(official, f"post: {' '.join(place)} is unknown")
            continue
        within(official, post, "the post")
        # The service takes them from the position: a row that says something else would be loaded otherwise.
        for column in ("role", "title", "title_en"):
            if official[column] != post[column]:
                fault(official, f"{column}: the post's is {post[column]!r}")
        taken[place] = taken.get(place, 0) + 1
        if taken[place] > int(post["seats"]):
            fault(official, f"post: {' '.join(place)} has only {post['seats']} seats")
        if (datetime.date.fromisoformat(official["valid_from"]) - FIRST_DAY).days > DAYS_AHEAD:
            fault(official, f"valid_from: more than {DAYS_AHEAD} days after the decision, which is of {FIRST_DAY}")
        for column, values in (("mailbox", mailboxes), ("decision_number", decisions)):
            if official[column] in values:
                fault(official, f"{column}: {official[column]} stands already in line {values[official[column]]}")
            values.setdefault(official[column], official["_line"])


def check_fields(post, known):
    """The fields of procedures that a post is limited to."""
    fields = post["fields"].split()
    for field in sorted(set(fields) - known):
        fault(post, f"fields: procedures.csv has no field {field}")
    if len(set(fields)) != len(fields):
        fault(post, "fields: one stands twice")
    if len(fields) > MOST["fields"]:
        fault(post, f"fields: {len(fields)}, at most {MOST['fields']}")
    if fields and post["role"] == "administrator":
        fault(post, "fields: an administrator is not limited to any")


def check_procedures(agencies, tables):
    """References, then what must hold for all rows of one procedure version together."""
    procedures = {(p["code"], p["version"]): p for p in tables["procedures.csv"]}
    parts = {key: {"parts": [], "steps": [], "fees": []} for key in procedures}
    for name in ("parts", "steps", "fees"):
        for row in tables[f"procedure_{name}.csv"]:
            key = (row["procedure"], row["version"])
            if key not in procedures:
                fault(row, f"procedure: {key[0]} version {key[1]} is unknown")
            else:
                within(row, procedures[key], "its procedure")
                parts[key][name].append(row)
            if re.fullmatch(CODE, row.get("agency", "")) and row["agency"] not in agencies:
                fault(row, f"agency: {row['agency']} is unknown")
    by_code = {}
    for (code, _), procedure in procedures.items():
        agency = procedure["competent_agency"]
        if agency in agencies:
            within(procedure, agencies[agency], agency)
        elif agency not in ("district", "commune"):
            fault(procedure, f"competent_agency: {agency} is unknown")
        for other in by_code.setdefault(code, []):
            if (procedure["valid_from"] <= (other["valid_to"] or "9999")
                    and other["valid_from"] <= (procedure["valid_to"] or "9999")):
                fault(procedure, f"overlaps in time with version {other['version']}")
        by_code[code].append(procedure)
    for versions in by_code.values():
        # They are published one after the other: the next number, and from a later day.
        for number, procedure in enumerate(sorted(versions, key=lambda version: version["valid_from"]), start=1):
            if procedure["version"] != str(number):
                fault(procedure, f"version: is the {number}. of its procedure by time")
    for key, procedure in procedures.items():
        check_version(procedure, **parts[key])
        check_service(procedure, agencies, **parts[key])


def check_version(procedure, parts, steps, fees):
    for name, rows in (("parts", parts), ("steps", steps)):
        if [int(row["ordinal"]) for row in rows] != list(range(1, len(rows) + 1)) or not rows:
            fault(procedure, f"its {name} are not numbered 1, 2, 3 …")
    if [f["default"] for f in fees].count("yes") != 1:
        fault(procedure, "needs exactly one default fee case")
    if len({step["key"] for step in steps}) != len(steps):
        fault(procedure, "two of its steps have the same key")
    kinds = [step["kind"] for step in steps]
    if not steps or kinds[0] != "receive" or kinds[-1] != "return" or "approve" not in kinds:
        fault(procedure, "its steps must start with receive, end with return and contain approve")
    for index, step in enumerate(steps):
        if step["guard"] == "opinions" and "opinion" not in kinds[:index]:
            fault(step, "guard: no opinion is asked before this step")
        if step["guard"] == "paid" and not any(int(fee["amount"]) for fee in fees):
            fault(step, "guard: the procedure costs nothing")
        if (step["limit_amount"] == "0") != (step["kind"] == "return"):
            fault(step, "limit_amount: 0 is for return, and only for it")
    used = sum(int(step["limit_amount"]) * HOURS[step["limit_unit"]] for step in steps)
    allowed = int(procedure["limit_amount"]) * HOURS[procedure["limit_unit"]]
    if used > allowed + 0.01:
        fault(procedure, f"its steps need {used:g} working hours, its limit is {allowed:g}")


def check_service(procedure, agencies, parts, steps, fees):
    """What the one-stop service would refuse of a definition that is made of these rows."""
    inner = [step for step in steps if step["kind"] in ("work", "approve")]
    for name, rows in (("parts", parts), ("steps", inner), ("fees", fees)):
        if len(rows) > MOST[name]:
            fault(procedure, f"{len(rows)} {name}, at most {MOST[name]}")
    for row in (procedure, *steps):
        if int(row["limit_amount"]) > MOST_OF_LIMIT[row["limit_unit"]]:
            fault(row, f"limit_amount: at most {MOST_OF_LIMIT[row['limit_unit']]} {row['limit_unit']}")
    owner, competent = procedure["owner"], procedure["competent_agency"]
    # A kind of agency is found from where the dossier is received: there, or one above.
    if competent == "commune" and owner != "commune" or competent == "district" and owner == "province":
        fault(procedure, f"competent_agency: which {competent} it is cannot be told from a {owner}")
    receivers = agencies.get(competent, {}).get("kind") if owner == "province" else owner
    for step in inner:
        if step["agency"] == "parent" and receivers == "province":
            fault(step, "agency: there is none above the province")
        if step["agency"] in agencies:
            within(step, agencies[step["agency"]], step["agency"])
    capped = [fee for fee in fees if fee["cap"]]
    for fee in capped:
        if fee["cap"] != capped[0]["cap"]:
            fault(fee, f"cap: differs from line {capped[0]['_line']}; it is that of one copy, all cases together")
    for fee in fees:
        if fee["cap"] and int(fee["amount"]) > int(fee["cap"]):
            fault(fee, "cap: is less than the amount")


def check_calendar(days, hours, agencies):
    """Rows of days do not overlap, only rest days are made up; weeks are whole and do not overlap."""
    last = None
    for row in sorted(days, key=lambda row: row["valid_from"]):
        first = datetime.date.fromisoformat(row["valid_from"])
        if last and row["valid_from"] <= last["valid_to"]:
            fault(row, f"overlaps with line {last['_line']}")
        if row["kind"] == "makeup" and (row["valid_from"] != row["valid_to"] or first.weekday() < 5):
            fault(row, "a make-up day is one Saturday or Sunday")
        if (datetime.date.fromisoformat(row["valid_to"]) - first).days >= 31:
            fault(row, "is longer than 31 days")
        last = row
    weeks = {}
    for row in hours:
        if row["agency"] and row["agency"] not in agencies:
            fault(row, f"agency: {row['agency']} is unknown")
        if row["begins"] >= row["ends"]:
            fault(row, "ends before it begins")
        week = weeks.setdefault((row["agency"], row["valid_from"]), {"row": row, "to": row["valid_to"], "days": {}})
        if week["to"] != row["valid_to"]:
            fault(row, f"valid_to: differs from line {week['row']['_line']} of the same week")
        for other in week["days"].setdefault(row["day"], []):
            if row["begins"] < other["ends"] and other["begins"] < row["ends"]:
                fault(row, f"overlaps with line {other['_line']}")
        week["days"][row["day"]].append(row)
        if len(week["days"][row["day"]]) > SPANS:
            fault(row, f"more than {SPANS} stretches of a day")
    for name, rows, most in (("calendar.csv", days, DAYS), ("working-hours.csv", weeks, WEEKS)):
        if len(rows) > most:
            faults.append((name, 1, f"{len(rows)} rows or weeks, at most {most}"))
    for (agency, begins), week in weeks.items():
        if "makeup" not in week["days"] or len(week["days"]) < 2:
            fault(week["row"], "its week needs a working day and the hours of a make-up day")
        for (other, later), _ in weeks.items():
            if agency == other and begins < later and (week["to"] or "9999") >= later:
                fault(week["row"], f"its week is still valid when the one of {later} begins")
    if ("", "2021-01-01") not in weeks:
        faults.append(("working-hours.csv", 1, "no week for all agencies from 2021-01-01"))


def main():
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent)
    tables = {name: read(folder, name) for name in FILES}
    agencies = check_agencies(tables["agencies.csv"])
    fields = {procedure["field"] for procedure in tables["procedures.csv"]}
    check_people(agencies, tables["units.csv"], tables["posts.csv"], tables["officials.csv"], fields)
    check_procedures(agencies, tables)
    check_calendar(tables["calendar.csv"], tables["working-hours.csv"], agencies)
    for name, line, text in sorted(faults):
        print(f"{name}:{line}: {text}")
    if faults:
        return 1
    verified = sum(row["verified"] == "yes" for row in tables["procedures.csv"])
    print(", ".join(f"{len(rows)} {name[:-4]}" for name, rows in tables.items()) + f"; {verified} procedures verified")
    return 0


if __name__ == "__main__":
    sys.exit(main())
