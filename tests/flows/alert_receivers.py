"""Who gets alerts in the tests: a mail server and a receiver of webhooks, in threads of this process."""

from __future__ import annotations

import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Mailbox:
    """letters: what was taken. refuse: so many of the next ones are put off."""

    def __init__(self) -> None:
        self.letters: list[Message] = []
        self.refuse = 0
        self.port = 0

    @property
    def subjects(self) -> list[str]:
        from email.header import decode_header, make_header

        return [
            " ".join(str(make_header(decode_header(str(one["Subject"])))).split()) for one in self.letters
        ]


@contextmanager
def mailbox() -> Iterator[Mailbox]:
    """A server of as much SMTP as smtplib speaks."""
    box = Mailbox()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self._say("220 here")
            while line := self.rfile.readline():
                word = line.split(b" ")[0].strip().upper()
                if word == b"DATA":
                    self._say("354 go on")
                    lines = []
                    while (line := self.rfile.readline()) not in (b".\r\n", b""):
                        lines.append(line)
                    if box.refuse:
                        box.refuse -= 1
                        self._say("451 come back later")
                        continue
                    box.letters.append(message_from_bytes(b"".join(lines)))
                    self._say("250 taken")
                elif word == b"QUIT":
                    self._say("221 bye")
                    return
                else:
                    self._say("250 fine")

        def _say(self, text: str) -> None:
            self.wfile.write(text.encode() + b"\r\n")

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        box.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield box
        server.shutdown()


class Receiver:
    """posts: (headers, raw body) of what came. answer: the status it gives."""

    def __init__(self) -> None:
        self.posts: list[tuple[dict[str, str], bytes]] = []
        self.answer = 204
        self.port = 0


@contextmanager
def receiver() -> Iterator[Receiver]:
    """A receiver of webhooks."""
    found = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            found.posts.append(({k.lower(): v for k, v in self.headers.items()}, body))
            self.send_response(found.answer)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield found
    server.shutdown()
    server.server_close()


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
