"""A mail server of aiosmtpd for tests. Prints one JSON line when it listens, and one for each command and message."""

import argparse
import asyncio
import json
import ssl
import sys
from email import message_from_bytes, policy

from aiosmtpd.smtp import SMTP, AuthResult

parser = argparse.ArgumentParser()
parser.add_argument('--cert')
parser.add_argument('--key')
parser.add_argument('--implicit-tls', action='store_true')
parser.add_argument('--login', help='NAME:PASSWORD; without it, no login is needed')
parser.add_argument('--silent', action='store_true', help='accepts connections and never greets')
parser.add_argument('--port', type=int, default=0)
options = parser.parse_args()


def tell(**fields):
    print(json.dumps(fields), flush=True)


def authenticate(_server, _session, _envelope, _mechanism, data):
    given = f'{data.login.decode()}:{data.password.decode()}'
    tell(event='login', name=data.login.decode(), accepted=given == options.login)
    return AuthResult(success=given == options.login, handled=False)


class Handler:
    """Refuses the recipients unknown@… for good and busy@… once, the sender refused@…, and messages to spam@…"""

    def __init__(self):
        self.refused_once = set()

    async def handle_MAIL(self, _server, _session, envelope, address, _options):
        tell(event='mail', address=address)
        if address.startswith('refused@'):
            return '553 5.7.1 Sender address rejected'
        envelope.mail_from = address
        return '250 OK'

    async def handle_RCPT(self, _server, _session, envelope, address, _options):
        tell(event='rcpt', address=address)
        if address.startswith('unknown@'):
            return f'550 5.1.1 <{address}>: Recipient address rejected'
        if address.startswith('busy@') and address not in self.refused_once:
            self.refused_once.add(address)
            return '450 4.2.1 Mailbox busy'
        envelope.rcpt_tos.append(address)
        return '250 OK'

    async def handle_DATA(self, _server, session, envelope):
        if envelope.rcpt_tos[0].startswith('spam@'):
            return '554 5.7.1 Message refused'
        message = message_from_bytes(envelope.content, policy=policy.default)
        tell(
            event='message',
            tls=session.ssl is not None or options.implicit_tls,
            authenticated=bool(session.authenticated),
            sender=envelope.mail_from,
            recipients=envelope.rcpt_tos,
            headers=[[name, str(value)] for name, value in message.items()],
            contentType=message.get_content_type(),
            text=message.get_content().replace('\r\n', '\n'),
            defects=[str(defect) for defect in message.defects],
        )
        return '250 2.0.0 Queued'


async def serve():
    context = None
    if options.cert:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(options.cert, options.key)
    handler = Handler()
    starttls = context is not None and not options.implicit_tls

    def protocol():
        if options.silent:
            return asyncio.Protocol()
        return SMTP(
            handler,
            hostname='mail.corp.example',
            enable_SMTPUTF8=True,
            tls_context=context if starttls else None,
            require_starttls=starttls,
            authenticator=authenticate,
            auth_required=options.login is not None,
            auth_require_tls=starttls,
        )

    loop = asyncio.get_running_loop()
    wrapped = context if options.implicit_tls else None
    server = await loop.create_server(protocol, '127.0.0.1', options.port, ssl=wrapped)
    tell(event='listening', port=server.sockets[0].getsockname()[1])
    # The server ends with the test that holds its standard input.
    await loop.run_in_executor(None, sys.stdin.read)


asyncio.run(serve())
