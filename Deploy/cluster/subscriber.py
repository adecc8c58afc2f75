"""An integrator of cluster-test.sh: makes its subscription, fetches its credentials with its own token, reads its queue
with a client of other people (pika) at whichever of the brokers answers, from the first position on to what is new. Each
delivery is on disk, a line `time number event position`, before it is acknowledged. Runs until it is ended.

subscriber.py NOTES SUBSCRIPTION: files of its own. Environment: integrator.env, and ADMIN_TOKEN of who makes it."""

import base64
import json
import os
import pathlib
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

import pika

PATIENCE_S = 60
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def ask(url, body, authorization, **headers):
    """The answer's JSON; asked again while nobody is there to answer."""
    request = urllib.request.Request(url, body, {"Authorization": authorization, **headers}, method="POST")
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            with OPENER.open(request, timeout=20) as answer:
                return json.load(answer)
        except (urllib.error.URLError, OSError) as trouble:
            if getattr(trouble, "code", 503) < 500 or time.monotonic() > deadline:
                raise
            time.sleep(0.5)


def join(subscription):
    """What the broker wants to know: brokers, vhost, user, password, queue."""
    env = os.environ
    made = ask(
        env["LIENTHONG_EXCHANGE_URL"] + "/subscriptions",
        json.dumps({
            "name": "cluster-test", "kind": "queue", "client": env["LIENTHONG_CLIENT"], "fromPosition": 1,
        }).encode(),
        "Bearer " + env["ADMIN_TOKEN"], **{"Content-Type": "application/json", "Idempotency-Key": "cluster-test"})
    subscription.write_text(made["subscription"] + "\n")
    basic = base64.b64encode(f"{env['LIENTHONG_CLIENT']}:{env['LIENTHONG_CLIENT_SECRET']}".encode()).decode()
    token = ask(
        env["LIENTHONG_IDENTITY_URL"] + "/oauth/token",
        urllib.parse.urlencode({"grant_type": "client_credentials"}).encode(), "Basic " + basic,
        **{"Content-Type": "application/x-www-form-urlencoded"})["access_token"]
    return ask(
        f"{env['LIENTHONG_EXCHANGE_URL']}/subscriptions/{made['subscription']}/credentials", b"{}", "Bearer " + token,
        **{"Content-Type": "application/json", "If-Match": "*"})


def read(login, notes):
    password = pika.PlainCredentials(login["user"], login["password"])
    brokers = []
    for broker in login["brokers"]:
        host, port = broker.rsplit(":", 1)
        brokers.append(pika.ConnectionParameters(
            host, int(port), login["vhost"], password, heartbeat=10, blocked_connection_timeout=20,
            socket_timeout=3, stack_timeout=6))
    file = os.open(notes, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    names = ["cloudEvents:" + name for name in ("subscriptionnumber", "id", "exchangeposition")]

    def take(channel, delivery, properties, _):
        words = [f"{time.time():.3f}"] + [str(properties.headers[name]) for name in names]
        os.write(file, (" ".join(words) + "\n").encode())
        channel.basic_ack(delivery.delivery_tag)

    while True:
        try:
            channel = pika.BlockingConnection(brokers).channel()
            channel.basic_qos(prefetch_count=100)
            channel.basic_consume(login["queue"], take)
            channel.start_consuming()
        except pika.exceptions.AMQPError as trouble:
            print(repr(trouble)[:300], flush=True)
            time.sleep(0.2)


read(join(pathlib.Path(sys.argv[2])), sys.argv[1])
