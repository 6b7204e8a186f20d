"""What people may write. Each `check_*` gives one sentence on what is wrong, never quoting the text, or None."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Final

from parley.domain.ids import is_id
from parley.domain.limits import (
    ABOUT_MAX_CHARS,
    ATTACHMENT_MAX_BYTES,
    ATTACHMENTS_MAX_COUNT,
    CLIENT_MESSAGE_ID_MAX_CHARS,
    CONTENT_MAX_CHARS,
    CONTENT_TYPE_MAX_CHARS,
    DEVICE_NAME_MAX_CHARS,
    DISPLAY_NAME_MAX_CHARS,
    EMAIL_MAX_CHARS,
    EMOJI_MAX_BYTES,
    FILE_NAME_MAX_CHARS,
    GROUP_NAME_MAX_CHARS,
    MENTIONS_MAX_COUNT,
    PASSWORD_MAX_CHARS,
    PASSWORD_MIN_CHARS,
    URL_MAX_CHARS,
    USERNAME_MAX_CHARS,
    USERNAME_MIN_CHARS,
)

_USERNAME = re.compile(r"[a-z0-9_.]+")
_CLIENT_MESSAGE_ID = re.compile(rf"[A-Za-z0-9_-]{{1,{CLIENT_MESSAGE_ID_MAX_CHARS}}}")
# ASCII alone, so that "the same without case" has one meaning in every store.
_EMAIL = re.compile(
    r"[!-?A-~]{1,64}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z][A-Za-z0-9-]*[A-Za-z0-9]"
)
# The controls, line ends, and the marks that turn the direction of writing and so hide an ending.
_NOT_IN_NAMES: Final = frozenset({"Cc", "Cf", "Zl", "Zp"})
_CONTENT_TYPE = re.compile(r"[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]*/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]*")
_URL = re.compile(r"https?://[!-~]+")

# The shapes of Unicode Technical Standard 51 (emoji sequences); which of them a font can draw is not asked.
_EMOJI_BASE: Final = (
    "[\u00a9\u00ae\u203c\u2049\u2122\u2139\u2194-\u21aa\u231a-\u23ff\u24c2\u25aa-\u25fe\u2600-\u27bf\u2934\u2935"
    "\u2b05-\u2b55\u3030\u303d\u3297\u3299\U0001f004\U0001f0cf\U0001f170-\U0001f1e5\U0001f200-\U0001f251"
    "\U0001f300-\U0001faff]"
)
_EMOJI_ELEMENT: Final = f"{_EMOJI_BASE}(?:\ufe0f|[\U0001f3fb-\U0001f3ff])?(?:[\U000e0020-\U000e007e]+\U000e007f)?"
_EMOJI = re.compile(
    f"(?:[\U0001f1e6-\U0001f1ff]{{2}}|[0-9#*]\ufe0f?\u20e3|{_EMOJI_ELEMENT}(?:\u200d{_EMOJI_ELEMENT})*)"
)


def check_plain(text: str) -> str | None:
    """No NUL, which databases cut strings at, and no lone surrogates, which UTF-8 cannot carry."""
    if "\0" in text:
        return "It holds a NUL character."
    try:
        text.encode()
    except UnicodeEncodeError:
        return "It holds a lone surrogate."
    return None


def check_content(text: str) -> str | None:
    """A message's content: at most 8,000 code points, one of them not white space."""
    return _check_visible(text, CONTENT_MAX_CHARS)


def check_group_name(text: str) -> str | None:
    """A group's name: 1 to 100 characters, one of them not white space."""
    return _check_visible(text, GROUP_NAME_MAX_CHARS)


def check_display_name(text: str) -> str | None:
    """A person's name as others see it: 1 to 100 characters, one of them not white space."""
    return _check_visible(text, DISPLAY_NAME_MAX_CHARS)


def check_device_name(text: str) -> str | None:
    """What a person calls their device: 1 to 100 characters, one of them not white space."""
    return _check_visible(text, DEVICE_NAME_MAX_CHARS)


def check_about(text: str) -> str | None:
    """A profile's own words: at most 500 characters, and none at all is fine."""
    return _check_length(text, 0, ABOUT_MAX_CHARS) or check_plain(text)


def check_username(text: str) -> str | None:
    """3 to 32 of `a-z0-9_.`."""
    if problem := _check_length(text, USERNAME_MIN_CHARS, USERNAME_MAX_CHARS):
        return problem
    return None if _USERNAME.fullmatch(text) else "It may hold only a-z, 0-9, _ and . characters."


def check_email(text: str) -> str | None:
    """An address of the usual shape, in ASCII. Only a letter sent to it could show that it exists."""
    if len(text) > EMAIL_MAX_CHARS or not _EMAIL.fullmatch(text):
        return "It is not an email address."
    return None


def check_password(text: str) -> str | None:
    """15 to 128 characters, whichever they are."""
    return _check_length(text, PASSWORD_MIN_CHARS, PASSWORD_MAX_CHARS) or check_plain(text)


def normalize_password(text: str) -> str:
    """The form that is hashed, so that one password typed on two keyboards is one (NIST SP 800-63B, 3.1.1.2: NFKC)."""
    return unicodedata.normalize("NFKC", text)


def check_client_message_id(text: str) -> str | None:
    """1 to 64 of `A-Za-z0-9_-`."""
    return None if _CLIENT_MESSAGE_ID.fullmatch(text) else "It must be 1 to 64 of A-Z, a-z, 0-9, _ and -."


def check_mentions(user_ids: Sequence[str]) -> str | None:
    """At most 50 distinct user ids; one that comes twice counts once."""
    return _check_ids(user_ids, MENTIONS_MAX_COUNT)


def check_attachment_ids(attachment_ids: Sequence[str]) -> str | None:
    """At most 10 distinct attachment ids; one that comes twice counts once."""
    return _check_ids(attachment_ids, ATTACHMENTS_MAX_COUNT)


def check_file_name(text: str) -> str | None:
    """1 to 255 characters that stay a name wherever the file is saved: no path, no control characters."""
    if problem := _check_visible(text, FILE_NAME_MAX_CHARS):
        return problem
    if text in {".", ".."} or any(sign in "/\\" or unicodedata.category(sign) in _NOT_IN_NAMES for sign in text):
        return "It holds what a file's name cannot."
    return None


def check_content_type(text: str) -> str | None:
    """A media type without parameters (RFC 6838, 4.2)."""
    return None if len(text) <= CONTENT_TYPE_MAX_CHARS and _CONTENT_TYPE.fullmatch(text) else "It is not a media type."


def check_file_size(size: int) -> str | None:
    """1 byte to 25 MB."""
    return None if 1 <= size <= ATTACHMENT_MAX_BYTES else f"It must be 1 to {ATTACHMENT_MAX_BYTES:,} bytes."


def check_emoji(text: str) -> str | None:
    """One emoji, of at most 32 bytes of UTF-8: a sign with its modifiers, a joined sequence, a flag or a keycap."""
    if not _EMOJI.fullmatch(text):
        return "It is not one emoji."
    return None if len(text.encode()) <= EMOJI_MAX_BYTES else f"It is over {EMOJI_MAX_BYTES} bytes long."


def check_url(text: str) -> str | None:
    """An http or https address, in ASCII, of at most 2,048 characters."""
    return None if len(text) <= URL_MAX_CHARS and _URL.fullmatch(text) else "It is not an http or https address."


def _check_visible(text: str, max_chars: int) -> str | None:
    if problem := _check_length(text, 1, max_chars):
        return problem
    return "It is white space alone." if text.isspace() else check_plain(text)


def _check_length(text: str, min_chars: int, max_chars: int) -> str | None:
    if len(text) < min_chars:
        return f"It needs at least {min_chars} characters." if min_chars > 1 else "It is empty."
    return f"It is over {max_chars:,} characters long." if len(text) > max_chars else None


def _check_ids(ids: Sequence[str], max_count: int) -> str | None:
    if len(set(ids)) > max_count:
        return f"It holds more than {max_count}."
    return None if all(map(is_id, ids)) else "It holds what is no id."
