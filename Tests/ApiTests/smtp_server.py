"""A mail server of other people's making (aiosmtpd) that plays the outside: smtp_server.py [CERTIFICATE KEY].

Prints one JSON object a line: first {"port": n}, then one for each message that was handed over. The local part of the
recipient decides how it goes: refused@ is answered 550, later@ 451, cut@ ends the connection after the message without
an answer. With a certificate STARTTLS is required. Ends when its standard input does, so that it never outlives a test.
"""

import asyncio
import json
import os
import ssl
import sys
import threading
from email import message_from_bytes, policy

from aiosmtpd.smtp import SMTP


def tell(line):
    print(json.dumps(line), flush=True)


class Outside:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("refused@"):
            return f"550 5.1.1 <{address}> nobody of that name here"
        if address.startswith("later@"):
            return f"451 4.3.0 <{address}> try again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        message = message_from_bytes(envelope.content, policy=policy.default)
        tell(
            {
                "from": envelope.mail_from,
                "to": envelope.rcpt_tos,
                "id": message["Message-ID"],
                "subject": message["Subject"],
                "text": message.get_content(),
                "automatic": message["Auto-Submitted"],
                "encrypted": session.ssl is not None,
                "defects": [str(defect) for defect in message.defects],
            }
        )
        if any(address.startswith("cut@") for address in envelope.rcpt_tos):
            server.transport.abort()
        return "250 OK"


async def serve():
    context = None
    if len(sys.argv) > 2:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[1], sys.argv[2])
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(
            Outside(), hostname="outside.example", tls_context=context, require_starttls=context is not None, loop=loop
        ),
        "127.0.0.1",
        0,
    )
    tell({"port": server.sockets[0].getsockname()[1]})
    await server.serve_forever()


def end_with_parent():
    sys.stdin.read()
    os._exit(0)


threading.Thread(target=end_with_parent, daemon=True).start()
asyncio.run(serve())
