"""Who is in which conversation, kept while it holds."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import Final

from parley.ports import ConversationStore, MemberIds

_MAX_MEMBER_IDS: Final = 500_000
_ENTRY_COST: Final = 4
_NOBODY: Final = MemberIds(0, (), 0)


class MemberCache:
    """The members of conversations by `members_rev`, so that a busy conversation's are read once a change of them.

    Bounded by how many ids it holds (half a million take about 50 MB): the least recently used go first. Not safe to
    call from several threads.
    """

    def __init__(self, conversations: ConversationStore, *, max_member_ids: int = _MAX_MEMBER_IDS) -> None:
        self._conversations = conversations
        self._max_member_ids = max_member_ids
        self._entries: OrderedDict[str, MemberIds] = OrderedDict()
        self._held = 0

    def find_member_ids(self, wanted: Mapping[str, int]) -> dict[str, MemberIds]:
        """The members of each conversation, at least as new as the `members_rev` wanted for it.

        What is missing or too old is read at once for all of them. A conversation that is no more has nobody.

        Raises:
            UnavailableError: they could not be read.
        """
        found: dict[str, MemberIds] = {}
        stale: list[str] = []
        for conversation_id, members_rev in wanted.items():
            entry = self._entries.get(conversation_id)
            if entry is None or entry.members_rev < members_rev:
                stale.append(conversation_id)
            else:
                self._entries.move_to_end(conversation_id)
                found[conversation_id] = entry
        if stale:
            read = self._conversations.read_member_ids(stale)
            for conversation_id in stale:
                found[conversation_id] = read.get(conversation_id, _NOBODY)
                self._remember(conversation_id, found[conversation_id])
        return found

    def _remember(self, conversation_id: str, members: MemberIds) -> None:
        self._forget(conversation_id)
        self._entries[conversation_id] = members
        self._held += len(members.user_ids) + _ENTRY_COST
        while self._held > self._max_member_ids and self._entries:
            self._forget(next(iter(self._entries)))

    def _forget(self, conversation_id: str) -> None:
        entry = self._entries.pop(conversation_id, None)
        if entry is not None:
            self._held -= len(entry.user_ids) + _ENTRY_COST
