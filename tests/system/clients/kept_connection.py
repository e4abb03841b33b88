"""Keeps one HTTP connection to ADDRESS PORT. For every line on stdin it asks once more over the same connection and
prints the answer's first line, or what went wrong; after a failure it ends."""

import http.client
import sys


def main(address, port):
    connection = http.client.HTTPConnection(address, port, timeout=10)
    connection.auto_open = True
    for _ in sys.stdin:
        try:
            connection.request("GET", "/")
            connection.auto_open = False    # from now on: this connection or none
            print(connection.getresponse().read().decode().strip(), flush=True)
        except (OSError, http.client.HTTPException) as error:
            print(f"failed: {type(error).__name__}", flush=True)
            return


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
