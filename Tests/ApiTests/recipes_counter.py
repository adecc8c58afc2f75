"""Lawful requests for inbox, search and counter (see recipes.py)."""

import datetime
import secrets

AGENCY = "H19.12"
DESKS = {"name": "Quầy thử", "nameEn": "Trial desks", "prefix": "T", "desks": 100, "slotMinutes": 30, "slotCapacity": 500,
         "bookDaysAhead": 30}


def key():
    return f"thu-{secrets.token_hex(4)}"


def group(office):
    """One group of desks for all; made when it is not there."""
    listed = office.do(None, "onestop", "GET", f"/queues/{AGENCY}")["groups"]
    for known in listed:
        if known["settings"].get("slotMinutes") and known["settings"]["desks"] == 100:
            return known["group"]
    return office.do("leader", "onestop", "POST", f"/queues/{AGENCY}/{key()}", {"settings": DESKS})["group"]


def at(office, **more):
    return {"path": {"agency": AGENCY, "group": group(office)} | more}


def ticket(office, state, body):
    """One that was called to a desk that is free, and closed again when `state` says so."""
    desks = at(office)["path"]["group"]
    path = f"/queues/{AGENCY}/{desks}"
    office.do("clerk", "onestop", "POST", f"{path}/tickets", {})
    for desk in range(1, 101):
        answer = office.call("clerk", "onestop", "POST", f"{path}/next", {"desk": desk})
        if answer.status_code == 200:
            number = answer.json()["ticket"]["number"]
            break
    if state == "no-show":
        office.do("clerk", "onestop", "POST", f"{path}/tickets/{number}/close", {"outcome": "no-show"})
    return "clerk", {"path": {"agency": AGENCY, "group": desks, "number": number}, "body": body(desk)}


def call_next(office):
    who, request = ticket(office, "no-show", lambda desk: {"desk": desk})
    request["path"].pop("number")
    return who, request


def change_group(office):
    desks = key()
    office.do("leader", "onestop", "POST", f"/queues/{AGENCY}/{desks}", {"settings": {"name": "x", "nameEn": "x", "desks": 1}})
    return "leader", {"path": {"agency": AGENCY, "group": desks}, "headers": {"If-Match": "*"}, "body": {"settings": {
        "name": "Đất đai", "nameEn": "Land", "desks": 2}}}


def slot(office, skipped=0):
    """A free slot on one of the next days, of a group that nobody has an appointment at yet."""
    desks = office.do("leader", "onestop", "POST", f"/queues/{AGENCY}/{key()}", {"settings": DESKS})["group"]
    return {"agency": AGENCY, "group": desks} | free(office, desks, skipped)


def free(office, desks, skipped=0):
    path = f"/public/queues/{AGENCY}/{desks}/slots"
    day = datetime.date.fromisoformat(office.do(None, "onestop", "GET", path)["day"])
    for ahead in range(1 + skipped, 30):
        later = (day + datetime.timedelta(days=ahead)).isoformat()
        for one in office.do(None, "onestop", "GET", f"{path}?day={later}")["slots"]:
            if one["free"]:
                return {"day": later, "time": one["time"]}
    raise AssertionError("no slot is free in a month")


def booking(office):
    """Those made before are cancelled: a citizen has ten at most."""
    for known in office.do("citizen", "onestop", "GET", "/my/appointments?limit=200")["appointments"]:
        if known["state"] == "booked":
            office.do("citizen", "onestop", "POST", f"/my/appointments/{known['id']}/cancel")
    return slot(office) | {"name": "Nguyễn Thị Hồng Ánh"}


def booked(office, body=None):
    made = office.do("citizen", "onestop", "POST", "/my/appointments", booking(office))
    return "citizen", {"path": {"appointment": made["id"]}, "body": body(made) if body else None}


def saved_filter(office, body=None):
    for known in office.do("officer", "onestop", "GET", "/inbox/filters")["filters"]:
        office.do("officer", "onestop", "DELETE", f"/inbox/filters/{known['id']}", headers={"If-Match": "*"})
    made = office.do("officer", "onestop", "POST", "/inbox/filters", {"name": key(), "filter": {"mine": True}})
    return "officer", {"path": {"id": made["id"]}, "headers": {"If-Match": "*"}, "body": body}


RECIPES = {
    "SaveFilter": lambda o: (saved_filter(o)[0], {"body": {"name": key(), "filter": {"overdue": True}}}),
    "ChangeFilter": lambda o: saved_filter(o, {"name": key(), "filter": {"within": 3}}),
    "DropFilter": saved_filter,
    "SearchDossiers": lambda o: ("clerk", {"body": {"text": "nguyen thi", "purpose": "counter"}}),
    "ReadCounterForm": lambda o: ("clerk", {"path": {"code": "2.000488"}}),
    "FindDuplicates": lambda o: ("clerk", {"body": {"procedure": "2.000488", "nationalId": "999190000017"}}),
    "OpenDeskGroup": lambda o: ("leader", {"path": {"agency": AGENCY, "group": key()}, "body": {"settings": DESKS}}),
    "ChangeDeskGroup": change_group,
    "TakeTicket": lambda o: ("clerk", at(o) | {"body": {}}),
    "CallNext": call_next,
    "RecallTicket": lambda o: ticket(o, "no-show", lambda desk: {"desk": desk}),
    "CloseTicket": lambda o: ticket(o, "called", lambda desk: {"outcome": "served"}),
    "ShowQueue": lambda o: (None, at(o)),
    "ListSlots": lambda o: (None, at(o)),
    "ListAppointments": lambda o: ("clerk", at(o)),
    "BookAppointment": lambda o: ("citizen", {"body": booking(o)}),
    "MoveAppointment": lambda o: booked(o, lambda made: free(o, made["group"], skipped=1)),
    "CancelAppointment": booked,
}
