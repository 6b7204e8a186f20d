"""Access tokens: JSON Web Tokens (RFC 7519) signed with Ed25519 (RFC 8037), ten minutes long.

Compact JWS with one algorithm is a few lines over the signature itself. PyJWT would do the same and triple what the
authorizer imports, which every new socket waits for on a cold start; the tests hold the two against each other.
"""

from __future__ import annotations

import json
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from parley.domain.errors import UnauthorizedError
from parley.domain.models import Identity

ISSUER: Final = "parley"
AUDIENCE: Final = "parley-api"
ACCESS_TOKEN_TTL_S: Final = 600

_MAX_LENGTH: Final = 2_048
_CLOCK_SKEW_S: Final = 5
_CLAIMS: Final = frozenset({"iss", "aud", "sub", "sid", "iat", "exp", "jti"})


class Ed25519TokenIssuer:
    """The port TokenIssuer.

    Args:
        private_pem: an Ed25519 private key in PKCS #8 PEM, not encrypted.

    Raises:
        ValueError: it is no such key.
    """

    def __init__(self, private_pem: str) -> None:
        key = load_pem_private_key(private_pem.encode(), password=None)
        if not isinstance(key, Ed25519PrivateKey):
            raise ValueError("the key that signs tokens must be an Ed25519 key")
        self._key = key

    def issue_access_token(self, identity: Identity, now: datetime) -> tuple[str, int]:
        """See TokenIssuer."""
        issued_at = int(now.timestamp())
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": identity.user_id,
            "sid": identity.session_id,
            "iat": issued_at,
            "exp": issued_at + ACCESS_TOKEN_TTL_S,
            "jti": secrets.token_urlsafe(12),
        }
        signed = _HEADER + b"." + _encode(_to_json(claims))
        return (signed + b"." + _encode(self._key.sign(signed))).decode(), ACCESS_TOKEN_TTL_S


class Ed25519TokenVerifier:
    """The port TokenVerifier. The header must be the very one that the issuer writes, so the algorithm is no choice.

    Args:
        public_pem: an Ed25519 public key in PEM.

    Raises:
        ValueError: it is no such key.
    """

    def __init__(self, public_pem: str) -> None:
        key = load_pem_public_key(public_pem.encode())
        if not isinstance(key, Ed25519PublicKey):
            raise ValueError("the key that checks tokens must be an Ed25519 key")
        self._key = key

    def verify_access_token(self, token: str, now: datetime) -> Identity:
        """See TokenVerifier."""
        claims = self._read_claims(token)
        if not claims.keys() >= _CLAIMS or claims["iss"] != ISSUER or claims["aud"] != AUDIENCE:
            raise _refused()
        check_times(claims["iat"], claims["exp"], now.timestamp())
        user_id, session_id, token_id = claims["sub"], claims["sid"], claims["jti"]
        if not all(isinstance(text, str) and text for text in (user_id, session_id, token_id)):
            raise _refused()
        return Identity(user_id=user_id, session_id=session_id)

    def _read_claims(self, token: str) -> Mapping[str, Any]:
        """The claims of a token that this key's owner signed; nothing is parsed before the signature holds."""
        try:
            header, payload, signature = token[: _MAX_LENGTH + 1].encode("ascii").split(b".")
            if header != _HEADER or len(token) > _MAX_LENGTH:
                raise _refused()
            self._key.verify(_decode(signature), header + b"." + payload)
            claims = json.loads(_decode(payload))
        except (ValueError, Base64Error, InvalidSignature) as error:
            raise _refused() from error
        if not isinstance(claims, dict):
            raise _refused()
        return claims


def check_times(issued_at: object, expires_at: object, now: float) -> None:
    """Raises UnauthorizedError unless `now` lies between the two, give or take what clocks differ by at the start."""
    if type(issued_at) is not int or type(expires_at) is not int:
        raise _refused()
    if not issued_at - _CLOCK_SKEW_S <= now < expires_at:
        raise _refused()


def _refused() -> UnauthorizedError:
    """One wording for every reason, so that a forger learns nothing."""
    return UnauthorizedError("The access token is missing, invalid or expired.")


def _to_json(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _encode(data: bytes) -> bytes:
    """base64url without padding (RFC 7515, section 2)."""
    return urlsafe_b64encode(data).rstrip(b"=")


def _decode(text: bytes) -> bytes:
    """The strict inverse: any other spelling of the same bytes is refused, so that a token has one form only."""
    data = urlsafe_b64decode(text + b"=" * (-len(text) % 4))
    if _encode(data) != text:
        raise ValueError("not base64url")
    return data


_HEADER: Final = _encode(_to_json({"alg": "EdDSA", "typ": "JWT"}))
