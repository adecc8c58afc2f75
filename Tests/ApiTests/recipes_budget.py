"""Lawful requests about refunds, receipts, what the post holds, settlements and statements."""

import secrets
import uuid

DAYS = {"agency": "H19.12", "channel": "gateway", "from": "2021-02-01", "until": "2021-03-31"}


def paid(office):
    """A demand that was paid over the gateway."""
    _, demand = office.unpaid()
    office.report_payment(office.payment(demand))
    return demand


def proposed(office):
    body = {"amount": 50000, "reason": "Thu nhầm mức"}
    return office.do("accountant", "budget", "POST", f"/demands/{paid(office)}/refunds", body)["refund"]


def approved(office):
    refund = proposed(office)
    office.do("leader", "budget", "POST", f"/refunds/{refund}/decide", {"verdict": "approve"})
    return refund


def receipt(office):
    """Where the receipt of a payment stands: 0000012/BLĐT-2021."""
    number = office.do("accountant", "budget", "GET", f"/demands/{paid(office)}")["receiptNumber"]
    serial, book = number.split("/")
    return {"agency": "H19.12", "series": "electronic", "year": int(book.split("-")[1]), "serial": int(serial)}


def hand_over(office):
    _, demand = office.unpaid()
    body = {"amount": 200000, "way": "postal", "reference": f"E{uuid.uuid4().hex[:12]}", "collector": "Bưu cục thử"}
    office.do("accountant", "budget", "POST", f"/demands/{demand}/collect", body)
    path = f"/payments?agency=H19.12&demand={demand}"
    payment = office.do("accountant", "budget", "GET", path)["payments"][0]["payment"]
    return {"payments": [payment], "amount": 200000, "reference": f"BG-{uuid.uuid4().hex[:12]}"}


def open_quarter(office):
    """The first quarter after the last one that was closed."""
    for year in range(2000, 2021):
        for quarter in range(1, 5):
            answer = office.call("leader", "budget", "GET", f"/agencies/H19.12/settlements/{year}/{quarter}")
            if answer.status_code == 200 and answer.json()["state"] == "open":
                return {"agency": "H19.12", "year": year, "quarter": quarter}
    raise ValueError("every quarter is closed")


def owing(office):
    """A closed quarter of long ago that owes the budget something, as its closing would have written it."""
    year, quarter = 1946 + secrets.randbelow(50), 1 + secrets.randbelow(4)
    office.administer(f"""
        WITH made AS (
            INSERT INTO budget.settlements (id, agency, year, quarter, until, kept_percent, closed_at, closed_by)
            VALUES (gen_random_uuid(), 'H19.12', {year}, {quarter},
                    (make_date({year}, {quarter} * 3, 1) + interval '1 month - 1 day')::date, 0, now(), 'check')
            RETURNING id)
        INSERT INTO budget.settlement_shares (settlement, nature, brought, net, due, kept, carried)
        SELECT id, 'fee', 0, 5000, 5000, 0, 0 FROM made""")
    return {"agency": "H19.12", "year": year, "quarter": quarter}


def table():
    return f"reference,amount,date\nTEST-{uuid.uuid4().hex[:16]},200000,2021-03-01\n".encode()


def statement(office):
    answer = office.session.post(
        f"{office.urls['budget']}/statements", params=DAYS, data=table(),
        headers=office.headers("accountant") | {"Content-Type": "text/csv"})
    answer.raise_for_status()
    return "accountant", {"path": {"statement": answer.json()["statement"]}}


RECIPES = {
    "ProposeRefund": lambda o: ("accountant", {
        "path": {"demand": paid(o)}, "body": {"amount": 50000, "reason": "Thu nhầm mức"}}),
    "DecideRefund": lambda o: ("leader", {"path": {"refund": proposed(o)}, "body": {"verdict": "approve"}}),
    "PayOutRefund": lambda o: ("accountant", {
        "path": {"refund": approved(o)}, "body": {"way": "transfer", "reference": f"UNC-{uuid.uuid4().hex[:12]}"}}),
    "ReadRefund": lambda o: ("accountant", {"path": {"refund": proposed(o)}}),
    "HandOverPostal": lambda o: ("accountant", {"path": {"agency": "H19.12"}, "body": hand_over(o)}),
    "ReadReceiptByNumber": lambda o: ("accountant", {"path": receipt(o)}),
    "VoidReceipt": lambda o: ("leader", {"path": receipt(o), "body": {"reason": "Ghi sai tên người nộp"}}),
    "ReadSettlement": lambda o: ("leader", {"path": open_quarter(o)}),
    "CloseQuarter": lambda o: ("leader", {"path": open_quarter(o), "body": {}}),
    "PayTreasury": lambda o: ("accountant", {
        "path": owing(o), "body": {"document": f"GNT-{uuid.uuid4().hex[:8]}"}}),
    "TakeStatement": lambda o: ("accountant", {
        "query": DAYS, "headers": {"Content-Type": "text/csv"}, "raw": table()}),
    "ReadStatement": statement,
    "CompareStatement": statement,
    "ExportComparison": statement,
}
