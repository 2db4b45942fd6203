"""The proxies of deploy/, run for real: callbacks pass, nothing else does, and no log holds a token."""

import os
import shutil
import socket
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.support.processes import ROOT, Mirror, Server, eventually

DEPLOY = ROOT / "deploy"
BODY = (ROOT / "tests" / "data" / "deliveries.jsonl").read_bytes().splitlines()[0]
NAME = "mirror.example.com"
READING = "a token for reading"

Start = Callable[[Path, int, int], "subprocess.Popen[str]"]


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def certificate(folder: Path) -> None:
    """A key and a certificate that it signs itself, for a day."""
    kind = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1"
    names = ["-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME}"]
    files = ["-keyout", str(folder / "mirror.key"), "-out", str(folder / "mirror.crt")]
    subprocess.run(
        ["openssl", "req", "-x509", *kind.split(), *names, *files], check=True, capture_output=True
    )


def nginx(folder: Path, port: int, upstream: int) -> "subprocess.Popen[str]":
    changed = (DEPLOY / "nginx" / "mirror.conf").read_text()
    for old, new in (
        ("listen 443 ssl", f"listen 127.0.0.1:{port} ssl"),
        ("127.0.0.1:8000", f"127.0.0.1:{upstream}"),
        ("/etc/nginx/mirror", f"{folder}/mirror"),
        ("/var/log/nginx/", f"{folder}/"),
    ):
        assert old in changed
        changed = changed.replace(old, new)
    places = "".join(
        f"{kind}_temp_path {folder}/{kind};\n"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(
        f"pid {folder}/nginx.pid;\nerror_log {folder}/error.log info;\nworker_processes 1;\n"
        f"events {{}}\nhttp {{\n{places}{changed}}}\n"
    )
    command = ["nginx", "-p", str(folder), "-c", str(folder / "nginx.conf")]
    checked = subprocess.run([*command, "-t"], check=False, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr
    return subprocess.Popen(
        [*command, "-g", "daemon off; master_process off;"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def caddy(folder: Path, port: int, upstream: int) -> "subprocess.Popen[str]":
    changed = (DEPLOY / "caddy" / "Caddyfile").read_text()
    site = "{$MIRROR_NAME:mirror.example.com} {\n"
    assert site in changed
    changed = changed.replace("{\n", "{\n\tadmin off\n\tauto_https disable_redirects\n", 1).replace(
        site, f"{NAME}:{port} {{\n\ttls {folder}/mirror.crt {folder}/mirror.key\n"
    )
    (folder / "Caddyfile").write_text(changed)
    with (folder / "caddy.log").open("w") as log:
        return subprocess.Popen(
            ["caddy", "run", "--adapter", "caddyfile", "--config", str(folder / "Caddyfile")],
            stdout=log,
            stderr=log,
            text=True,
            env=os.environ
            | {"MIRROR_UPSTREAM": f"127.0.0.1:{upstream}", "HOME": str(folder)}
            | {"XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)},
        )


class Proxy:
    """A running proxy, asked by TLS under the name that the platform knows."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self._url = f"https://127.0.0.1:{port}"
        self._trust = ssl.create_default_context(cafile=str(folder / "mirror.crt"))

    def ask(
        self,
        method: str,
        path: str,
        content: bytes = b"",
        *,
        address: str = "127.0.0.1",
        says: str | None = None,
        **headers: str,
    ) -> httpx.Response:
        """One answer to a request that comes from `address`, and `says` it came from another."""
        if says is not None:
            headers["X-Forwarded-For"] = says
        transport = httpx.HTTPTransport(verify=self._trust, local_address=address)
        with httpx.Client(transport=transport) as client:
            return client.request(
                method,
                self._url + path,
                content=content,
                headers={"Host": NAME} | headers,
                extensions={"sni_hostname": NAME},
                timeout=20,
            )

    def answers(self) -> bool:
        try:
            return self.ask("GET", "/").status_code == 404
        except httpx.TransportError:
            return False

    def written(self) -> str:
        """All that it wrote anywhere but its configuration."""
        files = [path for path in self.folder.rglob("*") if path.is_file()]
        return "".join(
            path.read_text(errors="replace")
            for path in files
            if path.suffix in {".log", ""} and path.name not in {"Caddyfile", "mirror.db"}
        )


@contextmanager
def running(start: Start, folder: Path, upstream: int) -> Iterator[Proxy]:
    folder.mkdir()
    certificate(folder)
    port = free_port()
    process = start(folder, port, upstream)
    try:
        proxy = Proxy(folder, port)
        assert eventually(proxy.answers), proxy.written()
        yield proxy
    finally:
        process.terminate()
        process.wait(20)


PROXIES = [
    pytest.param(
        start,
        marks=pytest.mark.skipif(
            not (shutil.which(start.__name__) and shutil.which("openssl")),
            reason=f"{start.__name__} or openssl is not installed",
        ),
        id=start.__name__,
    )
    for start in (nginx, caddy)
]


def path_of(server: Server) -> str:
    return server.callback_url.removeprefix(server.url).removeprefix(f"https://{NAME}")


@pytest.mark.parametrize("start", PROXIES)
def test_callbacks_pass_and_nothing_else_does(start: Start, tmp_path: Path) -> None:
    mirror = Mirror(tmp_path).set(
        READ_TOKEN=READING, TRUSTED_PROXIES="127.0.0.1", MAX_BODY_BYTES="1MiB"
    )
    with mirror.serving() as server:
        assert server.port is not None
        with running(start, tmp_path / "proxy", server.port) as proxy:
            callback = path_of(server)
            answer = proxy.ask("POST", callback, BODY)
            assert (answer.status_code, answer.json()) == (200, {"Code": "Success"})
            assert proxy.ask("POST", callback + "x", BODY).status_code == 404
            assert proxy.ask("GET", callback).status_code == 405
            assert proxy.ask("POST", callback, bytes(2 * 1024**2)).status_code == 413
            for path in (
                "/",
                "/login",
                "/metrics",
                "/healthz",
                "/readyz",
                "/static/x.css",
                "/api/v1/status",
                "/callback",
                "/callback/../metrics",
                "/callback/%2e%2e/metrics",
                "/callback//../api/v1/status",
                "/Callback/default/x",
            ):
                refused = proxy.ask("GET", path, Authorization=f"Bearer {READING}")
                assert refused.status_code in {400, 404, 405}, path
                assert "mirror_" not in refused.text
            token = callback.rsplit("/", 1)[1]
            assert token not in proxy.written()
        # The same while nothing answers behind it.
        assert server.terminate() == 0
        with running(start, tmp_path / "alone", server.port) as proxy:
            assert proxy.ask("POST", callback, BODY).status_code in {502, 503}
            assert token not in proxy.written()
            assert len(proxy.written()) > 0
    assert len(mirror.bodies()) == 1


@pytest.mark.parametrize("start", PROXIES)
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs many loopback addresses")
def test_the_sender_is_who_came_to_the_proxy_whatever_he_says(start: Start, tmp_path: Path) -> None:
    mirror = Mirror(tmp_path).set(TRUSTED_PROXIES="127.0.0.1", ALLOWED_SOURCES="127.0.0.2")
    with mirror.serving() as server:
        assert server.port is not None
        with running(start, tmp_path / "proxy", server.port) as proxy:
            callback = path_of(server)
            assert proxy.ask("POST", callback, BODY, address="127.0.0.2").status_code == 200
            refused = proxy.ask("POST", callback, BODY, address="127.0.0.3", says="127.0.0.2")
            assert refused.status_code == 403
