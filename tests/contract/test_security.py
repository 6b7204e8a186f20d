"""PasswordHasher, TokenIssuer, TokenVerifier: the fakes and the real ones."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from parley.domain.errors import UnauthorizedError
from parley.domain.models import Identity
from parley.ports import PasswordHasher, TokenIssuer, TokenVerifier
from parley.security.passwords import Argon2PasswordHasher
from parley.security.tokens import Ed25519TokenIssuer, Ed25519TokenVerifier
from tests.fakes import FakePasswordHasher, FakeTokens

NOW = datetime(2026, 1, 31, 12, 0, 0, 999_000, tzinfo=UTC)
ADA = Identity("u_ada", "s_phone")


@pytest.fixture(params=[FakePasswordHasher, Argon2PasswordHasher])
def hasher(request: pytest.FixtureRequest) -> PasswordHasher:
    made: PasswordHasher = request.param()
    return made


def test_only_the_password_verifies(hasher: PasswordHasher) -> None:
    first, second = hasher.hash_password("correct horse 🐎 battery"), hasher.hash_password("correct horse 🐎 battery")

    assert first != second, "hashes are salted"
    assert hasher.verify_password(first, "correct horse 🐎 battery")
    assert hasher.verify_password(second, "correct horse 🐎 battery")
    assert not hasher.verify_password(first, "correct horse battery")
    assert not hasher.verify_password(first, "")


@pytest.mark.parametrize(
    "malformed", ["", "plain", "$argon2id$v=19$m=19456,t=2,p=1$x", "$2b$12$abcdefghijklmnopqrstuv"]
)
def test_a_malformed_hash_verifies_nothing(hasher: PasswordHasher, malformed: str) -> None:
    assert not hasher.verify_password(malformed, "password")


def test_the_hash_says_how_it_was_made() -> None:
    assert Argon2PasswordHasher().hash_password("password").startswith("$argon2id$v=19$m=19456,t=2,p=1$")


@dataclass(frozen=True)
class Tokens:
    issuer: TokenIssuer
    verifier: TokenVerifier


@dataclass(frozen=True)
class KeyPair:
    private_pem: str
    public_pem: str


def make_keys() -> KeyPair:
    key = Ed25519PrivateKey.generate()
    return KeyPair(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
        key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode(),
    )


@pytest.fixture(scope="module")
def keys() -> KeyPair:
    return make_keys()


@pytest.fixture(params=["fake", "real"])
def tokens(request: pytest.FixtureRequest, keys: KeyPair) -> Tokens:
    if request.param == "fake":
        fake = FakeTokens()
        return Tokens(fake, fake)
    return Tokens(Ed25519TokenIssuer(keys.private_pem), Ed25519TokenVerifier(keys.public_pem))


def test_a_token_names_its_identity_as_long_as_it_holds(tokens: Tokens) -> None:
    token, expires_in = tokens.issuer.issue_access_token(ADA, NOW)

    assert expires_in == 600
    for age_s in (0, 1, 598):
        assert tokens.verifier.verify_access_token(token, NOW + timedelta(seconds=age_s)) == ADA
    for age_s in (600, 86_400):
        with pytest.raises(UnauthorizedError):
            tokens.verifier.verify_access_token(token, NOW + timedelta(seconds=age_s))


def test_every_token_is_another(tokens: Tokens) -> None:
    assert len({tokens.issuer.issue_access_token(ADA, NOW)[0] for _ in range(5)}) == 5


def test_a_token_with_an_id_of_its_own_can_be_issued_again(tokens: Tokens) -> None:
    first = tokens.issuer.issue_access_token(ADA, NOW, token_id="one")
    assert tokens.issuer.issue_access_token(ADA, NOW, token_id="one") == first
    assert tokens.issuer.issue_access_token(ADA, NOW, token_id="two") != first


@pytest.mark.parametrize(
    "text", ["", ".", "..", "a.b", "a.b.c.d", "🦜.🦜.🦜", "x" * 100_000, "e30.e30.", "null", "\ud800"]
)
def test_what_is_no_token_is_refused(tokens: Tokens, text: str) -> None:
    with pytest.raises(UnauthorizedError):
        tokens.verifier.verify_access_token(text, NOW)


CLAIMS: dict[str, Any] = {
    "iss": "parley",
    "aud": "parley-api",
    "sub": "u_ada",
    "sid": "s_phone",
    "iat": int(NOW.timestamp()),
    "exp": int(NOW.timestamp()) + 600,
    "jti": "1",
}


def sign(keys: KeyPair, claims: Any, header: Any = None) -> str:
    """A token as an issuer with this key could make it."""

    def encode(data: bytes) -> str:
        return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

    head = json.dumps({"alg": "EdDSA", "typ": "JWT"} if header is None else header, separators=(",", ":"))
    signed = f"{encode(head.encode())}.{encode(json.dumps(claims).encode())}"
    key = jwt.get_algorithm_by_name("EdDSA").prepare_key(keys.private_pem)
    return f"{signed}.{encode(key.sign(signed.encode()))}"


def test_the_plain_claims_are_accepted(keys: KeyPair) -> None:
    assert Ed25519TokenVerifier(keys.public_pem).verify_access_token(sign(keys, CLAIMS), NOW) == ADA


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": "other"},
        {"iss": ["parley"]},
        {"aud": "other-api"},
        {"aud": None},
        {"sub": ""},
        {"sub": 7},
        {"sid": None},
        {"jti": {}},
        {"exp": int(NOW.timestamp())},
        {"exp": "9999999999"},
        {"exp": 1e300},
        {"exp": True},
        {"iat": int(NOW.timestamp()) + 60},
        {"iat": None},
    ],
)
def test_claims_that_are_not_ours_are_refused(keys: KeyPair, changed: dict[str, Any]) -> None:
    with pytest.raises(UnauthorizedError):
        Ed25519TokenVerifier(keys.public_pem).verify_access_token(sign(keys, CLAIMS | changed), NOW)


@pytest.mark.parametrize("missing", sorted(CLAIMS))
def test_every_claim_is_required(keys: KeyPair, missing: str) -> None:
    claims = {name: value for name, value in CLAIMS.items() if name != missing}
    with pytest.raises(UnauthorizedError):
        Ed25519TokenVerifier(keys.public_pem).verify_access_token(sign(keys, claims), NOW)


@pytest.mark.parametrize("claims", [[], "text", 1, None, {}])
def test_a_payload_that_is_no_set_of_claims_is_refused(keys: KeyPair, claims: object) -> None:
    with pytest.raises(UnauthorizedError):
        Ed25519TokenVerifier(keys.public_pem).verify_access_token(sign(keys, claims), NOW)


def test_the_algorithm_is_no_choice(keys: KeyPair) -> None:
    verifier = Ed25519TokenVerifier(keys.public_pem)
    elliptic = ec.generate_private_key(ec.SECP256R1())
    forged = [
        jwt.encode(CLAIMS, "", algorithm="none"),
        jwt.encode(CLAIMS, "k" * 64, algorithm="HS512"),
        jwt.encode(CLAIMS, elliptic, algorithm="ES256"),
        sign(keys, CLAIMS, {"alg": "none", "typ": "JWT"}),
        sign(keys, CLAIMS, {"alg": "HS256", "typ": "JWT"}),
        sign(keys, CLAIMS, {"alg": "EdDSA", "typ": "JWT", "crit": ["b64"], "b64": False}),
        sign(make_keys(), CLAIMS, {"alg": "EdDSA", "typ": "JWT", "jwk": {"kty": "OKP"}}),
    ]
    for token in forged:
        with pytest.raises(UnauthorizedError):
            verifier.verify_access_token(token, NOW)


def _swap_character(token: str) -> str:
    return token[:-10] + ("A" if token[-10] != "A" else "B") + token[-9:]


@pytest.mark.parametrize(
    "change",
    [
        _swap_character,
        lambda token: token + "=",
        lambda token: token[:-1],
        lambda token: token.replace(".", "..", 1),
        lambda token: " " + token,
        lambda token: token + "\n",
        lambda token: f"{token.rpartition('.')[0]}.",
    ],
)
def test_a_changed_token_is_refused(keys: KeyPair, change: Callable[[str], str]) -> None:
    token, _ = Ed25519TokenIssuer(keys.private_pem).issue_access_token(ADA, NOW)
    with pytest.raises(UnauthorizedError):
        Ed25519TokenVerifier(keys.public_pem).verify_access_token(change(token), NOW)


def test_another_keys_token_is_refused(keys: KeyPair) -> None:
    token, _ = Ed25519TokenIssuer(make_keys().private_pem).issue_access_token(ADA, NOW)
    with pytest.raises(UnauthorizedError):
        Ed25519TokenVerifier(keys.public_pem).verify_access_token(token, NOW)


def test_pyjwt_reads_our_tokens_and_we_read_its(keys: KeyPair) -> None:
    now = datetime.now(UTC)
    ours, _ = Ed25519TokenIssuer(keys.private_pem).issue_access_token(ADA, now)
    read = jwt.decode(ours, keys.public_pem, algorithms=["EdDSA"], audience="parley-api", issuer="parley")
    assert (read["sub"], read["sid"]) == ("u_ada", "s_phone")

    its = jwt.encode(read, keys.private_pem, algorithm="EdDSA")
    assert Ed25519TokenVerifier(keys.public_pem).verify_access_token(its, now) == ADA


def test_keys_of_another_kind_are_refused_at_the_start(keys: KeyPair) -> None:
    elliptic = ec.generate_private_key(ec.SECP256R1())
    private = elliptic.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    public = elliptic.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    for make in (lambda: Ed25519TokenIssuer(private), lambda: Ed25519TokenVerifier(public)):
        with pytest.raises(ValueError, match="Ed25519"):
            make()
    with pytest.raises(ValueError, match=r"."):
        Ed25519TokenIssuer("no key at all")
