"""One lawful request for every operation that generated data alone may not bring to success: who asks, and with what.
Each is a function of the office that prepares what it needs and answers (who, {path, query, headers, body, form})."""

import base64
import hashlib
import json
import os
import secrets
import urllib.parse
import uuid

import recipes_budget as budget
import recipes_counter as counter
import recipes_deadlines as deadlines
import recipes_integration as integration
import recipes_linked as linked
import recipes_reports as reports
from office import environment, run_folder

REASON = {"reasonCode": "thieu-dieu-kien", "reason": "Chưa đủ điều kiện theo quy định."}
NOW = "2021-03-01T08:40:00+07:00"


def on(dossier, who, body=None):
    return who, {"path": {"dossier": dossier}, "body": body}


def ask_opinion(office):
    dossier = office.in_work()
    body = {"toAgency": "H19.21", "question": "Đề nghị xác minh.", "limit": {"amount": 4, "unit": "workingDays"}}
    return dossier, body


def answer_opinion(office):
    dossier, body = ask_opinion(office)
    opinion = office.act("officer", dossier, "opinions", body)["id"]
    return "police", {"path": {"dossier": dossier, "opinion": opinion}, "body": {"verdict": "agree", "answer": "Đồng ý."}}


def approve(office):
    dossier = office.in_work()
    office.act("officer", dossier, "hand-over", {"step": "conclude"})
    office.act("officer", dossier, "hand-over", {"step": "approve"})
    return on(dossier, "leader", {"note": "Đồng ý"})


def finish(office):
    """By a procedure of its own, free and without a result document."""
    code, body = new_procedure(office)
    body["definition"] |= {"fees": [], "approvalGuards": []}
    body["definition"].pop("documentType", None)
    office.do("admin", "onestop", "POST", f"/procedures/{code}/draft", body)
    office.do("admin", "onestop", "POST", f"/procedures/{code}/publish", {})
    submission = {"procedure": code, "agency": "H19.12", "subject": "Việc thử", "name": "Trần Văn B"}
    dossier = office.do("citizen", "onestop", "POST", "/dossiers", submission)["id"]
    office.act("clerk", dossier, "accept")
    office.act("clerk", dossier, "hand-over", {"step": "appraise", "toOfficer": office.person("officer")})
    for step in ("conclude", "approve"):
        office.act("officer", dossier, "hand-over", {"step": step})
    return on(dossier, "leader", {"note": "Xong"})


def give_back(office):
    document = office.draft("approved")
    dossier = office.document(document)["dossier"]
    office.do("records", "documents", "POST", f"/documents/{document}/issue")
    office.wait("the end", lambda: office.status(dossier) == "finished")
    return on(dossier, "clerk", {"note": "Tại quầy"})


def send_back(office):
    dossier = office.in_work()
    office.act("officer", dossier, "send", {"toAgency": "H19"})
    return on(dossier, "admin", {"note": "Xong việc"})


def supplied(office):
    dossier = office.accepted()
    office.act("clerk", dossier, "request-supplement", {"missing": "Bản chụp căn cước"})
    return on(dossier, "citizen", {"note": "Đã nộp"})


def withdrawn(office, body):
    dossier = office.accepted()
    office.act("citizen", dossier, "withdraw", {"reason": "Không cần nữa"})
    return on(dossier, "clerk", body)


def notification(office):
    office.accepted()
    told = office.do("citizen", "onestop", "GET", "/my/notifications")["notifications"]
    return "citizen", {"path": {"notification": told[0]["id"]}}


def new_procedure(office):
    """A draft of a procedure of its own, made from a published one."""
    code = f"9.{secrets.randbelow(900000) + 100000}"
    known = office.do(None, "onestop", "GET", "/procedures/2.000488")
    return code, {"validFrom": "2021-03-01", "definition": known["definition"]}


def publish(office):
    code, body = new_procedure(office)
    office.do("admin", "onestop", "POST", f"/procedures/{code}/draft", body)
    return "admin", {"path": {"code": code}}


def hand_on(office):
    """By a procedure of its own in which the police search their records beside the examination."""
    code, body = new_procedure(office)
    steps = body["definition"]["steps"]
    aside = steps[1] | {"key": "records", "agency": "H19.21", "cooperates": True, "ways": [{"to": ["approve"]}]}
    steps[0]["ways"] = [{"to": ["conclude", "records"]}]
    steps[1]["ways"] = [{"to": ["approve"]}]
    steps[2]["joins"] = True
    body["definition"] |= {"fees": [], "steps": [*steps, aside]}
    office.do("admin", "onestop", "POST", f"/procedures/{code}/draft", body)
    office.do("admin", "onestop", "POST", f"/procedures/{code}/publish", {})
    submission = {"procedure": code, "agency": "H19.12", "subject": "Việc thử", "name": "Trần Văn B"}
    dossier = office.do("citizen", "onestop", "POST", "/dossiers", submission)["id"]
    office.act("clerk", dossier, "accept")
    office.act("clerk", dossier, "hand-over", {"step": "appraise"})
    office.act("officer", dossier, "hand-over", {"step": "conclude"})
    opened = office.do("officer", "onestop", "GET", f"/dossiers/{dossier}/branches")["branches"]
    return "police", {"path": {"dossier": dossier, "branch": opened[0]["id"]}, "body": {"note": "Không có án tích"}}


def import_procedures(office):
    code, body = new_procedure(office)
    row = json.dumps({"code": code} | body, ensure_ascii=False) + "\n"
    return "admin", {"headers": {"Content-Type": "application/x-ndjson"}, "raw": row.encode()}


def calendar(office):
    answer = office.call("admin", "onestop", "GET", "/calendar")
    body = {key: value for key, value in answer.json().items() if key in ("weeks", "specialDays", "decidedThrough")}
    return "admin", {"headers": {"If-Match": answer.headers["ETag"]}, "body": body}


def document(office, who, state, body=None, match=False):
    made = office.draft(state)
    headers = office.match(office.document(made)) if match else {}
    return who, {"path": {"document": made}, "headers": headers, "body": body}


def edit_draft(office):
    who, request = document(office, "officer", "drafted", match=True)
    content = office.document(request["path"]["document"])["content"]
    return who, request | {"body": {"content": content | {"copies": 2}}}


def attach(office):
    headers = {"X-File-Name": "ket-qua.pdf", "X-File-SHA256": hashlib.sha256(PDF).hexdigest(),
               "Content-Type": "application/pdf"}
    return "officer", {"path": {"document": office.draft()}, "headers": headers, "raw": PDF}


PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"


def attach_paper(office):
    headers = {"X-File-Name": "to-khai.pdf", "X-File-SHA256": hashlib.sha256(PDF).hexdigest(),
               "Content-Type": "application/pdf"}
    return "citizen", {"path": {"dossier": office.submitted()}, "headers": headers, "raw": PDF}


def bundle(office):
    dossier = office.accepted()
    path = f"/dossiers/{dossier}/bundle"
    office.wait("the seal", lambda: office.call("clerk", "onestop", "GET", path).status_code != 409)
    return on(dossier, "clerk")


def close_books(office):
    """Those of a year that is over, as a dossier of that year would have opened them."""
    year = 2000 + secrets.randbelow(20)
    office.administer(f"""
        INSERT INTO onestop.book_counters (agency, series, year, last) VALUES ('H19.12', 'accepted', {year}, 1)
        ON CONFLICT DO NOTHING""")
    return "leader", {"path": {"agency": "H19.12", "year": year}}


def download_paper(office):
    who, request = attach_paper(office)
    dossier = request["path"]["dossier"]
    answer = office.session.post(
        f"{office.urls['onestop']}/dossiers/{dossier}/attachments", data=PDF,
        headers=office.headers(who) | request["headers"])
    answer.raise_for_status()
    return who, {"path": {"dossier": dossier, "attachment": answer.json()["id"]}}


def written_draft(office, files=True):
    """A citizen's draft of a procedure of its own that asks for one file; its id, and that of the file."""
    code, body = new_procedure(office)
    body["definition"]["parts"] = [{"key": "cccd", "name": "Căn cước", "nameEn": "Identity card", "kind": "copy"}]
    office.do("admin", "onestop", "POST", f"/procedures/{code}/draft", body)
    office.do("admin", "onestop", "POST", f"/procedures/{code}/publish", {})
    draft = str(uuid.uuid4())
    submission = {"procedure": code, "agency": "H19.12", "subject": "Việc thử", "name": "Trần Văn B"}
    office.do("citizen", "onestop", "PUT", f"/my/drafts/{draft}", {"content": {"submission": submission}},
              {"If-Match": '"0"'})
    if not files:
        return draft
    upload = office.do("citizen", "onestop", "POST", f"/my/drafts/{draft}/uploads", announced("cccd"))["id"]
    send_chunk(office, upload)
    return draft


def announced(part="other"):
    return {"part": part, "name": "to-khai.pdf", "size": len(PDF), "sha256": hashlib.sha256(PDF).hexdigest()}


def send_chunk(office, upload):
    answer = office.session.put(
        f"{office.urls['onestop']}/uploads/{upload}", data=PDF, headers=office.headers("citizen") | chunk_headers())
    answer.raise_for_status()


def chunk_headers():
    return {"Content-Type": "application/octet-stream", "Upload-Offset": "0"}


def begun_upload(office, match=False):
    upload = office.do("citizen", "onestop", "POST", f"/dossiers/{office.submitted()}/uploads", announced())
    return "citizen", {"path": {"upload": upload["id"]}, "headers": office.match(upload) if match else {}}


def chunk(office):
    who, request = begun_upload(office)
    return who, request | {"headers": chunk_headers(), "raw": PDF}


def draft_path(office, match=False, files=False):
    draft = written_draft(office, files)
    return "citizen", {"path": {"draft": draft}, "headers": {"If-Match": '"1"'} if match else {}}


def save_draft(office):
    content = {"submission": {"procedure": "2.000488", "name": "Trần Văn B"}}
    return "citizen", {"path": {"draft": str(uuid.uuid4())}, "headers": {"If-Match": '"0"'}, "body": {"content": content}}


def reuse(office):
    """A paper of an accepted dossier, offered for the same part of another of the same procedure."""
    code, body = new_procedure(office)
    part = {"key": "cccd", "name": "Căn cước", "nameEn": "Identity card", "reusable": True, "due": "acceptance"}
    body["definition"]["parts"] = [part]
    office.do("admin", "onestop", "POST", f"/procedures/{code}/draft", body)
    office.do("admin", "onestop", "POST", f"/procedures/{code}/publish", {})
    submission = {"procedure": code, "agency": "H19.12", "subject": "Việc thử", "name": "Trần Văn B"}
    first, second = (office.do("citizen", "onestop", "POST", "/dossiers", submission)["id"] for _ in range(2))
    upload = office.do("citizen", "onestop", "POST", f"/dossiers/{first}/uploads", announced("cccd"))["id"]
    send_chunk(office, upload)
    office.act("clerk", first, "accept")
    return on(second, "citizen", {"reuse": {"part": "cccd", "paper": upload}})


def attachment(office, who, match=False):
    made, file = office.attached()
    headers = office.match(office.document(made)) if match else {}
    return who, {"path": {"document": made, "attachment": file}, "headers": headers}


def numbering(office):
    answer = office.call("records", "documents", "GET", "/agencies/H19.12/numbering")
    body = {key: value for key, value in answer.json().items() if key in ("symbol", "books")}
    return "records", {"path": {"agency": "H19.12"}, "headers": {"If-Match": answer.headers["ETag"]}, "body": body}


def withdraw_demand(office):
    dossier, demand = office.unpaid()
    return on(dossier, "clerk", {"demand": demand, "reason": "Thu nhầm mức"})


def collect(office):
    _, demand = office.unpaid()
    return "accountant", {"path": {"demand": demand}, "body": {"amount": 200000}}


def callback(office):
    _, demand = office.unpaid()
    raw = json.dumps(office.payment(demand)).encode()
    return None, {"headers": {"Payment-Signature": office.signature(raw), "Content-Type": "application/json"}, "raw": raw}


def refund(office):
    _, demand = office.unpaid()
    office.report_payment(office.payment(demand))
    second = office.report_payment(office.payment(demand))
    return "accountant", {"path": {"payment": second["payment"]}, "body": {"document": "UNC-01"}}


def letter(office, body=None, match=False):
    message = office.letter()
    headers = office.match(office.do("officer", "mail", "GET", f"/messages/{message}")) if match else {}
    return "officer", {"path": {"message": message}, "headers": headers, "body": body}


def delete_folder(office):
    folder = office.do("officer", "mail", "POST", "/folders", {"name": f"Thư {uuid.uuid4().hex[:6]}"})
    return "officer", {"path": {"folder": folder["folder"]}, "headers": office.match(folder)}


def agency(office):
    code = f"H19.{secrets.token_hex(3).upper()}"
    return {"code": code, "name": "Đơn vị thử", "nameEn": "A unit", "kind": "division", "parent": "H19",
            "validFrom": "2021-01-01"}


def dissolve(office):
    made = agency(office)
    office.do("admin", "hr", "POST", "/agencies", made)
    return "admin", {"path": {"agency": made["code"]}, "body": {"validTo": "2021-12-31"}}


def establish_unit(office):
    body = {"code": f"phong-{secrets.token_hex(3)}", "name": "Phòng thử", "nameEn": "A unit", "validFrom": "2021-01-01"}
    return "admin", {"path": {"agency": "H19.12"}, "body": body}


def establish_position(office):
    body = {"unit": "mot-cua", "code": f"thu-{secrets.token_hex(4)}", "role": "clerk", "title": "Công chức",
            "titleEn": "Clerk", "seats": 1, "fields": ["HT", "CT"], "validFrom": "2021-01-01"}
    return "admin", {"path": {"agency": "H19.12"}, "body": body}


def official(office):
    return {"fullName": "Nguyễn Văn Thử", "mailbox": f"thu{secrets.token_hex(4)}"}


def decide(office):
    person = office.do("admin", "hr", "POST", "/officials", official(office))["person"]
    # A position of its own: those of the province are full.
    position = office.do("admin", "hr", "POST", "/agencies/H19.12/positions", establish_position(office)[1]["body"])
    body = {"number": f"{secrets.randbelow(10**6)}/QĐ-SNV", "kind": "appoint", "effectiveFrom": "2021-03-01",
            "agency": "H19.12", "unit": "mot-cua", "position": position["code"]}
    return "admin", {"path": {"person": person}, "body": body}


def new_citizen(office):
    return office.do("admin", "identity", "POST", "/citizens", {"login": f"thu-{secrets.token_hex(5)}"})


def citizen_account(office):
    return "admin", {"path": {"account": new_citizen(office)["account"]}}


def activate(office):
    code = new_citizen(office)["link"].split("#")[1]
    return None, {"form": {"code": code, "password": secrets.token_urlsafe(24)}}


def program_tokens(office):
    pair = f"mail:{environment('mail')['LIENTHONG_CLIENT_SECRET']}".encode()
    return None, {"form": {"grant_type": "client_credentials"},
                  "headers": {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}}


def authorize_query():
    challenge = base64.urlsafe_b64encode(hashlib.sha256(b"v" * 43).digest()).rstrip(b"=").decode()
    return {"client_id": "portal", "redirect_uri": "http://127.0.0.1/callback", "response_type": "code",
            "code_challenge": challenge, "code_challenge_method": "S256", "state": "s"}


def sign_in(office):
    with open(os.path.join(run_folder(), "secrets", "account-clerk"), encoding="utf-8") as file:
        login, password = file.read().split()
    page = office.session.get(f"{office.urls['identity']}/oauth/authorize", params=authorize_query())
    return None, {"form": authorize_query() | {"login": login, "password": password},
                  "headers": {"Cookie": "; ".join(f"{c.name}={c.value}" for c in page.cookies)}}


def dead_event(office, service, body=None, match=False):
    event = office.dead_event(service)
    headers = {}
    if match:
        headers["If-Match"] = office.call("admin", service, "GET", f"/dead-events/{event}").headers["ETag"]
    return "admin", {"path": {"event": event}, "headers": headers, "body": body}


def receipt(office, service):
    who, event = office.sealed_event(service)
    return who, {"path": {"id": event}}


def sealed_address(office):
    """A dossier of an applicant without an account who gave a mail address, and the key of that address."""
    submission = {"procedure": "2.000488", "agency": "H19.12", "subject": "Phiếu", "name": "Trần Văn B",
                  "email": "tran.van.b@example.com"}
    dossier = office.do(
        "clerk", "onestop", "POST", "/counter/dossiers", {"submission": submission, "channel": "counter"})["id"]
    office.act("clerk", dossier, "accept")

    def look(after="0.0.0"):
        while True:
            page = office.do("mail", "onestop", "GET", f"/events?after={after}&aggregates=citizen-notice")
            for event in page["events"]:
                if event["payload"]["dossier"] == dossier:
                    return event["payload"]["address"]["key"]
            if page["isLast"]:
                return None
            after = page["through"]

    return dossier, office.wait("the command", look)


GRIEVANCE = {"kind": "report", "subject": "Chờ lâu tại quầy", "text": "Tôi đã chờ ba giờ."}


def complain(office, what=None, body=None):
    """Lodged without an account, with a contact; for `contact` given to the leader to answer."""
    lodged = office.do(None, "onestop", "POST", "/public/complaints", {
        "grievance": GRIEVANCE, "agency": "H19.12", "contact": "0900000001"})

    def look():
        found, path = [], "/complaints?agency=H19.12&limit=200"
        while path:
            page = office.call("leader", "onestop", "GET", path)
            found += page.json()["complaints"]
            path = page.links.get("next", {}).get("url")
        return next((one["id"] for one in found if one["code"] == lodged["code"]), None)

    complaint = office.wait("the complaint", look)
    if what == "contact":
        office.do("leader", "onestop", "POST", f"/complaints/{complaint}/assign", {"handler": office.person("leader")})
    return "leader", {"path": {"complaint": complaint}, "body": body}


def look_up_complaint(office):
    lodged = office.do(None, "onestop", "POST", "/public/complaints", {"grievance": GRIEVANCE, "agency": "H19.12"})
    return None, {"path": {"code": lodged["code"]}, "headers": {"Complaint-Key": lodged["key"]}}


def my_complaint(office):
    lodged = office.do("citizen", "onestop", "POST", "/my/complaints", {"grievance": GRIEVANCE, "agency": "H19.12"})
    return "citizen", {"path": {"complaint": lodged["id"]}}


def complaint_limit(office):
    known = office.do(None, "onestop", "GET", "/complaint-limits")["limits"]
    version = next(one["version"] for one in known if one["kind"] == "suggestion")
    return "admin", {"path": {"kind": "suggestion"}, "headers": {"If-Match": f'"{version}"'},
                     "body": {"limit": {"amount": 10, "unit": "workingDays"}}}


PARTS = [budget, integration, counter, deadlines, linked, reports]
RECIPES = {name: recipe for part in PARTS for name, recipe in part.RECIPES.items()} | {
    "TrackDossier": lambda o: on(o.in_work(), "citizen"),
    "RateDossier": lambda o: on(o.accepted(), "citizen", {
        "occasion": "receipt", "stars": 5, "points": [{"indicator": 7, "points": 2}], "remark": "Tận tình"}),
    "ReadRatings": lambda o: on(o.accepted(), "citizen"),
    "WhoCouldRead": lambda o: on(o.accepted(), "leader"),
    "WhoDidRead": lambda o: on(o.accepted(), "leader"),
    "LodgeComplaint": lambda o: ("citizen", {"body": {"grievance": GRIEVANCE, "agency": "H19.12"}}),
    "LodgeAnonymously": lambda o: (None, {"body": {"grievance": GRIEVANCE, "agency": "H19.12"}}),
    "LookUpComplaint": look_up_complaint,
    "ReadMyComplaint": my_complaint,
    "ReadComplaint": complain,
    "ReadContact": lambda o: complain(o, "contact"),
    "AssignComplaint": lambda o: complain(o, None, {"handler": o.person("leader")}),
    "AnswerComplaint": lambda o: complain(o, None, {"answer": "Cảm ơn ông/bà.", "justified": False}),
    "SetComplaintLimit": complaint_limit,
    "ReadSubjectKey": lambda o: ("mail", {"path": {"key": sealed_address(o)[1]}}),
    "EraseSubject": lambda o: ("admin", {"path": {"subject": sealed_address(o)[0]}, "body": {"reason": "Theo yêu cầu"}}),
    "ReadSchema": lambda o: (None, {"path": {"event": "onestop.dossier.accepted.v1"}}),
    "SubmitDossier": lambda o: ("citizen", {"body": {
        "procedure": "2.000488", "agency": "H19.12", "subject": "Phiếu lý lịch tư pháp", "name": "Nguyễn Thị Hồng Ánh"}}),
    "ReceiveDossier": lambda o: ("clerk", {"body": {"submission": {
        "procedure": "2.000488", "agency": "H19.12", "subject": "Phiếu", "name": "Trần Văn B"}, "channel": "counter"}}),
    "FindDossier": lambda o: ("clerk", {"query": {"code": o.code(o.accepted())}}),
    "LookUpDossier": lambda o: (None, {"path": {"code": o.code(o.accepted())}}),
    "AcceptDossier": lambda o: on(o.submitted(), "clerk"),
    "RefuseDossier": lambda o: on(o.submitted(), "clerk", REASON),
    "RequestSupplement": lambda o: on(o.accepted(), "clerk", {"missing": "Bản chụp căn cước"}),
    "SupplyDossier": supplied,
    "HandOver": lambda o: on(o.paid(), "leader", {"step": "appraise", "toOfficer": o.person("officer")}),
    "AssignDossier": lambda o: on(o.in_work(), "leader", {"officer": o.person("leader")}),
    "SendDossier": lambda o: on(o.in_work(), "officer", {"toAgency": "H19"}),
    "SendBack": send_back,
    "RequestOpinion": lambda o: on(*(lambda made: (made[0], "officer", made[1]))(ask_opinion(o))),
    "AnswerOpinion": answer_opinion,
    "RequirePayment": lambda o: on(o.accepted(), "clerk", {
        "fees": [{"kind": "standard"}, {"kind": "extra-copy", "quantity": 2}], "copies": 1}),
    "ExemptFees": lambda o: on(o.accepted(), "clerk", {"fee": "exempt", "reason": "Thân nhân liệt sĩ"}),
    "WithdrawDemand": withdraw_demand,
    "Approve": approve,
    "FinishDossier": finish,
    "ReturnResult": give_back,
    "StopDossier": lambda o: on(o.in_work(), "officer", REASON),
    "WithdrawDossier": lambda o: on(o.accepted(), "citizen", {"reason": "Không cần nữa"}),
    "ConfirmWithdrawal": lambda o: withdrawn(o, None),
    "DeclineWithdrawal": lambda o: withdrawn(o, {"reason": "Đã có kết quả"}),
    "Reappoint": lambda o: on(o.in_work(), "leader", {
        "dueOn": "2021-03-31", "reasonCode": "xac-minh", "reason": "Xin lỗi ông/bà."}),
    "MarkNotificationRead": notification,
    "AttachPaper": attach_paper,
    "SaveDraft": save_draft,
    "ReadMyDraft": draft_path,
    "DeleteDraft": lambda o: draft_path(o, match=True),
    "SubmitDraft": lambda o: draft_path(o, files=True),
    "UploadToDraft": lambda o: ("citizen", draft_path(o)[1] | {"body": announced("cccd")}),
    "UploadToDossier": lambda o: on(o.submitted(), "citizen", announced()),
    "SendChunk": chunk,
    "ReadUpload": begun_upload,
    "AbandonUpload": lambda o: begun_upload(o, match=True),
    "ReusePaper": reuse,
    "TakePapers": lambda o: on(o.submitted(), "clerk", {
        "papers": [{"part": "other", "name": "Giấy giới thiệu", "form": "original"}]}),
    "OfferMyPapers": lambda o: ("citizen", {"query": {"procedure": "2.000488"}}),
    "OfferPapers": lambda o: ("clerk", {"body": {
        "procedure": "2.000488", "agency": "H19.12", "nationalId": "999190000017", "purpose": "reception"}}),
    "DownloadPaper": download_paper,
    "PrintForm": lambda o: ("clerk", {"path": {"dossier": o.accepted(), "form": "01"}}),
    "TakeBundle": bundle,
    "ListBooks": lambda o: ("clerk", {"path": {"agency": "H19.12", "year": 2021}}),
    "CloseBooks": close_books,
    "ExportBook": lambda o: ("clerk", {"path": {"agency": "H19.12", "year": 2021, "form": "06"}}),
    "PrintBook": lambda o: ("clerk", {"path": {"agency": "H19.12", "year": 2021, "form": "06"}}),
    "DraftProcedure": lambda o: (lambda made: ("admin", {"path": {"code": made[0]}, "body": made[1]}))(new_procedure(o)),
    "ReadDraft": publish,
    "CheckDraft": publish,
    "PublishProcedure": publish,
    "ImportProcedures": import_procedures,
    "HandOnBranch": hand_on,
    "LoadCalendar": calendar,
    "SetRehearsalClock": lambda o: ("admin", {"body": {"now": NOW}}),
    "DraftDocument": lambda o: ("officer", {"body": {"agency": "H19.12", "content": {
        "documentType": "TB", "subject": "Thông báo thử"}}}),
    "EditDraft": edit_draft,
    "AttachFile": attach,
    "DownloadAttachment": lambda o: attachment(o, "officer"),
    "RemoveAttachment": lambda o: attachment(o, "officer", match=True),
    "ApproveDocument": lambda o: document(o, "leader", "drafted", {}),
    "IssueDocument": lambda o: document(o, "records", "approved"),
    "SetNumbering": numbering,
    "CollectFee": collect,
    "ReceivePaymentCallback": callback,
    "RefundPayment": refund,
    "CreateFolder": lambda o: ("officer", {"body": {"name": f"Thư {uuid.uuid4().hex[:6]}"}}),
    "DeleteFolder": delete_folder,
    "SendMessage": lambda o: ("clerk", {"body": {
        "to": [o.do("officer", "mail", "GET", "/mailbox")["address"]], "subject": "Thử", "body": "Nội dung"}}),
    "ReadMessage": letter,
    "MarkRead": letter,
    "MarkUnread": letter,
    "MoveMessage": lambda o: letter(o, {"folder": "archive"}),
    "DeleteMessage": lambda o: letter(o, match=True),
    "EstablishAgency": lambda o: ("admin", {"body": agency(o)}),
    "DissolveAgency": dissolve,
    "EstablishUnit": establish_unit,
    "EstablishPosition": establish_position,
    "RegisterOfficial": lambda o: ("admin", {"body": official(o)}),
    "DecideAppointment": decide,
    "RegisterCitizen": lambda o: ("clerk", {"body": {"login": f"thu-{secrets.token_hex(5)}"}}),
    "FetchOneTimeLink": citizen_account,
    "UnlockAccount": citizen_account,
    "RotateKeys": lambda o: ("admin", {}),
    "ActivateAccount": activate,
    "IssueTokens": program_tokens,
    "RevokeToken": lambda o: (None, {"form": {"token": "unknown", "client_id": "portal"}}),
    "SignOut": lambda o: (None, {"form": {}}),
    "ShowSignIn": lambda o: (None, {"query": authorize_query()}),
    "SignIn": sign_in,
}

# Every service has these.
SYSTEM = {
    "ReadReceipt": receipt,
    "ReadDeadEvent": lambda o, service: dead_event(o, service),
    "EditDeadEvent": lambda o, service: dead_event(o, service, {
        "payload": {"person": str(uuid.uuid4()), "fullName": "Nguyễn Văn Thử", "mailbox": "thu"}, "reason": "Sửa"}, True),
    "RetryDeadEvent": lambda o, service: dead_event(o, service, {"reason": "Thử lại"}),
    "SkipDeadEvent": lambda o, service: dead_event(o, service, {"reason": "Bỏ qua"}),
    "DismissRefusedMessage": lambda o, service: ("admin", {
        "path": {"message": o.refused_message(service)}, "body": {"reason": "Đã xem"}}),
}
