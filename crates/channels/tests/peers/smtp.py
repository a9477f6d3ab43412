"""A relay for the tests: aiosmtpd on a free loopback port.

Arguments: the way of TLS (starttls, implicit, none), a folder, and where there is TLS the certificate's and the key's
file. Prints its port. Writes each mail it takes to NUMBER.eml in the folder and what it knows of it to NUMBER.txt, and
each command that it is given to commands.txt. Ends when its standard input does.
"""

import asyncio
import pathlib
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult

mode, folder = sys.argv[1], pathlib.Path(sys.argv[2])
LOGIN = (b"relay-user", b"relay-password")


def judge(server, session, envelope, mechanism, data):
    return AuthResult(success=(data.login, data.password) == LOGIN, handled=False)


class Keep:
    count = 0

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("full@"):
            return "452 4.2.2 mailbox full"
        if address.startswith("unknown@"):
            return "550 5.1.1 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        self.count += 1
        tls = "tls" if session.ssl or mode == "implicit" else "plain"
        login = "login" if session.authenticated else "nobody"
        text = f"{tls} {login} {session.host_name} {envelope.mail_from} {' '.join(envelope.rcpt_tos)}"
        (folder / f"{self.count}.eml").write_bytes(envelope.original_content)
        (folder / f"{self.count}.txt").write_text(text)
        return "250 OK"


class Noting(SMTP):
    def _note(self, word):
        with (folder / "commands.txt").open("a") as file:
            file.write(word + "\n")

    async def smtp_EHLO(self, arg):
        self._note("EHLO")
        await super().smtp_EHLO(arg)

    async def smtp_AUTH(self, arg):
        self._note("AUTH")
        await super().smtp_AUTH(arg)

    async def smtp_MAIL(self, arg):
        self._note("MAIL")
        await super().smtp_MAIL(arg)


async def main():
    keep = Keep()
    context = None
    if mode != "none":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[3], sys.argv[4])
    options = {"authenticator": judge, "hostname": "relay.test"}
    if mode == "starttls":
        options |= {"tls_context": context, "require_starttls": True, "auth_required": True}
    elif mode == "implicit":
        # This aiosmtpd counts only STARTTLS as TLS; every byte here is behind the listener's own.
        options |= {"auth_required": True, "auth_require_tls": False}
    else:
        options |= {"auth_require_tls": False}
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: Noting(keep, loop=loop, **options), "127.0.0.1", 0, ssl=context if mode == "implicit" else None
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


asyncio.run(main())
