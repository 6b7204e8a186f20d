"""Access tokens: JSON Web Tokens (RFC 7519) signed with Ed25519 (RFC 8037), ten minutes long."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any, Final

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key
from jwt.types import Options

from parley.domain.errors import UnauthorizedError
from parley.domain.models import Identity

ISSUER: Final = "parley"
AUDIENCE: Final = "parley-api"
ACCESS_TOKEN_TTL_S: Final = 600

_ALGORITHM: Final = "EdDSA"
_MAX_LENGTH: Final = 2_048
_CLOCK_SKEW_S: Final = 5
_SIGNATURE_AND_PRESENCE: Final[Options] = {
    "require": ["iss", "aud", "sub", "sid", "iat", "exp", "jti"],
    "verify_iss": False,
    "verify_aud": False,
    "verify_sub": False,
    "verify_iat": False,
    "verify_exp": False,
    "verify_nbf": False,
    "verify_jti": False,
}


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

    def issue_access_token(self, identity: Identity, now: datetime, *, token_id: str | None = None) -> tuple[str, int]:
        """See TokenIssuer."""
        issued_at = int(now.timestamp())
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": identity.user_id,
            "sid": identity.session_id,
            "iat": issued_at,
            "exp": issued_at + ACCESS_TOKEN_TTL_S,
            "jti": token_id or secrets.token_urlsafe(12),
        }
        return jwt.encode(claims, self._key, algorithm=_ALGORITHM), ACCESS_TOKEN_TTL_S


class Ed25519TokenVerifier:
    """The port TokenVerifier. It takes one algorithm, whatever a token's header says.

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
        if claims["iss"] != ISSUER or claims["aud"] != AUDIENCE:
            raise _refused()
        _check_times(claims["iat"], claims["exp"], now.timestamp())
        user_id, session_id, token_id = claims["sub"], claims["sid"], claims["jti"]
        if not all(isinstance(text, str) and text for text in (user_id, session_id, token_id)):
            raise _refused()
        return Identity(user_id=user_id, session_id=session_id)

    def _read_claims(self, token: str) -> dict[str, Any]:
        """The claims of a token that this key's owner signed, all there; their values are the caller's to check.

        PyJWT would go by the machine's clock and take lists of audiences, so it checks the signature and no value.
        """
        if len(token) > _MAX_LENGTH:
            raise _refused()
        try:
            return jwt.decode(token, self._key, algorithms=[_ALGORITHM], options=_SIGNATURE_AND_PRESENCE)
        except (jwt.PyJWTError, ValueError) as error:
            raise _refused() from error


def _check_times(issued_at: object, expires_at: object, now: float) -> None:
    """Raises UnauthorizedError unless `now` lies between the two, give or take what clocks differ by at the start."""
    if type(issued_at) is not int or type(expires_at) is not int:
        raise _refused()
    if not issued_at - _CLOCK_SKEW_S <= now < expires_at:
        raise _refused()


def _refused() -> UnauthorizedError:
    """One wording for every reason, so that a forger learns nothing."""
    return UnauthorizedError("The access token is missing, invalid or expired.")
