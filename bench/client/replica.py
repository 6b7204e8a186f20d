"""What a client knows: built from events and from sync, in whatever order they come, as the protocol's page says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]
LISTS = ("mentions", "attachments", "reactions")


@dataclass(slots=True)
class Held:
    """One conversation. `rev` is how far it is known without a hole, `ahead` what came from beyond a hole.

    `view` is the latest conversation object that came, of the rev `view_rev`; messages are by their ids.
    """

    view: Json
    view_rev: int
    rev: int
    ahead: set[int] = field(default_factory=set)
    messages: dict[str, Json] = field(default_factory=dict)
    members: dict[str, Json] = field(default_factory=dict)
    member_revs: dict[str, int] = field(default_factory=dict)

    def note_rev(self, rev: int) -> None:
        """A change of this rev is known now."""
        self.ahead.add(rev)
        while self.rev + 1 in self.ahead:
            self.rev += 1
        self.ahead = {known for known in self.ahead if known > self.rev}

    def note_all(self, rev: int) -> None:
        """Everything up to this rev is known now."""
        self.rev = max(self.rev, rev)
        self.note_rev(self.rev)


class Replica:
    """A person's conversations as one client sees them. Applying anything twice, or late, does no harm."""

    def __init__(self, user_id: str) -> None:
        self.user_id = user_id
        self.conversations: dict[str, Held] = {}
        self.shown: list[str] = []
        """The ids of messages in the order in which they would have been put before the user."""
        self.unknown: set[str] = set()
        """Conversations that something was heard of, and that only sync can tell the rest of."""
        self._left: dict[str, int] = {}
        self._pass: dict[str, int] = {}
        self._joined: set[str] = set()

    def has_gap(self) -> bool:
        """Whether there is a jump in some rev, or a conversation of which too little is known: time to sync, soon."""
        return bool(self.unknown) or any(held.ahead for held in self.conversations.values())

    def apply_event(self, event: str, data: Mapping[str, Any]) -> None:
        """Takes in one event; those that say nothing of conversations are let go by."""
        match event:
            case "chat:receive" | "message:update":
                self._apply_message_event(data["message"], int(data["rev"]))
            case "message:delete":
                self._delete(data)
            case "chat:seen:update":
                self._move_pointers(data)
            case "conversation:create" | "group:create" | "group:update":
                self._apply_view_event(event, data)
            case "group:members":
                self._change_members(data)
            case "group:delete":
                self._leave(data["conversationId"], int(data["rev"]))

    def apply_sync(self, page: Mapping[str, Any]) -> None:
        """Takes in one page of sync; with the last one, everything that its pass began with is known."""
        for change in page["changes"]:
            if change.get("removed"):
                name = change["conversationId"]
                if name not in self._joined:
                    self._leave(name, max(self._left.get(name, 0), self._rev_of(name)))
            else:
                self._apply_change(change)
        if page["complete"]:
            for name, rev in self._pass.items():
                if name in self.conversations:
                    self.conversations[name].note_all(rev)
            self._pass.clear()
            self.unknown = set(self._joined)

    def begin_pass(self) -> None:
        """A pass of sync begins, or begins anew: what comes into being from now on, it may not know of."""
        self._pass.clear()
        self._joined.clear()

    def _apply_change(self, change: Json) -> None:
        view, rev = change["conversation"], int(change["conversation"]["rev"])
        name = view["conversationId"]
        if rev <= self._left.get(name, 0) and name not in self.conversations:
            return  # it was read before the caller left, and came after
        held = self._take_view(view, rev, 0)
        self._pass.setdefault(name, rev)
        for message in change["messages"]:
            self._put(held, message)
        for member in change["members"]:
            self._put_member(held, member["userId"], None if member.get("removed") else member, rev)

    def _apply_message_event(self, message: Json, rev: int) -> None:
        name = message["conversationId"]
        held = self.conversations.get(name)
        if held is None:
            if rev > self._left.get(name, 0):
                self.unknown.add(name)
            return
        self._put(held, message)
        held.note_rev(rev)
        sender = held.members.get(message["senderId"])
        if sender is not None:
            raise_pointers(sender, message["seq"], message["seq"])

    def _put(self, held: Held, message: Json) -> None:
        known = held.messages.get(message["messageId"])
        if known is None:
            self.shown.append(message["messageId"])
        elif known["rev"] > message["rev"]:
            return
        # Of the same rev too: what `_delete` made of an older one may lack an edit that was missed.
        held.messages[message["messageId"]] = dict(message)

    def _delete(self, data: Mapping[str, Any]) -> None:
        held = self.conversations.get(data["conversationId"])
        if held is None:
            return
        known, rev = held.messages.get(data["messageId"]), int(data["rev"])
        if known is None:
            self.unknown.add(data["conversationId"])  # the message itself is still on its way, or was missed
        elif known["rev"] < rev:
            held.messages[data["messageId"]] = {
                **known,
                **{name: [] for name in LISTS},
                "content": None,
                "rev": rev,
                "deletedAt": "",
            }
        held.note_rev(rev)

    def _move_pointers(self, data: Mapping[str, Any]) -> None:
        held = self.conversations.get(data["conversationId"])
        member = held.members.get(data["userId"]) if held else None
        if member is not None and member["joinedAt"] == data["joinedAt"]:
            raise_pointers(member, data["lastDeliveredSeq"], data["lastReadSeq"])

    def _apply_view_event(self, event: str, data: Mapping[str, Any]) -> None:
        view, rev = data["conversation"], int(data["rev"])
        name = view["conversationId"]
        if event != "group:update":
            self._joined.add(name)
        if name not in self.conversations:
            if rev > self._left.get(name, 0):
                self._take_view(view, rev, rev)
                self.unknown.add(name)  # its members, and what was said before
            return
        held = self._take_view(view, rev, rev)
        held.note_rev(rev)
        if event == "group:create":
            self.unknown.add(name)

    def _take_view(self, view: Json, rev: int, known_rev: int) -> Held:
        held = self.conversations.get(view["conversationId"])
        if held is None:
            held = self.conversations[view["conversationId"]] = Held(view, rev, known_rev)
        elif rev >= held.view_rev:
            held.view, held.view_rev = view, rev
        return held

    def _change_members(self, data: Mapping[str, Any]) -> None:
        name, rev = data["conversationId"], int(data["rev"])
        if self.user_id in data["removed"]:
            self._leave(name, rev)
            return
        held = self.conversations.get(name)
        if held is None:
            if rev > self._left.get(name, 0):
                self.unknown.add(name)
            return
        for member in (*data["added"], *data["changed"]):
            self._put_member(held, member["userId"], member, rev)
        for user_id in data["removed"]:
            self._put_member(held, user_id, None, rev)
        held.note_rev(rev)

    def _put_member(self, held: Held, user_id: str, member: Json | None, rev: int) -> None:
        if rev < held.member_revs.get(user_id, 0):
            return
        held.member_revs[user_id] = rev
        if member is None:
            held.members.pop(user_id, None)
            return
        known = held.members.get(user_id)
        held.members[user_id] = dict(member)
        if known is not None and known["joinedAt"] == member["joinedAt"]:
            raise_pointers(held.members[user_id], known["lastDeliveredSeq"], known["lastReadSeq"])

    def _leave(self, name: str, rev: int) -> None:
        if self._rev_of(name) <= rev:
            self.conversations.pop(name, None)
        self._left[name] = max(self._left.get(name, 0), rev)
        self._pass.pop(name, None)

    def _rev_of(self, name: str) -> int:
        held = self.conversations.get(name)
        return max(held.rev, held.view_rev) if held else 0


def raise_pointers(member: Json, delivered: int, read: int) -> None:
    """Moves a member's pointers forward, never back."""
    member["lastDeliveredSeq"] = max(member["lastDeliveredSeq"], delivered, read)
    member["lastReadSeq"] = max(member["lastReadSeq"], read)


def comparable(message: Json) -> Json:
    """A message as two who know it agree on it: when it was deleted is not told in an event, only that it was."""
    return {**message, "deletedAt": message["deletedAt"] is not None}


def describe(replica: Replica) -> Json:
    """All that a replica knows, in a form that can be held against what is read anew."""
    return {name: _describe(held) for name, held in replica.conversations.items()}


def _describe(held: Held) -> Json:
    return {
        "name": held.view["name"],
        "photoUrl": held.view["photoUrl"],
        "rev": held.rev,
        "members": describe_members(held.members.values()),
        "messages": {message["seq"]: comparable(message) for message in held.messages.values()},
    }


def describe_members(members: Iterable[Json]) -> Json:
    """Who is in it, in which role, and how far each has got."""
    return {member["userId"]: (member["role"], member["lastDeliveredSeq"], member["lastReadSeq"]) for member in members}


def differences(one: Any, other: Any, path: str = "", limit: int = 20) -> list[str]:
    """Where two descriptions differ, in words."""
    if isinstance(one, dict) and isinstance(other, dict):
        found: list[str] = []
        for key in sorted({*one, *other}, key=str):
            if len(found) >= limit:
                break
            if key not in one or key not in other:
                found.append(f"{path}/{key}: only {'read anew' if key not in one else 'held'}")
            else:
                found += differences(one[key], other[key], f"{path}/{key}", limit - len(found))
        return found
    return [] if one == other else [f"{path}: {one!r} held, {other!r} read anew"]
