"""Groups: who is in them, as what, and how they look. Each change is one transaction, told of after it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from parley.domain import ids, text
from parley.domain.errors import ConflictError, FieldProblem, ForbiddenError, InvalidRequestError, NotFoundError
from parley.domain.limits import GROUP_MEMBERS_MAX_COUNT
from parley.domain.models import Conversation, ConversationView, Identity, Membership, Role, User
from parley.domain.records import GroupDeleted, GroupShown, Record
from parley.ports import Clock, ConversationChange, ConversationReader, ConversationStore, UserStore
from parley.services.access import not_found
from parley.services.conversations import make_membership, make_view
from parley.services.member_events import make_member_records
from parley.services.outbox import Outbox

_MANAGERS: frozenset[Role] = frozenset({"owner", "admin"})
_OWNER: frozenset[Role] = frozenset({"owner"})
_ANYBODY: frozenset[Role] = frozenset({"owner", "admin", "member"})

Decide = Callable[[ConversationReader, Membership, datetime], ConversationChange | None]


class Groups:
    """Changes groups. A change that would make nothing different takes no rev and is told to nobody.

    Every method raises NotFoundError where the caller is no member, ConflictError for a direct conversation, and
    ForbiddenError where the caller's role does not allow it.
    """

    def __init__(self, *, conversations: ConversationStore, users: UserStore, outbox: Outbox, clock: Clock) -> None:
        self._conversations = conversations
        self._users = users
        self._outbox = outbox
        self._clock = clock

    def rename_group(self, identity: Identity, conversation_id: str, name: str) -> ConversationView:
        """Gives a group another name: its owner or an admin.

        Raises:
            InvalidRequestError: the name breaks its rule.
        """
        if problem := text.check_group_name(name):
            raise InvalidRequestError("The group cannot be called so.", [FieldProblem("name", problem)])
        return self._change_profile(identity, conversation_id, lambda before: replace(before, name=name))

    def change_photo(self, identity: Identity, conversation_id: str, photo_url: str | None) -> ConversationView:
        """Gives a group another photo, or none: its owner or an admin.

        Raises:
            InvalidRequestError: the address breaks its rule.
        """
        if photo_url is not None and (problem := text.check_url(photo_url)):
            raise InvalidRequestError("The photo cannot be used.", [FieldProblem("photoUrl", problem)])
        return self._change_profile(identity, conversation_id, lambda before: replace(before, photo_url=photo_url))

    def change_members(
        self, identity: Identity, conversation_id: str, *, add: Sequence[str] = (), remove: Sequence[str] = ()
    ) -> ConversationView:
        """Adds and removes members: the owner or an admin; nobody removes the owner.

        Who is a member already is not added again, and who is none is not removed.

        Raises:
            ForbiddenError: the owner is among those to be removed.
            InvalidRequestError: somebody to be added does not exist or is to be removed too, or there are too many.
        """
        added, removed = tuple(dict.fromkeys(add)), tuple(dict.fromkeys(remove))
        # Read before the transaction, which is to be short; told only to who may change the group.
        users = self._users.find_users([user_id for user_id in added if ids.is_id(user_id)]) if added else {}

        def decide(reader: ConversationReader, actor: Membership, now: datetime) -> ConversationChange | None:  # noqa: ARG001  # all are called alike
            check_members(added, removed, users)
            return _decide_members(reader, added, removed, users, now)

        return self._change(identity, conversation_id, _MANAGERS, decide)

    def change_role(self, identity: Identity, conversation_id: str, user_id: str, role: Role) -> ConversationView:
        """Gives a member another role: the owner. Who gives `owner` away is an admin after it.

        Raises:
            NotFoundError: that user is no member.
            ConflictError: the owner would be none any more without there being another.
        """
        wanted = (user_id, identity.user_id) if ids.is_id(user_id) else (identity.user_id,)
        users = self._users.find_users(wanted)

        def decide(reader: ConversationReader, actor: Membership, now: datetime) -> ConversationChange | None:
            target = reader.find_memberships((user_id,)).get(user_id) if user_id in users else None
            if target is None:
                raise not_found()
            if target.role == role:
                return None
            if target.user_id == actor.user_id:
                raise ConflictError("A group has an owner: give it to somebody else.")
            changed = [replace(target, role=role)]
            if role == "owner":
                changed.append(replace(actor, role="admin"))
            after = _advance(reader.conversation, now)
            records = make_member_records(after, users, changed=changed)
            return ConversationChange(after, changed=tuple(changed), records=records)

        return self._change(identity, conversation_id, _OWNER, decide)

    def leave_group(self, identity: Identity, conversation_id: str) -> None:
        """Leaves a group. Its owner is followed by the longest-standing admin, else member; the last one ends it."""

        def decide(reader: ConversationReader, actor: Membership, now: datetime) -> ConversationChange | None:
            return self._decide_leave(reader, actor, now)

        self._change(identity, conversation_id, _ANYBODY, decide)

    def delete_group(self, identity: Identity, conversation_id: str) -> None:
        """Ends a group for all its members: the owner."""

        def decide(reader: ConversationReader, actor: Membership, now: datetime) -> ConversationChange | None:  # noqa: ARG001  # all are called alike
            return _decide_delete(reader, now)

        self._change(identity, conversation_id, _OWNER, decide)

    def withdraw_user(self, user_id: str, conversation_id: str) -> None:
        """Takes a user who is no more out of a conversation of either kind; idempotent."""
        now = self._clock.now()

        def decide(reader: ConversationReader) -> ConversationChange | None:
            membership = reader.find_memberships((user_id,)).get(user_id)
            if membership is None:
                return None
            if reader.conversation.kind == "group":
                return self._decide_leave(reader, membership, now)
            after = _advance(reader.conversation, now, members=-1)
            records = make_member_records(after, {}, removed=(user_id,))
            return ConversationChange(after, removed=(user_id,), records=records)

        try:
            change = self._conversations.change_conversation(conversation_id, decide, now)
        except NotFoundError:
            return
        if change is not None:
            self._outbox.notify_changed(change.conversation, change.records)

    def _change_profile(
        self, identity: Identity, conversation_id: str, change: Callable[[Conversation], Conversation]
    ) -> ConversationView:
        def decide(reader: ConversationReader, actor: Membership, now: datetime) -> ConversationChange | None:  # noqa: ARG001  # all are called alike
            changed = change(reader.conversation)
            if changed == reader.conversation:
                return None
            after = _advance(changed, now)
            return ConversationChange(after, records=(GroupShown(after, "update", None),))

        return self._change(identity, conversation_id, _MANAGERS, decide)

    def _change(
        self, identity: Identity, conversation_id: str, roles: frozenset[Role], decide: Decide
    ) -> ConversationView:
        """Changes a group and tells of it; the caller's view of it then, or of what it was when they are out of it."""
        if not ids.is_id(conversation_id):
            raise not_found()
        now = self._clock.now()
        seen: list[tuple[Conversation, Membership]] = []

        def decide_for(reader: ConversationReader) -> ConversationChange | None:
            actor = access_group(reader, identity, roles)
            change = decide(reader, actor, now)
            mine = {one.user_id: one for one in change.changed} if change else {}
            seen.append((change.conversation if change else reader.conversation, mine.get(actor.user_id, actor)))
            return change

        try:
            change = self._conversations.change_conversation(conversation_id, decide_for, now)
        except NotFoundError:
            raise not_found() from None
        if change is not None:
            self._outbox.notify_changed(change.conversation, change.records)
        return make_view(*seen[-1], {})

    def _decide_leave(self, reader: ConversationReader, actor: Membership, now: datetime) -> ConversationChange:
        if reader.conversation.member_count <= 1:
            return _decide_delete(reader, now)
        changed: list[Membership] = []
        users: Mapping[str, User] = {}
        if actor.role == "owner":
            heir = reader.find_heir()
            if heir is None:
                return _decide_delete(reader, now)
            changed.append(replace(heir, role="owner"))
            users = self._users.find_users((heir.user_id,))
        removed = (actor.user_id,)
        after = _advance(reader.conversation, now, members=-1)
        records = make_member_records(after, users, removed=removed, changed=changed)
        return ConversationChange(after, changed=tuple(changed), removed=removed, records=records)


def access_group(reader: ConversationReader, identity: Identity, roles: frozenset[Role]) -> Membership:
    """The caller's place in a group that they want to change.

    Raises:
        NotFoundError: they are no member.
        ConflictError: it is no group.
        ForbiddenError: their role is none of these.
    """
    actor = reader.find_memberships((identity.user_id,)).get(identity.user_id)
    if actor is None:
        raise not_found()
    if reader.conversation.kind != "group":
        raise ConflictError("This is no group.")
    if actor.role not in roles:
        raise ForbiddenError("Your role in this group does not allow it.")
    return actor


def check_members(added: Sequence[str], removed: Sequence[str], users: Mapping[str, User]) -> None:
    """Whether these may be added and removed at once; `users` are those of the first who exist.

    Raises:
        InvalidRequestError: somebody to be added does not exist, or is to be removed too.
    """
    unknown = [place for place, user_id in enumerate(added) if user_id not in users]
    problems = [FieldProblem(f"add.{place}", "There is no such user.") for place in unknown]
    if not set(added).isdisjoint(removed):
        problems.append(FieldProblem("remove", "It names somebody who is to be added."))
    if problems:
        raise InvalidRequestError("The members cannot be changed so.", problems[:20])


def _decide_members(
    reader: ConversationReader,
    added: Sequence[str],
    removed: Sequence[str],
    users: Mapping[str, User],
    now: datetime,
) -> ConversationChange | None:
    known = reader.find_memberships((*added, *removed))
    fresh = [user_id for user_id in added if user_id not in known]
    gone = tuple(user_id for user_id in removed if user_id in known)
    if any(known[user_id].role == "owner" for user_id in gone):
        raise ForbiddenError("Nobody removes the owner of a group.")
    if not fresh and not gone:
        return None
    after = _advance(reader.conversation, now, members=len(fresh) - len(gone))
    if fresh and after.member_count > GROUP_MEMBERS_MAX_COUNT:
        problem = FieldProblem("add", f"A group has at most {GROUP_MEMBERS_MAX_COUNT:,} members.")
        raise InvalidRequestError("The group would be too large.", [problem])
    joined = tuple(make_membership(after, user_id, "member") for user_id in fresh)
    records: tuple[Record, ...] = make_member_records(after, users, added=joined, removed=gone)
    if joined:
        records = (GroupShown(after, "create", tuple(fresh)), *records)
    return ConversationChange(after, added=joined, removed=gone, records=records)


def _decide_delete(reader: ConversationReader, now: datetime) -> ConversationChange:
    after = replace(_advance(reader.conversation, now, members=-1), member_count=0)
    told = GroupDeleted(after.conversation_id, after.rev, reader.read_member_ids())
    return ConversationChange(after, is_deleted=True, records=(told,))


def _advance(before: Conversation, now: datetime, *, members: int | None = None) -> Conversation:
    """The conversation with its next rev; `members`, where who is in it changes, is by how many it grows."""
    rev = before.rev + 1
    after = replace(before, rev=rev, updated_at=now)
    if members is None:
        return after
    return replace(after, members_rev=rev, member_count=before.member_count + members)
