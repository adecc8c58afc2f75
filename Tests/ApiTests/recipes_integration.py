"""Lawful requests for the exchange (see recipes.py)."""


def subscribed(office, **more):
    body = {"name": "Phần mềm thử", "kind": "queue", "types": ["onestop.#"], "agency": "H19.12"} | more
    return office.do("admin", "integration", "POST", "/subscriptions", body)["subscription"]


def on(subscription, body=None, match=False, **path):
    request = {"path": {"subscription": subscription} | path, "body": body}
    return "admin", request | ({"headers": {"If-Match": "*"}} if match else {})


def paused(office):
    subscription = subscribed(office)
    office.do("admin", "integration", "POST", f"/subscriptions/{subscription}/pause")
    return on(subscription)


def tested(office, **more):
    """With one delivery, the test."""
    subscription = subscribed(office, **more)
    number = office.do("admin", "integration", "POST", f"/subscriptions/{subscription}/test")["number"]
    return subscription, number


def failing(office):
    """With one delivery that cannot arrive: nobody listens there."""
    subscription, number = tested(office, kind="webhook", url="http://127.0.0.1:9/hook")
    path = f"/subscriptions/{subscription}/deliveries/{number}"
    office.wait("a failure", lambda: office.do("admin", "integration", "GET", path)["state"] == "retrying")
    return subscription, number


def failed(office, body, match=False):
    subscription, number = failing(office)
    return on(subscription, body, match, number=number)


def inspected(office):
    subscription, number = tested(office)
    return on(subscription, number=number)


def acknowledged(office):
    subscription, number = tested(office)
    return on(subscription, {"number": number})


def cancelled(office):
    """A replay at one event a second over the whole archive is still running."""
    subscription = subscribed(office, agency=None, types=[])
    path = f"/subscriptions/{subscription}/replays"
    replay = office.do("admin", "integration", "POST", path, {"fromPosition": 1, "rate": 1})["replay"]
    return on(subscription, replay=replay)


RECIPES = {
    "CreateSubscription": lambda o: ("admin", {"body": {
        "name": "Phần mềm một cửa", "kind": "queue", "types": ["onestop.dossier.*.v1"], "agency": "H19.12"}}),
    "ReadSubscription": lambda o: on(subscribed(o)),
    "ReadSubscriptionHistory": lambda o: on(subscribed(o)),
    "ChangeSubscription": lambda o: on(subscribed(o), {"name": "Tên khác"}, match=True),
    "DeleteSubscription": lambda o: on(subscribed(o), match=True),
    "PauseSubscription": lambda o: on(subscribed(o)),
    "ResumeSubscription": paused,
    "IssueCredentials": lambda o: on(subscribed(o)),
    "TestDelivery": lambda o: on(subscribed(o)),
    "AcknowledgeNumber": acknowledged,
    "ReadMissed": lambda o: on(tested(o)[0]),
    "RequestReplay": lambda o: on(subscribed(o), {"fromTime": "2021-01-01T00:00:00+07:00", "rate": 100}),
    "ListReplays": lambda o: on(subscribed(o)),
    "CancelReplay": cancelled,
    "ListDeliveries": lambda o: ("admin", {"query": {"subscription": tested(o)[0]}}),
    "ListDeadDeliveries": lambda o: ("admin", {}),
    "InspectDelivery": inspected,
    "EditDelivery": lambda o: failed(o, {"data": {"sửa": 1}, "reason": "Thử sửa"}, match=True),
    "RetryDelivery": lambda o: failed(o, {"reason": "Thử lại"}),
    "SkipDelivery": lambda o: failed(o, {"reason": "Bỏ qua"}),
}
