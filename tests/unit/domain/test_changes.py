"""What changes make of messages, and the runs of deleted seqs."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from parley.domain.changes import add_deleted, apply_change, change_reactors, count_deleted, summarize_reactors
from parley.domain.limits import REACTION_EMOJI_MAX_COUNT
from parley.domain.models import AcceptedChange, ChangeKind, Message, Reaction

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
LATER = NOW + timedelta(minutes=1)
MESSAGE = Message(
    message_id="m_1",
    conversation_id="c_1",
    seq=7,
    rev=9,
    sender_id="u_ann",
    client_message_id="client-1",
    type="text",
    content="Hello",
    reply_to="m_0",
    mentions=("u_ben",),
    attachment_ids=(),
    reactions=(),
    created_at=NOW,
)


def a_change(kind: ChangeKind, **fields: str | bool) -> AcceptedChange:
    return AcceptedChange("x_1", kind, "m_1", "c_1", "u_ann", NOW, **fields)  # type: ignore[arg-type] # names are checked by the call


def test_an_edit_changes_content_and_time_alone() -> None:
    result = apply_change(MESSAGE, (), a_change("edit", content="Hello again"), LATER)
    assert result is not None
    after, reactors = result
    assert (after.content, after.edited_at, after.seq, after.rev) == ("Hello again", LATER, 7, 9)
    assert (after.mentions, after.reply_to, reactors) == (("u_ben",), "m_0", ())


def test_a_delete_leaves_ids_seq_and_times() -> None:
    reactors = change_reactors((), "u_ben", "👍", remove=False) or ()
    result = apply_change(MESSAGE, reactors, a_change("delete"), LATER)
    assert result is not None
    after, left = result
    assert (after.content, after.mentions, after.reactions, after.deleted_at) == (None, (), (), LATER)
    assert (after.message_id, after.seq, after.created_at, after.reply_to) == ("m_1", 7, NOW, "m_0")
    assert left == ()


def test_what_makes_nothing_different_is_no_change() -> None:
    deleted = apply_change(MESSAGE, (), a_change("delete"), LATER)
    assert deleted is not None
    liked = (("👍", ("u_ann",)),)
    assert apply_change(MESSAGE, (), a_change("edit", content="Hello"), LATER) is None
    assert apply_change(MESSAGE, liked, a_change("react", emoji="👍"), LATER) is None
    assert apply_change(MESSAGE, (), a_change("react", emoji="👍", remove=True), LATER) is None
    for late in (a_change("delete"), a_change("edit", content="x"), a_change("react", emoji="👍")):
        assert apply_change(deleted[0], (), late, LATER) is None


def test_reactions_count_all_and_show_the_first_twenty() -> None:
    reactors = tuple[tuple[str, tuple[str, ...]], ...]()
    for number in range(25):
        reactors = change_reactors(reactors, f"u_{number}", "👍", remove=False) or ()
    reactors = change_reactors(reactors, "u_1", "🎉", remove=False) or ()
    reactors = change_reactors(reactors, "u_0", "👍", remove=True) or ()
    assert summarize_reactors(reactors) == (
        Reaction("👍", 24, tuple(f"u_{number}" for number in range(1, 21))),
        Reaction("🎉", 1, ("u_1",)),
    )
    assert change_reactors((("🎉", ("u_1",)),), "u_1", "🎉", remove=True) == ()


def test_one_emoji_too_many_changes_nothing() -> None:
    full = tuple((f"emoji-{number}", ("u_1",)) for number in range(REACTION_EMOJI_MAX_COUNT))
    assert change_reactors(full, "u_2", "another", remove=False) is None
    assert change_reactors(full, "u_2", "emoji-0", remove=False) is not None


@given(st.lists(st.lists(st.integers(1, 60), max_size=8), max_size=12), st.integers(0, 61))
def test_runs_count_as_the_set_they_stand_for(batches: list[list[int]], after: int) -> None:
    runs: tuple[tuple[int, int], ...] = ()
    deleted: set[int] = set()
    for batch in batches:
        runs = add_deleted(runs, batch)
        deleted |= set(batch)
    assert count_deleted(runs, after) == len([seq for seq in deleted if seq > after])
    assert all(first <= last for first, last in runs)
    assert all(one[1] + 1 < other[0] for one, other in itertools.pairwise(runs))


def test_only_the_latest_runs_are_kept() -> None:
    runs = add_deleted((), range(2, 4_002, 2))
    assert len(runs) == 1_000
    assert runs[-1] == (4_000, 4_000)
    assert count_deleted(runs, 3_000) == 500
