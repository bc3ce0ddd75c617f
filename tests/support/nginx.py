"""nginx with the configuration of ``deploy/``, a process with a directory of its own."""

from __future__ import annotations

import datetime
import ipaddress
import re
import shutil
import ssl
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bench.testbed import ROOT, free_port

CONFIGURATION = ROOT / "deploy" / "nginx" / "earshot.conf"
PROGRAM = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
STARTS_WITHIN = 10.0  # seconds
#: What includes the configuration. Nothing of it is where an installed nginx has it.
AROUND = """
daemon off;
pid nginx.pid;
error_log error.log info;
events {{}}
http {{
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    include {configuration};
}}
"""


class Nginx:
    """Passes requests on to workers at the ports that ``serve`` names."""

    def __init__(self, directory: Path) -> None:
        self.port = free_port()
        self.http_port = free_port()
        self.url = f"https://127.0.0.1:{self.port}"
        self._directory = directory
        self.certificate = _certificate(directory)

    @property
    def trust(self) -> ssl.SSLContext:
        """What a client needs to trust its certificate."""
        return ssl.create_default_context(cafile=str(self.certificate))

    def serve(self, *workers: int) -> Self:
        """Write the configuration, with these ports instead of the ones of an example."""
        text = CONFIGURATION.read_text()
        servers = "".join(f"    server 127.0.0.1:{port} max_fails=0;\n" for port in workers)
        for pattern, ours in (
            (r"(    server 127\.0\.0\.1:\d+ max_fails=0;\n)+", servers),
            (r"listen 80;", f"listen 127.0.0.1:{self.http_port};"),
            (r"listen 443 ", f"listen 127.0.0.1:{self.port} "),
            (r"/etc/ssl/earshot/", f"{self._directory}/"),
            (r"/var/log/nginx/", f"{self._directory}/"),
        ):
            text, count = re.subn(pattern, ours, text)
            assert count, pattern
        (self._directory / "earshot.conf").write_text(text)
        around = AROUND.format(configuration=self._directory / "earshot.conf")
        (self._directory / "nginx.conf").write_text(around)
        return self

    def __enter__(self) -> Self:
        assert PROGRAM
        self._process = subprocess.Popen(
            [PROGRAM, "-p", str(self._directory), "-e", "error.log", "-c", "nginx.conf"],
            stdin=subprocess.DEVNULL,
        )
        until = time.monotonic() + STARTS_WITHIN
        while not (self._directory / "nginx.pid").exists():
            assert self._process.poll() is None, self.said()
            assert time.monotonic() < until, self.said()
            time.sleep(0.02)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: object, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        self._process.wait(10)

    def is_running(self) -> bool:
        return self._process.poll() is None

    def said(self) -> str:
        """Return all that it has logged."""
        logs = ("earshot.log", "error.log")
        found = (self._directory / name for name in logs)
        return "".join(log.read_text() for log in found if log.exists())


def _certificate(directory: Path) -> Path:
    """Write a key, and a certificate of 127.0.0.1 that it has signed; return the path of that."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "earshot.example.com")])
    now = datetime.datetime.now(datetime.UTC)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (directory / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    path = directory / "fullchain.pem"
    path.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    return path
