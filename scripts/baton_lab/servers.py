"""What runs on a backend: nginx, a UDP echo and iperf3, the programs that real services consist of."""

import sys
import time
from pathlib import Path

from .commands import LabError, run
from .processes import Process

NGINX = """\
user root;
worker_processes 1;
worker_rlimit_nofile 16384;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 8192; }}
http {{
  types {{ text/plain txt; }}
  log_format short '$remote_addr $status';
  access_log {folder}/access.log short;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  sendfile on;
  keepalive_requests 1000000;
  keepalive_timeout 300s;
  server {{
    listen 80 backlog=4096;
    listen [::]:80 backlog=4096;
    root {root};
    location = / {{ return 200 "{name} $remote_addr\\n"; }}
  }}
}}
"""

ECHO = Path(__file__).with_name("udp_echo.py")


class Backend:
    def __init__(self, state, lab, host):
        self.name = host.name
        self.state = Path(state)
        self.namespace = f"{lab}-{host.name}"
        self.folder = self.state / host.name
        self.nginx = Process(state, self.namespace, f"{host.name}-nginx")
        self.echo = Process(state, self.namespace, f"{host.name}-echo")
        self.iperf = Process(state, self.namespace, f"{host.name}-iperf3")

    def start(self):
        self.start_nginx()
        self.echo.start(sys.executable, str(ECHO), "7")
        self.iperf.start("iperf3", "--server", "--port", "5201")

    def start_nginx(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        root = self.state / "www"
        root.mkdir(exist_ok=True)
        configuration = self.folder / "nginx.conf"
        configuration.write_text(NGINX.format(folder=self.folder, root=root, name=self.name))
        self.nginx.start("nginx", "-c", str(configuration), "-e", str(self.folder / "error.log"), "-g", "daemon off;")

    def wait_until_listening(self, timeout_s=10.0):
        """All three sockets exist: connecting to them is not going to be refused."""
        deadline = time.monotonic() + timeout_s
        while True:
            sockets = run("ip", "netns", "exec", self.namespace, "ss", "-Hltun")
            if all(f"*:{port} " in sockets or f"]:{port} " in sockets for port in (80, 7, 5201)):
                return
            if time.monotonic() > deadline:
                raise LabError(f"{self.name} does not listen:\n{self.nginx.tail()}\n{self.echo.tail()}")
            time.sleep(0.02)

    def served(self):
        """Requests in nginx's log."""
        try:
            with open(self.folder / "access.log", "rb") as log:
                return sum(chunk.count(b"\n") for chunk in iter(lambda: log.read(1 << 20), b""))
        except FileNotFoundError:
            return 0
