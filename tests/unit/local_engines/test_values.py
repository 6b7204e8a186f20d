"""What a manifest's `${…}` stand for: secrets that stay, settings from the environment."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from functions.manifest import Manifest, load_manifest
from local.values import secrets_of, settings_of


@pytest.fixture
def manifest(tmp_path: Path) -> Manifest:
    (tmp_path / "functions" / "one").mkdir(parents=True)
    file = tmp_path / "functions" / "manifest.toml"
    file.write_text(
        '[project]\nname = "shop"\n[functions.one]\nenvironment = { A = "${secrets.sign_private_key}",'
        ' B = "${secrets.sign_public_key}", C = "${secrets.salt}", D = "${settings.rate_limits} ${settings.mode}" }\n'
    )
    return load_manifest(file)


def test_a_key_pair_belongs_together_and_stays_the_same(manifest: Manifest, tmp_path: Path) -> None:
    first = secrets_of(manifest, tmp_path / "secrets")
    private = load_pem_private_key(first["secrets.sign_private_key"].encode(), password=None)
    public = load_pem_public_key(first["secrets.sign_public_key"].encode())
    assert private.public_key() == public
    assert len(first["secrets.salt"]) >= 32
    assert secrets_of(manifest, tmp_path / "secrets") == first
    assert secrets_of(manifest, tmp_path / "others") != first


def test_secrets_are_readable_by_their_owner_only(manifest: Manifest, tmp_path: Path) -> None:
    secrets_of(manifest, tmp_path / "secrets")
    kept = list((tmp_path / "secrets").iterdir())
    assert len(kept) == 2
    assert {stat.S_IMODE(path.stat().st_mode) for path in kept} == {0o600}


def test_settings_come_from_variables_named_after_the_project(manifest: Manifest) -> None:
    assert settings_of(manifest, {}) == {"settings.rate_limits": "on"}
    found = settings_of(manifest, {"SHOP_RATE_LIMITS": "off", "SHOP_MODE": "fast", "SHOP_OTHER": "x"})
    assert found == {"settings.rate_limits": "off", "settings.mode": "fast"}
