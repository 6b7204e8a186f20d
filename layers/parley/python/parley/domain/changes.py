"""What an edit, a delete or a reaction makes of a message, and which seqs of a conversation are deleted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from parley.domain.limits import REACTION_EMOJI_MAX_COUNT, REACTION_USERS_MAX_COUNT
from parley.domain.models import AcceptedChange, Message, Reaction, Reactors, SeqRuns

_RUNS_MAX_COUNT: Final = 1_000


def apply_change(
    message: Message, reactors: Reactors, change: AcceptedChange, now: datetime
) -> tuple[Message, Reactors] | None:
    """The message and who reacted to it after the change, with its `rev` as it was; None when nothing is different.

    A deleted message never changes again, whatever comes after: edits and deletes travel on topics of their own, so
    an edit may arrive behind the delete that it was accepted before.
    """
    if message.deleted_at is not None:
        return None
    match change.kind:
        case "edit":
            if message.content == change.content:
                return None
            return replace(message, content=change.content, edited_at=now), reactors
        case "delete":
            return make_tombstone(message, now), ()
        case "react":
            after = change_reactors(reactors, change.user_id, change.emoji or "", remove=change.remove)
            return None if after is None else (replace(message, reactions=summarize_reactors(after)), after)


def make_tombstone(message: Message, now: datetime) -> Message:
    """What is left of a deleted message: ids, seq and times."""
    return replace(message, content=None, mentions=(), attachment_ids=(), attachments=(), reactions=(), deleted_at=now)


def change_reactors(reactors: Reactors, user_id: str, emoji: str, *, remove: bool) -> Reactors | None:
    """Who chose which emoji after one user chose one more or one less; None when it is so already.

    Emoji stand in the order in which they were first chosen, and so do their users. One emoji too many changes
    nothing.
    """
    chosen = dict(reactors)
    users = chosen.get(emoji, ())
    if (user_id in users) is not remove:
        return None
    if not remove and not users and len(chosen) >= REACTION_EMOJI_MAX_COUNT:
        return None
    chosen[emoji] = tuple(one for one in users if one != user_id) if remove else (*users, user_id)
    return tuple((emoji, users) for emoji, users in chosen.items() if users)


def summarize_reactors(reactors: Reactors) -> tuple[Reaction, ...]:
    """The reactions as a message shows them: a count and the first 20 users for each emoji."""
    return tuple(Reaction(emoji, len(users), users[:REACTION_USERS_MAX_COUNT]) for emoji, users in reactors)


def add_deleted(runs: SeqRuns, seqs: Sequence[int]) -> SeqRuns:
    """The runs of deleted seqs with these among them; `runs` and the result are ascending and do not touch.

    Only the latest 1,000 runs are kept. Unread counts up to 999 are exact all the same unless more separate runs than
    that lie behind somebody's pointer.
    """
    merged: list[tuple[int, int]] = []
    for first, last in sorted([*runs, *((seq, seq) for seq in seqs)]):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = merged[-1][0], max(merged[-1][1], last)
        else:
            merged.append((first, last))
    return tuple(merged[-_RUNS_MAX_COUNT:])


def count_deleted(runs: SeqRuns, after: int) -> int:
    """How many of the deleted seqs are greater than `after`."""
    return sum(last - max(first, after + 1) + 1 for first, last in runs if last > after)
