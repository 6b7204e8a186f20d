"""Telling of changes of members, in records of which each makes one frame."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from parley.domain.models import Conversation, Member, Membership, User
from parley.domain.records import MembersChanged

_PART_MAX_BYTES: Final = 24_000
"""What an event of a part weighs at most, with room left in a frame of 32 KB for what it is wrapped in."""

_MEMBER_BYTES: Final = 450
_ID_BYTES: Final = 68

_Item = tuple[str, Member | str]


def make_member_records(
    conversation: Conversation,
    users: Mapping[str, User],
    *,
    added: Sequence[Membership] = (),
    removed: Sequence[str] = (),
    changed: Sequence[Membership] = (),
) -> tuple[MembersChanged, ...]:
    """The records that tell of a change of members: one, but for a change of very many.

    Args:
        conversation: as the change leaves it.
        users: who the added and changed are; one whose account is no more is left out.
    """
    items: list[_Item] = [("added", Member(one, users[one.user_id])) for one in added if one.user_id in users]
    items += [("removed", user_id) for user_id in removed]
    items += [("changed", Member(one, users[one.user_id])) for one in changed if one.user_id in users]
    return tuple(_make_record(conversation, part, some) for part, some in enumerate(_split(items)))


def _make_record(conversation: Conversation, part: int, items: Sequence[_Item]) -> MembersChanged:
    return MembersChanged(
        conversation_id=conversation.conversation_id,
        rev=conversation.rev,
        members_rev=conversation.members_rev,
        part=part,
        added=tuple(item for kind, item in items if kind == "added" and isinstance(item, Member)),
        removed=tuple(item for _, item in items if isinstance(item, str)),
        changed=tuple(item for kind, item in items if kind == "changed" and isinstance(item, Member)),
    )


def _split(items: Sequence[_Item]) -> Iterator[list[_Item]]:
    part: list[_Item] = []
    size = 0
    for item in items:
        weight = _weigh(item[1])
        if part and size + weight > _PART_MAX_BYTES:
            yield part
            part, size = [], 0
        part.append(item)
        size += weight
    yield part


def _weigh(item: Member | str) -> int:
    """About how many bytes it takes as JSON, rather more than less."""
    if isinstance(item, str):
        return _ID_BYTES
    user = item.user
    texts = user.display_name + (user.avatar_url or "") + (user.about or "")
    return _MEMBER_BYTES + len(texts.encode()) + 5 * sum(character < " " or character in '"\\' for character in texts)
