"""The running demonstration as a client sees it: services, tokens of its people, ids of its data, and ways to bring a
thing into the state that an operation needs."""

import base64
import hashlib
import hmac
import json
import os
import random
import re
import subprocess
import time
import uuid

import requests

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SERVICES = {"identity": 0, "hr": 1, "onestop": 2, "documents": 3, "mail": 4, "budget": 6, "integration": 7}
# Who of the demonstration holds which role (Deploy/Rehearsal/Province/Cast.swift), and what roles may do
# (Shared/Contracts/Vocabulary.swift).
SCOPES = {
    "clerk": "onestop.receive onestop.read documents.read",
    "officer": "onestop.process onestop.read documents.draft documents.read",
    "leader": "onestop.process onestop.approve onestop.read documents.draft documents.approve documents.read hr.read budget.read budget.approve",
    "accountant": "budget.read budget.collect",
    "records": "documents.issue documents.read",
    "hr": "hr.write hr.read",
    "police": "onestop.process onestop.read documents.draft documents.read",
}
# What a list has to be asked for, where an id at random would do no good.
KNOWN = {"agency": "H19.12", "year": 2021, "on": "2021-03-01", "from": "2021-01-01", "to": "2021-12-31"}
OFFICIALS = ["admin", *SCOPES]
CITIZENS = ["citizen", "citizen-2"]


def run_folder():
    return os.path.join(ROOT, os.environ.get("LIENTHONG_RUN_DIR", ".run"))


def environment(name):
    values = {}
    with open(os.path.join(run_folder(), "env", f"{name}.env"), encoding="utf-8") as lines:
        for line in lines:
            key, _, value = line.strip().partition("=")
            values[key] = value.strip('"')
    return values


class Office:
    def __init__(self):
        settings = environment("operator")
        base = int(settings["LIENTHONG_PORT_BASE"])
        self.urls = {name: f"http://127.0.0.1:{base + number}" for name, number in SERVICES.items()}
        self.payment_secret = settings["LIENTHONG_PAYMENT_SECRET"]
        self.tokens = {}
        self.pools = {}
        self.dead = []
        self.session = requests.Session()
        self.documents = {name: self.session.get(f"{url}/openapi.json").json() for name, url in self.urls.items()}

    # Tokens -----------------------------------------------------------------------------------------------------

    def token(self, who):
        """A bearer token through the real sign-in, or a program's own; renewed well before its five minutes end."""
        made, token = self.tokens.get(who, (0, ""))
        if time.time() - made > 200:
            token = self.program_token(who) if who in SERVICES else self.person_token(who)
            self.tokens[who] = (time.time(), token)
        return token

    def person_token(self, who):
        program = os.path.join(ROOT, ".build", os.environ.get("LIENTHONG_CONFIGURATION", "debug"), "Rehearsal")
        script = os.path.join(ROOT, "Deploy/local/with-environment.sh")
        answer = subprocess.run([script, "operator", program, "token", who], capture_output=True, text=True, check=True)
        return answer.stdout.strip()

    def program_token(self, service):
        secret = environment(service)["LIENTHONG_CLIENT_SECRET"]
        answer = self.session.post(
            f"{self.urls['identity']}/oauth/token", data={"grant_type": "client_credentials"}, auth=(service, secret))
        return answer.json()["access_token"]

    def headers(self, who):
        return {"Authorization": f"Bearer {self.token(who)}"} if who else {}

    def lawful(self, operation, service):
        """Everybody of the demonstration who may call this operation at all, by what its document says."""
        says = operation.get("description", "")
        right = re.search(r"the right `([a-z.]+)`", says)
        if right:
            return ["admin"] + [who for who, scopes in SCOPES.items() if right[1] in scopes.split()]
        if "For citizens" in says:
            return CITIZENS
        if "programs" in says or "client credentials" in says:
            return [name for name in SERVICES if name != service]
        return OFFICIALS + CITIZENS if "signed in" in says else [None]

    # Requests ---------------------------------------------------------------------------------------------------

    def call(self, who, service, method, path, body=None, headers=None, **more):
        all_headers = self.headers(who) | (headers or {})
        if method == "POST":
            all_headers.setdefault("Idempotency-Key", str(uuid.uuid4()))
        return self.session.request(method, self.urls[service] + path, json=body, headers=all_headers, **more)

    def do(self, who, service, method, path, body=None, headers=None):
        """A step on the way to what is tested; it must succeed."""
        answer = self.call(who, service, method, path, body, headers)
        if answer.status_code >= 300:
            raise RuntimeError(f"{who} {method} {service}{path}: {answer.status_code} {answer.text[:300]}")
        return answer.json() if answer.content else {}

    def wait(self, what, look):
        deadline = time.time() + 20
        while time.time() < deadline:
            found = look()
            if found:
                return found
            time.sleep(0.05)
        raise RuntimeError(f"{what} did not happen within 20 s")

    # Ids of the demonstration data ---------------------------------------------------------------------------------

    def harvest(self):
        """Reads every list of every service as everybody, and what hangs on the ids found there, into `pools`."""
        for _ in range(2):
            for service, document in self.documents.items():
                for path, operations in document["paths"].items():
                    operation = operations.get("get")
                    if operation and not path.startswith(("/events", "/metrics", "/openapi", "/health", "/oauth")):
                        self.read(service, path, operation)

    def read(self, service, path, operation):
        for who in self.lawful(operation, service)[:8]:
            filled = re.sub(r"\{(\w+)\}", lambda name: str(self.pick(name[1], "x")), path)
            asked = {part["name"]: KNOWN.get(part["name"]) for part in operation.get("parameters", [])
                     if part["in"] == "query" and part.get("required")}
            try:
                answer = self.call(who, service, "GET", filled, params=asked).json()
            except ValueError:
                continue
            self.gather(answer, path.strip("/").split("/")[-1])

    def gather(self, value, name):
        if isinstance(value, dict):
            for key, part in value.items():
                self.gather(part, name if key == "id" else key)
        elif isinstance(value, list):
            for part in value:
                self.gather(part, re.sub(r"ies$", "y", name).removesuffix("s"))
        elif isinstance(value, (str, int)) and not isinstance(value, bool) and str(value):
            pool = self.pools.setdefault(re.sub(r"ies$", "y", name).removesuffix("s"), [])
            if value not in pool and len(pool) < 200:
                pool.append(value)

    def pick(self, name, default=None):
        pool = self.pools.get(name) or self.pools.get(name.removesuffix("s"))
        return random.choice(pool) if pool else default

    # Things in the state that an operation needs ----------------------------------------------------------------

    def person(self, who):
        payload = self.token(who).split(".")[1]
        return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["person"]

    def act(self, who, dossier, what, body=None):
        return self.do(who, "onestop", "POST", f"/dossiers/{dossier}/{what}", body if body is not None else {})

    def submitted(self):
        body = {"procedure": "2.000488", "agency": "H19.12", "subject": "Phiếu lý lịch tư pháp số 1",
                "name": "Nguyễn Thị Hồng Ánh"}
        return self.do("citizen", "onestop", "POST", "/dossiers", body)["id"]

    def accepted(self):
        dossier = self.submitted()
        self.act("clerk", dossier, "accept")
        return dossier

    def unpaid(self):
        """A dossier that waits for its fee, and the demand that Budget opened."""
        dossier = self.accepted()
        demand = self.act("clerk", dossier, "require-payment")["demand"]
        self.wait("the demand", lambda: self.call(
            "accountant", "budget", "GET", f"/demands/{demand}").status_code == 200)
        return dossier, demand

    def signature(self, body):
        seconds = int(time.time())
        code = hmac.new(self.payment_secret.encode(), f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
        return f"t={seconds},v1={code}"

    def payment(self, demand, reference=None):
        return {"reference": reference or f"TEST-{uuid.uuid4().hex[:16]}", "demand": demand, "amount": 200000,
                "currency": "VND", "paidAt": "2021-03-01T08:40:00+07:00"}

    def report_payment(self, body):
        raw = json.dumps(body).encode()
        answer = self.session.post(
            f"{self.urls['budget']}/payments/callback", data=raw,
            headers={"Content-Type": "application/json", "Payment-Signature": self.signature(raw)})
        answer.raise_for_status()
        return answer.json()

    def paid(self):
        dossier, demand = self.unpaid()
        self.report_payment(self.payment(demand))
        self.wait("the payment", lambda: self.status(dossier) == "processing")
        return dossier

    def code(self, dossier):
        return self.do("clerk", "onestop", "GET", f"/dossiers/{dossier}")["code"]

    def status(self, dossier):
        return self.do("clerk", "onestop", "GET", f"/dossiers/{dossier}")["status"]

    def in_work(self):
        dossier = self.paid()
        self.act("leader", dossier, "hand-over", {"step": "appraise", "toOfficer": self.person("officer")})
        return dossier

    def approved(self):
        dossier = self.in_work()
        self.act("officer", dossier, "hand-over", {"step": "conclude"})
        self.act("officer", dossier, "hand-over", {"step": "approve"})
        self.act("leader", dossier, "approve")
        return dossier

    def draft(self, state="drafted"):
        """A result document of a dossier, as far as asked for."""
        dossier = self.approved()
        path = f"/documents?agency=H19.12&dossier={dossier}"
        document = self.wait("the draft", lambda: next(
            iter(self.do("officer", "documents", "GET", path)["documents"]), None))["document"]
        if state == "approved":
            content = self.document(document)["content"] | {"recipients": ["Người đề nghị"]}
            self.do("officer", "documents", "PUT", f"/documents/{document}/content", {"content": content},
                    self.match(self.document(document)))
            self.do("leader", "documents", "POST", f"/documents/{document}/approve", {})
        return document

    def document(self, document):
        return self.do("officer", "documents", "GET", f"/documents/{document}")

    def attached(self):
        """A draft with a file."""
        document = self.draft()
        text = "Phiếu lý lịch tư pháp".encode()
        answer = self.session.post(
            f"{self.urls['documents']}/documents/{document}/attachments", data=text,
            headers=self.headers("officer") | self.file_headers(text))
        answer.raise_for_status()
        return document, self.document(document)["attachments"][0]["attachment"]

    @staticmethod
    def file_headers(content):
        return {"Content-Type": "text/plain", "X-File-Name": "phieu.txt",
                "X-File-SHA256": hashlib.sha256(content).hexdigest()}

    @staticmethod
    def match(thing):
        return {"If-Match": f'"{thing["version"]}"'}

    def letter(self):
        """A message from the clerk to the officer, as the officer has it."""
        box = self.do("officer", "mail", "GET", "/mailbox")["address"]
        self.do("clerk", "mail", "POST", "/messages", {"to": [box], "subject": "Thử", "body": "Nội dung"})
        inbox = next(f for f in self.do("officer", "mail", "GET", "/mailbox")["folders"] if f["folder"] == "inbox")
        return self.do("officer", "mail", "GET", f"/folders/{inbox['folder']}/messages")["messages"][0]["message"]

    def sealed_event(self, service):
        """A program that may read this service's feed, and its oldest event there, once that is sealed."""
        for who in SERVICES:
            page = self.call(who, service, "GET", "/events?limit=1")
            if page.status_code == 200 and page.json()["events"]:
                path = f"/events/{page.json()['events'][0]['id']}/receipt"
                self.wait("the seal", lambda: self.call(who, service, "GET", path).status_code != 409)
                return who, page.json()["events"][0]["id"]
        raise RuntimeError(f"no program reads an event of {service}")

    # What only operators see -------------------------------------------------------------------------------------

    def administer(self, sql):
        settings = environment("operator")
        subprocess.run(
            ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", settings["LIENTHONG_PG_PORT"], "-U",
             "postgres", "-d", "lienthong", "-c", sql], check=True, capture_output=True,
            env=os.environ | {"PGPASSWORD": settings["LIENTHONG_PG_SUPERUSER_PASSWORD"]})

    def dead_event(self, service):
        """An event that failed for good, as the inbox would have parked it: no demonstration should bring one about."""
        event, person = str(uuid.uuid4()), str(uuid.uuid4())
        envelope = json.dumps({
            "id": event, "source": "hr", "type": "hr.official.registered.v1", "aggregateType": "official",
            "aggregateID": person, "version": 1, "epoch": 1, "position": "1.1.1", "actor": "test",
            "occurredAt": "2021-03-01T08:00:00+07:00",
            "payload": {"person": person, "fullName": "Nguyễn Văn Thử", "mailbox": "thu"}})
        self.administer(f"""
            INSERT INTO {service}.inbox_parked (id, reaction, source, aggregate_type, aggregate_id, version, epoch, type,
                envelope, state, attempts, error)
            VALUES ('{event}', '{service}', 'hr', 'official', '{person}', 1, 1, 'hr.official.registered.v1',
                '{envelope}', 'dead', 8, 'test')""")
        self.dead.append((service, event))
        return event

    def clear(self):
        """The demonstration is audited again afterwards: nothing of ours is dead there."""
        for service, event in self.dead:
            self.administer(f"DELETE FROM {service}.inbox_parked WHERE id = '{event}'")

    def refused_message(self, service):
        message = str(uuid.uuid4())
        self.administer(f"""
            INSERT INTO {service}.inbox_refused (id, reaction, routing_key, message, sender, reason, body, body_bytes)
            VALUES ('{message}', '{service}', 'hr.official.registered.v1', 'm', 'nobody', 'test', 'x', 1)""")
        return message
