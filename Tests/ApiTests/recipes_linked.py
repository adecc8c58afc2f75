"""Lawful requests for the operations on versions that dossiers move between, and on linked procedures."""

import secrets


def publish(office, change=None, firsts=("2021-03-01",)):
    """A procedure of its own with a version for each first day, made from a published one."""
    code = f"9.{secrets.randbelow(900000) + 100000}"
    definition = office.do(None, "onestop", "GET", "/procedures/2.000488")["definition"] | (change or {})
    for first in firsts:
        office.do("admin", "onestop", "POST", f"/procedures/{code}/draft", {
            "validFrom": first, "definition": definition})
        office.do("admin", "onestop", "POST", f"/procedures/{code}/publish", {})
    return code, definition


def map_versions(office):
    code, definition = publish(office, firsts=("2021-03-01", "2021-03-02"))
    steps = [{"from": step["key"], "to": step["key"]} for step in definition["steps"]]
    return "admin", {"path": {"code": code}, "body": {
        "fromVersion": 1, "toVersion": 2, "steps": steps, "reason": "Thủ tục được sửa đổi"}}


def mapping(office):
    who, made = map_versions(office)
    code = made["path"]["code"]
    return who, {"path": {
        "code": code, "mapping": office.do(who, "onestop", "POST", f"/procedures/{code}/mappings", made["body"])["id"]}}


def linked_set(office):
    """The judicial record and, before it, a procedure of the same department."""
    lead, _ = publish(office, {"fees": [], "approvalGuards": []})
    code = f"nhom-{secrets.token_hex(4)}"
    link = {"key": "record", "procedure": "2.000488", "place": "named", "agency": "H19.12", "task": "Cấp phiếu",
            "taskEn": "The record", "limit": {"amount": 1, "unit": "workingDays"}}
    return lead, "admin", {"path": {"code": code}, "body": {
        "validFrom": "2021-03-01", "name": "Nhóm thử", "nameEn": "A set", "lead": lead, "order": "chain",
        "links": [link]}}


def application(office):
    lead, who, made = linked_set(office)
    code = made["path"]["code"]
    office.do(who, "onestop", "POST", f"/linked-procedures/{code}", made["body"])
    return {"set": code, "submission": {
        "procedure": lead, "agency": "H19.12", "subject": "Việc thử", "name": "Trần Văn B"}}


def applied(office):
    dossier = office.do("citizen", "onestop", "POST", "/linked-dossiers", application(office))["id"]
    office.act("clerk", dossier, "accept")

    def opened():
        links = office.do("citizen", "onestop", "GET", f"/dossiers/{dossier}/links")["links"]
        return links[0].get("dossier")

    return dossier, office.wait("the linked dossier", opened)


def decide_link(office):
    dossier, child = applied(office)
    office.act("clerk", child, "refuse", {"reasonCode": "thieu", "reason": "Thiếu giấy tờ"})

    def failed():
        links = office.do("citizen", "onestop", "GET", f"/dossiers/{dossier}/links")["links"]
        return links[0]["state"] == "failed"

    office.wait("the end of the link", failed)
    return "clerk", {"path": {"dossier": dossier, "link": "record"}, "body": {
        "decision": "drop", "reason": "Không cần nữa"}}


def assign_branch(office):
    import recipes
    _, made = recipes.hand_on(office)
    return "admin", {"path": made["path"], "body": {"officer": office.person("police")}}


RECIPES = {
    "WriteLinkedSet": lambda o: linked_set(o)[1:],
    "ApplyForLinked": lambda o: ("citizen", {"body": application(o)}),
    "ReceiveLinked": lambda o: ("clerk", {"body": {"application": application(o)}}),
    "ReadLinks": lambda o: ("citizen", {"path": {"dossier": applied(o)[0]}}),
    "DecideLink": decide_link,
    "AssignBranch": assign_branch,
    "ForwardDossier": lambda o: ("clerk", {"path": {"dossier": o.submitted()}, "body": {
        "toAgency": "H19.11", "reason": "Không đúng thẩm quyền"}}),
    "CheckMapping": map_versions,
    "MapVersions": map_versions,
    "ApplyMapping": mapping,
    "ListMoves": mapping,
}
