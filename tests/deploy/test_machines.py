"""Image, compose file and unit: what they copy, name and set is there, and they leave out what they should."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from mirror import settings
from mirror.service import DRAIN_SECONDS
from mirror.sync.beside import PATIENCE
from mirror.web import server
from tests.support.processes import ROOT, Mirror

DEPLOY = ROOT / "deploy"
DOCKERFILE = (DEPLOY / "Dockerfile").read_text()
IGNORED = (DEPLOY / "Dockerfile.dockerignore").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
UNIT = (DEPLOY / "systemd" / "mirror.service").read_text()
IMAGE = re.compile(r"[a-z]+(:[a-z0-9.-]+)?")
"""A plain name and a tag: where images come from is not said here."""


def instructions() -> list[tuple[str, str]]:
    """Each with its argument, in order; comments and line breaks are gone."""
    lines = [line for line in DOCKERFILE.splitlines() if not line.startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ")
    return [
        (name, rest.strip())
        for line in joined.splitlines()
        if line.strip()
        for name, _, rest in [line.partition(" ")]
    ]


def last_stage() -> list[tuple[str, str]]:
    found = instructions()
    start = max(place for place, (name, _) in enumerate(found) if name == "FROM")
    return found[start:]


def copied() -> list[str]:
    """What is copied from the checkout."""
    return [
        source
        for name, rest in instructions()
        if name == "COPY" and not rest.startswith("--from")
        for source in rest.split()[:-1]
    ]


def test_every_image_is_a_plain_name_with_a_tag() -> None:
    named = [rest.split()[0] for name, rest in instructions() if name == "FROM"]
    named += [service["image"] for service in COMPOSE["services"].values()]
    assert all(IMAGE.fullmatch(name) for name in named), named
    assert {name for name in named if ":" not in name} == {"mirror"}


def test_what_is_copied_is_there_and_let_in() -> None:
    let_in = {line[1:] for line in IGNORED.splitlines() if line.startswith("!")}
    assert set(copied()) == let_in
    assert all((ROOT / name).exists() for name in copied())
    assert "*" in IGNORED.splitlines()


def test_the_image_can_be_built_from_what_is_copied(tmp_path: Path) -> None:
    """The build's own step, but for dependencies: a wheel of those files alone."""
    for name in copied():
        if (ROOT / name).is_dir():
            skipped = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / name, tmp_path / name, ignore=skipped)
        else:
            shutil.copy(ROOT / name, tmp_path / name)
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
    )
    assert len(list((tmp_path / "dist").glob("*.whl"))) == 1


def test_the_image_runs_as_nobody_special_over_a_volume() -> None:
    stage = dict(last_stage())
    assert stage["USER"] == "mirror"
    assert stage["VOLUME"] == stage["WORKDIR"] == "/var/lib/mirror"
    assert stage["STOPSIGNAL"] == "SIGTERM"
    order = [name for name, _ in last_stage()]
    assert order.index("USER") < order.index("CMD")
    names = re.findall(r"MIRROR_(\w+)=", stage["ENV"])
    assert {f"MIRROR_{name}" for name in names} <= variables()
    assert f"useradd --system --uid 10001 --home-dir {stage['WORKDIR']} --create-home" in DOCKERFILE
    pins = [rest for name, rest in instructions() if name == "RUN" and "pip install" in rest]
    assert all("--constraint constraints.txt" in rest for rest in pins)


def variables() -> set[str]:
    text = (ROOT / "docs" / "settings.md").read_text()
    return set(re.findall(r"^\| `(MIRROR_\w+)` \|", text, re.MULTILINE))


def test_health_is_what_the_image_asks_for(tmp_path: Path) -> None:
    check = dict(last_stage())["HEALTHCHECK"]
    command: list[str] = yaml.safe_load(check[check.index("[") :])
    with Mirror(tmp_path).serving() as running:
        environ = os.environ | {"MIRROR_PORT": str(running.port)}
        asked = [sys.executable, *command[1:]]
        subprocess.run(asked, env=environ, check=True, capture_output=True)
    gone = subprocess.run(asked, env=environ, check=False, capture_output=True)
    assert gone.returncode != 0


def test_the_images_command_serves_and_shows_no_secret(tmp_path: Path) -> None:
    shell: list[str] = yaml.safe_load(dict(last_stage())["CMD"])
    programs = tmp_path / "bin"
    programs.mkdir()
    shim = programs / "mirror"
    shim.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m mirror "$@"\n')
    shim.chmod(0o755)
    mirror = Mirror(tmp_path).set(PORT="0")
    environ = mirror.environ | {"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}
    with (tmp_path / "log").open("w+") as log:
        process = subprocess.Popen(shell, cwd=tmp_path, env=environ, stdout=log, stderr=log)
        try:
            while "Serving" not in (tmp_path / "log").read_text():
                assert process.poll() is None
        finally:
            process.terminate()
            assert process.wait(20) == 0
    written = (tmp_path / "log").read_text()
    assert "/callback/" not in written
    assert "key=" not in written


def test_compose_names_what_there_is() -> None:
    services = COMPOSE["services"]
    assert set(services) == {"mirror", "caddy", "postgres"}
    for service in services.values():
        for volume in service["volumes"]:
            source, target, *_ = volume.split(":")
            assert target.startswith("/")
            if source.startswith("."):
                assert (DEPLOY / source).exists()
            else:
                assert source in COMPOSE["volumes"]
        assert set(service["networks"]) <= set(COMPOSE["networks"])
        assert set(service.get("depends_on", [])) <= set(services)
    build = services["mirror"]["build"]
    assert (DEPLOY / build["context"] / build["dockerfile"]).resolve() == DEPLOY / "Dockerfile"
    assert set(services["mirror"]["environment"]) <= variables()
    [subnet] = [one["subnet"] for one in COMPOSE["networks"]["inside"]["ipam"]["config"]]
    assert services["mirror"]["environment"]["MIRROR_TRUSTED_PROXIES"] == subnet


def test_compose_lets_only_the_proxy_face_the_world() -> None:
    services = COMPOSE["services"]
    assert all(port.startswith("127.0.0.1:") for port in services["mirror"]["ports"])
    assert "ports" not in services["postgres"]
    assert services["postgres"]["profiles"] == ["postgres"]
    assert services["mirror"]["cap_drop"] == ["ALL"]
    assert services["mirror"]["read_only"] is True


def test_settings_of_compose_and_unit_can_be_read(tmp_path: Path) -> None:
    given = {
        "MIRROR_NAME": "mirror.example.com",
        "MIRROR_DATABASE": "sqlite:////var/lib/mirror/mirror.db",
    }

    def filled(text: str) -> str:
        return re.sub(
            r"\$\{(\w+)(?::([-?])([^}]*))?\}",
            lambda found: given.get(found[1], found[3] if found[2] == "-" else ""),
            str(text),
        )

    environment = COMPOSE["services"]["mirror"]["environment"]
    for environ in (
        {name: filled(text) for name, text in environment.items()},
        dict(
            line.split("=", 1)
            for line in (DEPLOY / "mirror.env").read_text().splitlines()
            if not line.startswith("#")
        ),
    ):
        found = settings.load(environ=environ, env_file=tmp_path / ".env")
        assert found.public_url == "https://mirror.example.com"
        assert found.database == "sqlite:////var/lib/mirror/mirror.db"


# --------------------------------------------------------------------------------- systemd


def unit() -> dict[str, str]:
    return dict(re.findall(r"^(\w+)=(.*)$", UNIT, re.MULTILINE))


def test_the_unit_waits_as_long_as_a_stop_may_take() -> None:
    needed = server.FINISH_SECONDS + DRAIN_SECONDS + PATIENCE
    assert needed * 1.5 < int(unit()["TimeoutStopSec"])
    assert int(COMPOSE["services"]["mirror"]["stop_grace_period"].removesuffix("s")) > needed * 1.5


def test_the_unit_is_hardened_and_starts_again() -> None:
    found = unit()
    assert found["NoNewPrivileges"] == "yes"
    assert found["ProtectSystem"] == "strict"
    assert found["WorkingDirectory"] == f"/var/lib/{found['StateDirectory']}"
    assert found["Restart"] == "on-failure"
    assert found["StandardOutput"] == "null"
    assert found["User"] == "mirror"


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not installed")
def test_systemd_understands_the_unit_and_finds_it_safe(tmp_path: Path) -> None:
    assert "ExecStart=/opt/mirror/bin/mirror serve\n" in UNIT
    file = tmp_path / "mirror.service"
    file.write_text(UNIT.replace("/opt/mirror/bin/mirror serve", "/bin/true"))
    verified = subprocess.run(
        ["systemd-analyze", "verify", str(file)], check=False, capture_output=True, text=True
    )
    assert "mirror.service" not in verified.stderr, verified.stderr
    rated = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=20", str(file)],
        check=False,
        capture_output=True,
        text=True,
    )
    assert rated.returncode == 0, rated.stdout[-200:]
