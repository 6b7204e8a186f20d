"""Conversations: making them, and seeing them as one of their members does."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from parley.domain import ids, text
from parley.domain.changes import count_deleted
from parley.domain.errors import FieldProblem, InvalidRequestError
from parley.domain.limits import GROUP_MEMBERS_MAX_COUNT, UNREAD_MAX_COUNT
from parley.domain.models import Conversation, ConversationKind, ConversationView, Identity, Membership, Role, User
from parley.domain.records import ConversationCreated, GroupShown
from parley.ports import BlockStore, Clock, ConversationStore, UserStore
from parley.services.access import access_conversation, not_found
from parley.services.outbox import Outbox
from parley.services.paging import check_page_limit


class Conversations:
    """Creates and shows conversations. Every answer takes a fixed number of queries."""

    def __init__(
        self,
        *,
        conversations: ConversationStore,
        users: UserStore,
        blocks: BlockStore,
        outbox: Outbox,
        clock: Clock,
        new_id: Callable[[], str] = ids.new_group_id,
    ) -> None:
        self._conversations = conversations
        self._users = users
        self._blocks = blocks
        self._outbox = outbox
        self._clock = clock
        self._new_id = new_id

    def create_direct(self, identity: Identity, member_id: str) -> tuple[ConversationView, bool]:
        """The direct conversation of the caller with another user, made unless it is there already.

        Both are told of a new one after the write.

        Returns:
            The caller's view, and whether this call made it.

        Raises:
            InvalidRequestError: the other user is the caller.
            NotFoundError: there is no such user.
        """
        if member_id == identity.user_id:
            problem = FieldProblem("memberId", "It is your own id.")
            raise InvalidRequestError("Nobody has a direct conversation with themselves.", [problem])
        if not ids.is_id(member_id):
            raise not_found()
        users = self._users.find_users((identity.user_id, member_id))
        if member_id not in users:
            raise not_found()
        now = self._clock.now()
        conversation = make_conversation(
            ids.derive_direct_id(identity.user_id, member_id), "direct", member_count=2, now=now
        )
        blockers = self._blocks.find_blockers(identity.user_id, member_id)
        members = [
            make_membership(conversation, identity.user_id, "member", peer_id=member_id, blocked_by=blockers),
            make_membership(conversation, member_id, "member", peer_id=identity.user_id, blocked_by=blockers),
        ]
        views = [make_view(conversation, membership, users) for membership in members]
        records = [ConversationCreated(view.membership.user_id, view) for view in views]
        stored, created = self._conversations.create_conversation(conversation, members, records)
        if not created:
            membership = access_conversation(self._conversations, identity, stored.conversation_id)
            return make_view(stored, membership, users), False
        self._mark_blocks(identity.user_id, member_id, blockers)
        self._outbox.notify_changed(stored, records)
        return views[0], True

    def create_group(
        self, identity: Identity, *, name: str, member_ids: Sequence[str], photo_url: str | None = None
    ) -> ConversationView:
        """Makes a group that the caller owns, and tells every member after the write.

        Args:
            member_ids: the others; the caller, and one named twice, count once.

        Returns:
            The caller's view.

        Raises:
            InvalidRequestError: the name or photo breaks its rule, there are too many members, or no such user.
        """
        others = [member_id for member_id in dict.fromkeys(member_ids) if member_id != identity.user_id]
        check_group(name, photo_url, member_count=len(others) + 1)
        self._check_users_exist(others, member_ids)
        conversation = make_conversation(
            self._new_id(),
            "group",
            member_count=len(others) + 1,
            now=self._clock.now(),
            name=name,
            photo_url=photo_url,
        )
        members = [make_membership(conversation, identity.user_id, "owner")]
        members += [make_membership(conversation, member_id, "member") for member_id in others]
        records = [GroupShown(conversation, "create", None)]
        stored, _ = self._conversations.create_conversation(conversation, members, records)
        self._outbox.notify_changed(stored, records)
        return make_view(stored, members[0], {})

    def list_conversations(
        self, identity: Identity, *, before: tuple[datetime, str] | None = None, limit: int
    ) -> list[ConversationView]:
        """The caller's conversations by `(updated_at, conversation_id)` descending: the sidebar.

        Args:
            before: that key of the last one already had; None starts at the newest.
            limit: 1 to 100.

        Raises:
            InvalidRequestError: the limit is out of bounds.
        """
        check_page_limit(limit)
        rows = self._conversations.list_conversations(identity.user_id, before=before, limit=limit)
        peers = self._find_peers(membership for _, membership in rows)
        return [make_view(conversation, membership, peers) for conversation, membership in rows]

    def get_conversation(self, identity: Identity, conversation_id: str) -> ConversationView:
        """One conversation as the caller sees it.

        Raises:
            NotFoundError: there is none, or the caller is not a member.
        """
        membership = access_conversation(self._conversations, identity, conversation_id)
        conversation = self._conversations.find_conversation(conversation_id)
        if conversation is None:
            raise not_found()
        return make_view(conversation, membership, self._find_peers([membership]))

    def mute_conversation(self, identity: Identity, conversation_id: str, *, muted: bool) -> ConversationView:
        """Sets the caller's own setting; nobody else is told.

        Raises:
            NotFoundError: there is no such conversation, or the caller is not a member.
        """
        membership = (
            self._conversations.set_muted(identity.user_id, conversation_id, muted=muted, now=self._clock.now())
            if ids.is_id(conversation_id)
            else None
        )
        conversation = self._conversations.find_conversation(conversation_id) if membership else None
        if membership is None or conversation is None:
            raise not_found()
        return make_view(conversation, membership, self._find_peers([membership]))

    def list_members(
        self, identity: Identity, conversation_id: str, *, after: str | None = None, limit: int
    ) -> list[tuple[Membership, User]]:
        """Members in ascending user id with who they are; those whose account is no more are left out.

        Args:
            after: the user id of the last one already had.
            limit: 1 to 100.

        Raises:
            NotFoundError: there is no such conversation, or the caller is not a member.
            InvalidRequestError: the limit is out of bounds.
        """
        check_page_limit(limit)
        access_conversation(self._conversations, identity, conversation_id)
        memberships = self._conversations.list_members(conversation_id, after=after, limit=limit)
        users = self._users.find_users([membership.user_id for membership in memberships])
        return [(membership, users[membership.user_id]) for membership in memberships if membership.user_id in users]

    def _mark_blocks(self, one_user_id: str, other_user_id: str, known: frozenset[str]) -> None:
        """Marks the blocks that came while the conversation was made, and found none to mark."""
        for blocker_id in self._blocks.find_blockers(one_user_id, other_user_id) - known:
            blocked_id = other_user_id if blocker_id == one_user_id else one_user_id
            self._blocks.block_user(blocker_id, blocked_id, self._clock.now())

    def _check_users_exist(self, wanted: Sequence[str], member_ids: Sequence[str]) -> None:
        known = self._users.find_users([user_id for user_id in wanted if ids.is_id(user_id)]) if wanted else {}
        missing = {user_id for user_id in wanted if user_id not in known}
        if missing:
            places = [place for place, user_id in enumerate(member_ids) if user_id in missing]
            problems = [FieldProblem(f"memberIds.{place}", "There is no such user.") for place in places]
            raise InvalidRequestError("Not all members exist.", problems)

    def _find_peers(self, memberships: Iterable[Membership]) -> dict[str, User]:
        peer_ids = {membership.peer_id for membership in memberships if membership.peer_id is not None}
        return self._users.find_users(sorted(peer_ids)) if peer_ids else {}


def check_group(name: str, photo_url: str | None, *, member_count: int) -> None:
    """Whether a group may be made of these; `member_count` includes its owner.

    Raises:
        InvalidRequestError: with every field that breaks its rule.
    """
    too_many = member_count > GROUP_MEMBERS_MAX_COUNT
    findings = {
        "name": text.check_group_name(name),
        "photoUrl": None if photo_url is None else text.check_url(photo_url),
        "memberIds": f"A group has at most {GROUP_MEMBERS_MAX_COUNT:,} members." if too_many else None,
    }
    problems = [FieldProblem(field, problem) for field, problem in findings.items() if problem]
    if problems:
        raise InvalidRequestError("The group cannot be made of these.", problems)


def make_conversation(
    conversation_id: str,
    kind: ConversationKind,
    *,
    member_count: int,
    now: datetime,
    name: str | None = None,
    photo_url: str | None = None,
) -> Conversation:
    """A conversation that nobody has written in yet; coming into being is its first change, so `rev` is 1."""
    return Conversation(
        conversation_id=conversation_id,
        kind=kind,
        name=name,
        photo_url=photo_url,
        member_count=member_count,
        rev=1,
        members_rev=1,
        last_seq=0,
        last_message=None,
        created_at=now,
        updated_at=now,
    )


def make_membership(
    conversation: Conversation,
    user_id: str,
    role: Role,
    *,
    peer_id: str | None = None,
    blocked_by: Iterable[str] = (),
) -> Membership:
    """A user's place in a conversation that they join now: what was written before counts as read."""
    return Membership(
        conversation_id=conversation.conversation_id,
        user_id=user_id,
        role=role,
        joined_at=conversation.updated_at,
        last_delivered_seq=conversation.last_seq,
        last_read_seq=conversation.last_seq,
        muted=False,
        peer_id=peer_id,
        blocked_by=tuple(sorted(blocked_by)),
    )


def make_view(conversation: Conversation, membership: Membership, users: dict[str, User]) -> ConversationView:
    """The conversation as this member sees it; `users` holds at least their peer, where there is one."""
    unread = max(0, conversation.last_seq - membership.last_read_seq)
    unread -= count_deleted(conversation.deleted_runs, membership.last_read_seq)
    return ConversationView(
        conversation=conversation,
        membership=membership,
        unread_count=min(unread, UNREAD_MAX_COUNT),
        peer=users.get(membership.peer_id) if membership.peer_id is not None else None,
    )
