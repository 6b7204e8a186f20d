"""Every limit of the contract, with its unit in its name."""

from __future__ import annotations

from typing import Final

CONTENT_MAX_CHARS: Final = 8_000
CLIENT_MESSAGE_ID_MAX_CHARS: Final = 64
MENTIONS_MAX_COUNT: Final = 50
ATTACHMENTS_MAX_COUNT: Final = 10
ATTACHMENT_MAX_BYTES: Final = 25 * 1024 * 1024
FILE_NAME_MAX_CHARS: Final = 255
CONTENT_TYPE_MAX_CHARS: Final = 127
EMOJI_MAX_BYTES: Final = 32
REACTION_USERS_MAX_COUNT: Final = 20
REACTION_EMOJI_MAX_COUNT: Final = 50
"""Different ones on one message: bounds its document when everybody of a large group reacts."""

USERNAME_MIN_CHARS: Final = 3
USERNAME_MAX_CHARS: Final = 32
EMAIL_MAX_CHARS: Final = 254
PASSWORD_MIN_CHARS: Final = 15
PASSWORD_MAX_CHARS: Final = 128
DISPLAY_NAME_MAX_CHARS: Final = 100
DEVICE_NAME_MAX_CHARS: Final = 100
ABOUT_MAX_CHARS: Final = 500
URL_MAX_CHARS: Final = 2_048
ID_MAX_CHARS: Final = 64

GROUP_NAME_MAX_CHARS: Final = 100
GROUP_MEMBERS_MAX_COUNT: Final = 5_000

SEND_BATCH_MAX_COUNT: Final = 25
FRAME_MAX_BYTES: Final = 32 * 1024
FRAME_MESSAGE_MAX_BYTES: Final = 128 * 1024
REST_BODY_MAX_BYTES: Final = 256 * 1024
JSON_MAX_DEPTH: Final = 16
REQUEST_ID_MAX_CHARS: Final = 64

PAGE_DEFAULT_COUNT: Final = 50
PAGE_MAX_COUNT: Final = 100
UNREAD_MAX_COUNT: Final = 999
SEARCH_USERS_MIN_CHARS: Final = 2
SEARCH_USERS_MAX_CHARS: Final = 100
SEARCH_KEYS_MAX_COUNT: Final = 12
SEARCH_PREFIX_MAX_CHARS: Final = 12
"""Of a name, what a search is looked up by; the rest of a longer one is compared among those found."""
SEARCH_TEXT_MAX_CHARS: Final = 200
WORDS_MAX_COUNT: Final = 1_000
"""Of one message, those that it is found by: bounds the index entries that one message makes."""
WORD_MAX_CHARS: Final = 40
PRESENCE_MAX_COUNT: Final = 100
SYNC_PAGE_MAX_BYTES: Final = 100 * 1024
SYNC_FIRST_MESSAGES_COUNT: Final = 20
SEQ_MAX: Final = 2**53 - 1
"""The largest whole number that every JSON reader keeps exact; a seq beyond it is taken for it."""

WS_TICKET_TTL_S: Final = 30
SESSION_TTL_DAYS: Final = 60
SESSION_CACHE_TTL_S: Final = 4
"""An ended session's access tokens die within 5 s; the second that is left is for the request itself."""
REFRESH_GRACE_S: Final = 10
SOCKET_MAX_DURATION_S: Final = 2 * 60 * 60
SOCKET_EXPIRY_NOTICE_S: Final = 5 * 60
TYPING_LAPSE_S: Final = 6
ATTACHMENT_URL_TTL_S: Final = 15 * 60
UPLOAD_FORM_TTL_S: Final = 60 * 60
UPLOAD_TTL_S: Final = 24 * 60 * 60
"""For so long a file waits for the message that it is for."""
CLAIM_TTL_S: Final = 14 * 24 * 60 * 60
"""And for so long after that for this message to be stored: for longer than any topic keeps its records, as a consumer
that stood still stores a message days after it was accepted."""

CONNECT_RATE_PER_S: Final = 100
"""New sockets of everybody together: a fifth of what API Gateway takes for an account (500 a second)."""
CONNECT_QUEUE_MAX_S: Final = 300
"""Who comes beyond this many seconds' worth of others is told to wait so long, and then to ask again."""
CONNECT_TURN_S: Final = 30
"""How long a turn is kept for whoever was given it."""

SEND_RATE_PER_S: Final = 20
SEND_BURST_COUNT: Final = 60
TYPING_RATE_PER_S: Final = 2
SEEN_RATE_PER_S: Final = 10
FRAME_RATE_PER_S: Final = 20
REST_WRITE_RATE_PER_S: Final = 20
LOGIN_ACCOUNT_RATE_PER_MIN: Final = 5
LOGIN_ADDRESS_RATE_PER_MIN: Final = 20
