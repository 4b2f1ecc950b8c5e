"""A network that can fail: a TCP proxy on the loopback, for tests of what happens to those on both of its sides."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress


class Network:
    """Passes bytes between those who connect to `port` and a server, until it is told not to.

    Args:
        server_port: where the server listens, or will; who connects while it does not is hung up on.
    """

    def __init__(self, server_port: int) -> None:
        self.server_port = server_port
        self._passes = threading.Event()
        self._passes.set()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Pass nothing, and say nothing: connections stay open, and new ones are never answered."""
        self._passes.clear()

    def mend(self) -> None:
        """Pass everything again, what was sent meanwhile first, also of those who have given up or died."""
        self._passes.set()

    def close(self) -> None:
        """Take no more connections, and end those that there are."""
        self._listening.close()
        self._passes.set()
        for one in self._open.copy():
            _end(one)
        for thread in self._threads:
            thread.join()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            self._threads.append(threading.Thread(target=self._connect, args=[client], daemon=True))
            self._threads[-1].start()

    def _connect(self, client: socket.socket) -> None:
        self._passes.wait()
        with client, suppress(OSError), socket.create_connection(("127.0.0.1", self.server_port)) as server:
            self._open |= {client, server}
            back = threading.Thread(target=self._pass_on, args=(server, client), daemon=True)
            back.start()
            self._pass_on(client, server)
            back.join()
            self._open -= {client, server}

    def _pass_on(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while piece := source.recv(1 << 16):
                self._passes.wait()
                target.sendall(piece)
        self._passes.wait()
        for one in (source, target):
            _end(one)


def _end(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
