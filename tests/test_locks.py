"""The lock files name a version of every requirement, and one that its range allows."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from django.conf import settings
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(settings.BASE_DIR)
PAIRS = ["requirements", "requirements-sso", "requirements-dev", "bench/requirements"]

Versions = dict[str, set[str]]


def requirements_of(text: str) -> list[Requirement]:
    """The requirements of a requirements.txt, without comments and options."""
    lines = [line.partition(" #")[0].strip() for line in text.splitlines()]
    return [Requirement(line) for line in lines if line and not line.startswith(("#", "-"))]


def versions_of(text: str) -> Versions:
    """The versions of each name in a lock file: several where they depend on the platform."""
    found: Versions = {}
    lines = [line for line in text.splitlines() if line and not line.startswith((" ", "#"))]
    for pin in (Requirement(line.removesuffix("\\")) for line in lines):
        (version,) = pin.specifier
        found.setdefault(canonicalize_name(pin.name), set()).add(version.version)
    return found


def disagreements(requirements: str, lock: str) -> list[str]:
    """What a lock file lacks, or pins to a version that the requirements exclude."""
    locked = versions_of(lock)
    found = []
    for requirement in requirements_of(requirements):
        versions = locked.get(canonicalize_name(requirement.name), set())
        if not versions:
            found.append(f"{requirement.name} is not locked")
        found += [
            f"{requirement.name} is locked to {version}, but {requirement.specifier} is required"
            for version in sorted(versions)
            if not requirement.specifier.contains(version)
        ]
    return found


@pytest.mark.parametrize("name", PAIRS)
def test_the_lock_file_fits_the_requirements(name: str) -> None:
    requirements, lock = (ROOT / f"{name}.txt").read_text(), (ROOT / f"{name}.lock").read_text()
    assert not disagreements(requirements, lock), "run script/lock"


def test_a_new_requirement_that_is_not_locked_is_reported() -> None:
    found = disagreements("Django>=5\naiohttp>=3.12,<4  # a client\n", "django==5.2.19 \\\n")
    assert found == ["aiohttp is not locked"]


def test_a_locked_version_outside_a_changed_range_is_reported() -> None:
    found = disagreements(
        "redis[hiredis]>=9\n", "redis==8.1.0 ; os_name == 'nt' \\\n    --hash=x\n"
    )
    assert found == ["redis is locked to 8.1.0, but >=9 is required"]


def test_names_are_compared_as_registries_do() -> None:
    assert not disagreements("channels_redis>=4\n", "channels-redis==4.3.0\n")


def test_tests_run_with_the_versions_that_are_served() -> None:
    tested = versions_of((ROOT / "requirements-dev.lock").read_text())
    for name in ("requirements", "requirements-sso"):
        served = versions_of((ROOT / f"{name}.lock").read_text())
        assert served.items() <= tested.items()


def test_signing_in_with_a_provider_changes_no_version_that_is_served() -> None:
    served = versions_of((ROOT / "requirements.lock").read_text())
    more = versions_of((ROOT / "requirements-sso.lock").read_text())
    assert {name: served[name] for name in more.keys() & served.keys()} == {
        name: more[name] for name in more.keys() & served.keys()
    }


@pytest.mark.parametrize("name", PAIRS)
def test_a_lock_file_names_no_registry(name: str) -> None:
    assert "://" not in (ROOT / f"{name}.lock").read_text()


def test_the_lock_file_of_the_scripts_names_no_registry_and_hashes_every_package() -> None:
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    packages.pop("")  # this project itself
    assert packages
    for name, package in packages.items():
        assert "resolved" not in package, name
        assert package["integrity"].startswith("sha512-"), name


def test_the_scripts_are_checked_with_exact_versions() -> None:
    wanted = json.loads((ROOT / "package.json").read_text())["devDependencies"]
    locked = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    assert wanted == {name: locked[f"node_modules/{name}"]["version"] for name in wanted}
