"""What the `${…}` of a manifest stand for in the twin: addresses of the engines, secrets and settings."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from functions.manifest import PLACEHOLDER, Manifest

PRIVATE, PUBLIC = "_private_key", "_public_key"
DEFAULT_SETTINGS = {"rate_limits": "on"}


def names_in(manifest: Manifest) -> set[str]:
    """The names of all `${…}` in the functions' variables."""
    texts = (text for function in manifest.functions.values() for text in function.environment.values())
    return {name for text in texts for name in PLACEHOLDER.findall(text)}


def settings_of(manifest: Manifest, environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """`settings.NAME`, each from the environment variable PROJECT_NAME (PARLEY_RATE_LIMITS), or its default."""
    found = {}
    for name in names_in(manifest):
        kind, _, key = name.partition(".")
        text = environment.get(f"{manifest.name}_{key}".upper()) or DEFAULT_SETTINGS.get(key)
        if kind == "settings" and text is not None:
            found[name] = text
    return found


def secrets_of(manifest: Manifest, folder: Path) -> dict[str, str]:
    """`secrets.NAME`, each made once and kept in `folder`, readable by its owner only.

    `secrets.X_private_key` and `secrets.X_public_key` are an Ed25519 pair in PEM; any other is a random text.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    keys = sorted(name.removeprefix("secrets.") for name in names_in(manifest) if name.startswith("secrets."))
    return {f"secrets.{key}": _secret(key, folder) for key in keys}


def kept_secret(folder: Path, key: str) -> str:
    """A random text that stays the same for a data folder."""
    return _read(folder / key) or _keep(folder / key, secrets.token_urlsafe(32))


def _secret(key: str, folder: Path) -> str:
    for ending in (PRIVATE, PUBLIC):
        if key.endswith(ending):
            pair = key.removesuffix(ending)
            private = _private_key(folder / f"{pair}{PRIVATE}")
            return private if ending == PRIVATE else _public_key(private)
    return kept_secret(folder, key)


def _private_key(path: Path) -> str:
    def make() -> str:
        encoded = Ed25519PrivateKey.generate().private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return encoded.decode()

    return _read(path) or _keep(path, make())


def _public_key(private: str) -> str:
    key = serialization.load_pem_private_key(private.encode(), password=None)
    return (
        key.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""


def _keep(path: Path, text: str) -> str:
    draft = path.with_name(f"{path.name}.new")
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600)
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)
    return text
