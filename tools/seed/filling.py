"""Writes the company into a stack, through the stores that the functions use; whatever is there already stays."""

from __future__ import annotations

import hashlib
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from parley.domain import ids
from parley.domain.errors import ParleyError
from parley.domain.models import (
    AcceptedChange,
    AcceptedMessage,
    AcceptedReceipt,
    Attachment,
    Identity,
    Upload,
    UploadForm,
    User,
)
from parley.domain.records import Record
from parley.ports import Appended, FileStore
from parley.services.conversations import Conversations
from parley.services.outbox import Outbox
from parley.stores.mongo import MongoStores
from tools.seed.company import ABOUT, CHANNELS, DAYS, FILES, PEOPLE, Channel, Line, tell

_UPLOAD_TIMEOUT_S: Final = 10.0
_TRIES: Final = 5  # a busy laptop's database may take its time


class StoryClock:
    """A clock that stands where the story is."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        """See Clock."""
        return self.at


class Nobody:
    """A publisher for what nobody is to be told of: who opens the app afterwards reads it anew."""

    def publish(self, records: Sequence[Record]) -> list[ParleyError | None]:
        """See Publisher."""
        return [None] * len(records)


@dataclass(frozen=True)
class Report:
    """What is there now, and how much of it this run wrote."""

    people: int
    conversations: int
    messages: int
    written: int


class Filling:
    """Fills a stack.

    Args:
        files: where files go; None leaves them out.
        password_hash: of the people who are not there yet.
        last_day: midnight after the story's last day.
    """

    def __init__(self, stores: MongoStores, files: FileStore | None, *, password_hash: str, last_day: datetime) -> None:
        self._stores = stores
        self._files = files
        self._password_hash = password_hash
        self._last_day = last_day
        self._clock = StoryClock(last_day - timedelta(days=DAYS + 1))
        self._ids: dict[tuple[str, int], str] = {}

    def fill(self) -> Report:
        """Writes what is missing."""
        people = {name: self._find_or_make(name) for name in PEOPLE}
        places = {channel.key: self._make_place(channel, people) for channel in CHANNELS}
        lines = tell(self._last_day)
        written = sum(self._write_line(line, people, places) for line in lines)
        written += sum(self._write_file(index, people, places) for index in range(len(FILES)))
        self._read_up(people, places)
        self._show_as_new(list(places.values()))
        return Report(len(people), len(places), len(lines) + (len(FILES) if self._files else 0), written)

    def _find_or_make(self, name: str) -> str:
        known = self._stores.users.find_credentials(name)
        if known is not None:
            return known.user.user_id
        user_id = f"u_{_digest('person', name)}"
        self._stores.users.insert_user(
            User(user_id, name, f"{name}@example.com", PEOPLE[name], None, ABOUT.get(name), self._clock.now()),
            self._password_hash,
        )
        return user_id

    def _make_place(self, channel: Channel, people: Mapping[str, str]) -> str:
        owner, *others = (people[name] for name in channel.members)
        place = f"c_{_digest('channel', channel.key)}"
        conversations = Conversations(
            conversations=self._stores.conversations,
            users=self._stores.users,
            blocks=self._stores.blocks,
            outbox=Outbox(rows=self._stores.outbox, publisher=Nobody(), clock=self._clock),
            clock=self._clock,
            new_id=lambda: place,
        )
        caller = Identity(owner, "s_seed")
        if channel.name is None:
            return conversations.create_direct(caller, others[0])[0].conversation.conversation_id
        if self._stores.conversations.find_conversation(place) is None:
            conversations.create_group(caller, name=channel.name, member_ids=others)
        return place

    def _write_line(self, line: Line, people: Mapping[str, str], places: Mapping[str, str]) -> bool:
        place = places[line.channel]
        sender = people[line.sender]
        client_message_id = f"seed-{line.number}"
        message_id = ids.derive_message_id(place, sender, client_message_id)
        reply = None if line.reply_to is None else self._ids.get((line.channel, line.reply_to))
        self._ids[line.channel, line.number] = message_id
        message = AcceptedMessage(
            message_id,
            place,
            sender,
            client_message_id,
            "text",
            line.content,
            reply,
            tuple(people[name] for name in line.mentions),
            (),
            line.at,
        )
        fresh = self._append(message)
        changes = [
            AcceptedChange(
                f"e_{_digest('reaction', message_id, str(number))}",
                "react",
                message_id,
                place,
                people[name],
                line.at,
                emoji=emoji,
            )
            for number, (emoji, name) in enumerate(line.reactions)
        ]
        if changes and fresh:
            self._stores.messages.apply_changes(changes, line.at + timedelta(minutes=2))
        return fresh

    def _append(self, message: AcceptedMessage) -> bool:
        """Stores a message at its own time; whether it was not there before."""
        for attempt in range(_TRIES):
            (outcome,) = self._stores.messages.append_messages([message], message.accepted_at)
            if isinstance(outcome, Appended):
                return outcome.fresh
            if not outcome.error.retryable or attempt == _TRIES - 1:
                raise outcome.error
        raise AssertionError("unreachable")

    def _write_file(self, index: int, people: Mapping[str, str], places: Mapping[str, str]) -> bool:
        if self._files is None:
            return False
        channel, name, media_type, content = FILES[index]
        place = places[channel]
        owner = people[next(one.members[0] for one in CHANNELS if one.key == channel)]
        message_id = ids.derive_message_id(place, owner, f"seed-file-{index}")
        if self._stores.messages.find_messages([message_id]):
            return False
        at = self._last_day - timedelta(hours=7 + index)
        attachment = Attachment(f"f_{_digest('file', str(index))}", name, media_type, len(content.encode()))
        self._stores.attachments.forget_uploads([attachment.attachment_id])
        self._stores.attachments.insert_upload(Upload(attachment, owner, at, datetime.now(UTC) + timedelta(hours=1)))
        _send_form(self._files.presign_upload(attachment), content.encode())
        if not self._files.keep_file(attachment):
            raise RuntimeError("the object store did not keep a file")
        self._stores.attachments.claim_uploads(
            {attachment.attachment_id: message_id}, datetime.now(UTC) + timedelta(days=1)
        )
        return self._append(
            AcceptedMessage(
                message_id,
                place,
                owner,
                f"seed-file-{index}",
                "attachment",
                name,
                None,
                (),
                (attachment.attachment_id,),
                at,
                attachments=(attachment,),
            )
        )

    def _read_up(self, people: Mapping[str, str], places: Mapping[str, str]) -> None:
        """Most have read everything, some are a few messages behind."""
        receipts = []
        for channel in CHANNELS:
            place = places[channel.key]
            conversation = self._stores.conversations.find_conversation(place)
            last = conversation.last_seq if conversation else 0
            for rank, name in enumerate(channel.members):
                behind = 0 if rank % 3 else rank * 2 + (5 if name == "alice" else 0)
                seq = max(1, last - behind)
                receipts.append(AcceptedReceipt(place, people[name], "read", seq, self._last_day))
        self._stores.conversations.move_pointers(receipts, self._last_day)

    def _show_as_new(self, places: Sequence[str]) -> None:
        """Sync finds what changed by the time at which it did, which for all this is now."""
        self._stores.mark_changed(places, datetime.now(UTC))


def _send_form(form: UploadForm, content: bytes) -> None:
    boundary = f"seed{_digest('boundary')}"
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in form.fields
    ]
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="file"\r\n\r\n'.encode()
    body = b"".join([*parts, head, content, f"\r\n--{boundary}--\r\n".encode()])
    headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    request = urllib.request.Request(form.url, data=body, headers=headers)  # noqa: S310 - the stack's own bucket
    with urllib.request.urlopen(request, timeout=_UPLOAD_TIMEOUT_S):  # noqa: S310
        pass


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(("seed", *parts)).encode()).hexdigest()[:20]
