"""Lawful requests about deadlines, the calendar, who stands in for whom, reassignments and errors of agencies."""

import secrets

STEP = {"key": "soon", "kind": "step", "hours": -2, "reader": "officer"}


def ladder(office):
    answer = office.call("admin", "onestop", "GET", "/ladder")
    return "admin", {"headers": {"If-Match": answer.headers["ETag"]}, "body": {"rungs": [STEP]}}


def calendar(office):
    answer = office.call("admin", "onestop", "GET", "/calendar")
    return answer.headers["ETag"].strip('"'), {
        key: value for key, value in answer.json().items() if key in ("weeks", "specialDays", "decidedThrough")}


def delegation(office, month):
    person = office.person("leader")
    body = {"number": f"{secrets.randbelow(10**6)}/GUQ", "delegate": office.person("officer"),
            "validFrom": f"2021-{month}-01", "validTo": f"2021-{month}-05"}
    return person, body


def revoke(office):
    person, body = delegation(office, "07")
    made = office.do("admin", "hr", "POST", f"/officials/{person}/delegations", body)["delegation"]
    return "admin", {"path": {"person": person, "delegation": made}}


def absence(office, month):
    return office.person("officer"), {"kind": "leave", "validFrom": f"2021-{month}-01", "validTo": f"2021-{month}-05"}


def end_absence(office):
    person, body = absence(office, "09")
    made = office.do("admin", "hr", "POST", f"/officials/{person}/absences", body)["absence"]
    return "admin", {"path": {"person": person, "absence": made}}


def reassignment(office):
    return {"agency": "H19.12", "officer": office.person("leader"), "toOfficers": [office.person("officer")]}


def reassigned(office):
    made = office.do("leader", "onestop", "POST", "/reassignments", reassignment(office))["reassignment"]
    return "leader", {"path": {"reassignment": made}}


ERROR = {"kind": "wrong-result", "what": "Ghi sai ngày sinh", "apology": "Thành thật xin lỗi ông/bà.", "cost": 50000}


def correct(office):
    dossier = office.in_work()
    office.act("officer", dossier, "stop", {"reasonCode": "khac", "reason": "Chưa đủ điều kiện theo quy định."})
    error = office.act("leader", dossier, "errors", ERROR)["error"]
    return "clerk", {"path": {"dossier": dossier, "error": error}}


RECIPES = {
    "SetLadder": ladder,
    "PreviewCalendar": lambda o: ("admin", {"body": calendar(o)[1]}),
    "ReadCalendarChange": lambda o: ("admin", {"path": {"version": calendar(o)[0]}}),
    "DecideDelegation": lambda o: (lambda made: ("admin", {"path": {"person": made[0]}, "body": made[1]}))(
        delegation(o, "06")),
    "RevokeDelegation": revoke,
    "DecideAbsence": lambda o: (lambda made: ("admin", {"path": {"person": made[0]}, "body": made[1]}))(
        absence(o, "08")),
    "EndAbsence": end_absence,
    "ReassignDossiers": lambda o: ("leader", {"body": reassignment(o)}),
    "PreviewReassignment": lambda o: ("leader", {"body": reassignment(o)}),
    "ReadReassignment": reassigned,
    "ReadDeadlines": lambda o: ("officer", {"path": {"dossier": o.in_work()}}),
    "RecordError": lambda o: ("leader", {"path": {"dossier": o.in_work()}, "body": ERROR}),
    "ReadErrors": lambda o: ("leader", {"path": {"dossier": o.in_work()}}),
    "CorrectError": correct,
    "CountErrors": lambda o: ("leader", {"query": {"agency": "H19.12", "from": "2021-01-01", "until": "2021-12-31"}}),
}
