"""An FTP client that sends every command in pieces, with pauses between them, each a segment of its own. Fetches FILE
TIMES times over one control connection to ADDRESS, actively and passively in turns, and prints the SHA-256 of each."""

import hashlib
import socket
import sys
import time

PAUSE_S = 0.05


class Client:
    def __init__(self, address):
        self.control = socket.create_connection((address, 21), timeout=60)
        self.control.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.lines = self.control.makefile("rb")
        self.reply()

    def reply(self):
        while True:
            line = self.lines.readline().decode()
            if not line:
                raise EOFError("the server ended the connection")
            if line[:3].isdigit() and line[3] == " ":
                return line

    def ask(self, command):
        text = (command + "\r\n").encode()
        third = max(1, len(text) // 3)
        for at in range(0, len(text), third):
            self.control.sendall(text[at:at + third])
            time.sleep(PAUSE_S)
        return self.reply()

    def listen(self):
        """Where the server is to connect to."""
        family = self.control.family
        listener = socket.create_server((self.control.getsockname()[0], 0), family=family)
        host, port = listener.getsockname()[:2]
        if family == socket.AF_INET6:
            told = f"EPRT |2|{host}|{port}|"
        else:
            told = f"PORT {host.replace('.', ',')},{port // 256},{port % 256}"
        assert self.ask(told).startswith("200"), told
        listener.settimeout(60)
        return listener

    def connect(self):
        """To where the server listens."""
        told = self.ask("EPSV")
        assert told.startswith("229"), told
        return socket.create_connection((self.control.getpeername()[0], int(told.split("|")[3])), timeout=60)

    def fetch(self, file, active):
        end = self.listen() if active else self.connect()
        opened = self.ask(f"RETR {file}")
        assert opened.startswith("150"), opened
        data = end.accept()[0] if active else end
        digest = hashlib.sha256()
        while block := data.recv(65536):
            digest.update(block)
        data.close()
        end.close()
        assert self.reply().startswith("226")
        return digest.hexdigest()


def main(address, file, times):
    client = Client(address)
    assert client.ask("USER anonymous").startswith(("230", "331"))
    assert client.ask("PASS x").startswith("230")
    assert client.ask("TYPE I").startswith("200")
    for i in range(times):
        print(client.fetch(file, active=i % 2 == 0), flush=True)
    client.ask("QUIT")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
