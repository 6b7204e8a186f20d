"""Sync: pages that make a client whole, whatever happened and whatever happens meanwhile."""

from __future__ import annotations

from dataclasses import replace

import pytest

from parley.domain.errors import InvalidRequestError, SyncTokenInvalidError
from parley.domain.models import Identity
from parley.domain.sync import SyncPage
from parley.services.sync_pages import SyncSizes
from tests.unit.services.sync_client import SyncClient, a_change, read_anew
from tests.unit.services.world import World, draft


@pytest.fixture
def here(world: World, ann: Identity, ben: Identity) -> str:
    return world.make_group(ann, ben).conversation.conversation_id


def seqs(page: SyncPage, place: str) -> list[int]:
    return [message.seq for change in page.changes if change.conversation_id == place for message in change.messages]


def ids(page: SyncPage) -> list[str]:
    return [change.conversation_id for change in page.changes]


def test_without_a_token_everything_comes_with_the_latest_messages(
    world: World, ann: Identity, ben: Identity, here: str
) -> None:
    direct = world.make_direct(ann, ben).conversation.conversation_id
    world.store(ben, *(draft(here, number) for number in range(25)))
    client = SyncClient(world, ann)

    (page,) = client.ask_all()

    assert page.complete
    assert sorted(ids(page)) == sorted([here, direct])
    assert seqs(page, here) == list(range(6, 26))
    view, _, members = client.state[here]
    assert (view.conversation.last_seq, view.unread_count) == (25, 25)
    assert members.keys() == {"u_ann", "u_ben"}
    assert client.state[direct][0].peer is not None


def test_nothing_new_is_an_empty_page(world: World, ann: Identity, ben: Identity, here: str) -> None:
    world.store(ben, draft(here))
    client = SyncClient(world, ann)
    client.ask_all()
    for _ in range(3):
        assert client.ask().changes == ()
        world.clock.advance(40)


def test_one_change_brings_one_conversation_and_what_changed_in_it(
    world: World, ann: Identity, ben: Identity, here: str
) -> None:
    quiet = world.make_direct(ann, ben).conversation.conversation_id
    stored = world.store(ben, *(draft(here, number) for number in range(5)))
    client = SyncClient(world, ann)
    client.ask_all()
    world.clock.advance(5)
    world.store(ben, draft(here, 9))
    world.changing.apply_changes([a_change(stored[1].message_id, here, "edit")])

    page = client.ask()

    assert page.complete
    assert ids(page) == [here] != [quiet]
    assert sorted(seqs(page, here)) == [2, 6]
    assert client.ask().changes == ()


def test_an_old_token_brings_everything_since_without_a_hole(
    world: World, ann: Identity, ben: Identity, here: str
) -> None:
    client = SyncClient(world, ann)
    client.ask_all()
    for hour in range(60):
        world.clock.advance(3_600)
        world.store(ben, *(draft(here, f"{hour}-{number}") for number in range(5)))

    pages = client.ask_all(limit=40)

    assert [len(seqs(page, here)) for page in pages][:3] == [40, 40, 40]
    assert sorted(seq for page in pages for seq in seqs(page, here)) == list(range(1, 301))
    assert client.state == read_anew(world, ann)


def test_receipts_come_as_the_latest_state_once(world: World, ann: Identity, ben: Identity, here: str) -> None:
    world.store(ann, draft(here), draft(here, 2))
    client = SyncClient(world, ann)
    client.ask_all()
    world.receipts.record_receipt(ben, here, "read", 2)

    page = client.ask()

    assert (seqs(page, here), [member.user_id for member in page.changes[0].members]) == ([], ["u_ben"])
    assert client.state == read_anew(world, ann)
    assert client.ask().changes == ()


def test_what_one_device_mutes_the_other_hears_of(world: World, ann: Identity, here: str) -> None:
    _, token = world.syncing.sync(ann, None)
    world.conversations.mute_conversation(ann, here, muted=True)
    page, token = world.syncing.sync(ann, token)
    assert [(change.view.membership.muted if change.view else None) for change in page.changes] == [True]
    page, _ = world.syncing.sync(ann, token)
    assert page.changes == ()


def test_who_was_removed_is_told_so_once_and_hears_no_more(
    world: World, ann: Identity, ben: Identity, here: str
) -> None:
    client = SyncClient(world, ben)
    client.ask_all()
    kept = [world.database.memberships[here, "u_ann"]]
    world.conversation_store.replace_members(here, kept, world.clock.advance(1))
    world.store(ann, draft(here))

    page = client.ask()

    assert [(change.conversation_id, change.view, change.messages) for change in page.changes] == [(here, None, ())]
    world.store(ann, draft(here, 2))
    assert client.ask().changes == ()


def test_who_comes_back_gets_it_whole_and_hears_who_left(
    world: World, ann: Identity, ben: Identity, eve: Identity
) -> None:
    place = world.make_group(ann, ben, eve).conversation.conversation_id
    world.store(ann, *(draft(place, number) for number in range(30)))
    client = SyncClient(world, ben)
    client.ask_all()
    of_ann, of_ben = (world.database.memberships[place, who] for who in ("u_ann", "u_ben"))
    world.conversation_store.replace_members(place, [of_ann], world.clock.advance(1))
    world.store(ann, draft(place, 99))
    world.conversation_store.replace_members(place, [of_ann, of_ben], world.clock.advance(1))

    client.ask_all()

    assert client.state == read_anew(world, ben)
    assert "u_eve" not in client.state[place][2]


def test_who_came_back_before_they_heard_that_they_were_removed_misses_no_change_of_what_they_have(
    world: World, ann: Identity, ben: Identity, here: str
) -> None:
    stored = world.store(ann, *(draft(here, number) for number in range(20)))
    client = SyncClient(world, ben, sizes=SyncSizes(tail_of_new=3))
    client.ask_all()
    world.clock.advance(4_000)
    of_ann, of_ben = (world.database.memberships[here, who] for who in ("u_ann", "u_ben"))
    world.conversation_store.replace_members(here, [of_ann], world.clock.advance(1))
    world.changing.apply_changes([a_change(stored[1].message_id, here, "edit", "u_ann")])
    world.store(ann, *(draft(here, number) for number in range(30, 40)))
    world.conversation_store.replace_members(
        here, [of_ann, replace(of_ben, joined_at=world.clock.now())], world.clock.advance(1)
    )

    pages = client.ask_all(limit=4)

    assert client.state == read_anew(world, ben)
    assert {2, 21, 30} <= {seq for page in pages for seq in seqs(page, here)}


def test_who_joined_shortly_before_they_synced_misses_nothing_whose_writers_clock_was_behind(
    world: World, ann: Identity, ben: Identity, here: str
) -> None:
    world.clock.advance(-30)
    world.store(ann, draft(here))  # so that the conversation seems to have changed last before it was made
    client = SyncClient(world, ben, sizes=SyncSizes(tail_of_new=3))
    world.clock.advance(100)
    client.ask_all()
    world.clock.advance(5)
    world.store(ann, *(draft(here, number) for number in range(2, 22)))

    pages = client.ask_all(limit=4)

    assert client.state == read_anew(world, ben)
    assert set(range(2, 22)) <= {seq for page in pages for seq in seqs(page, here)}


def test_a_page_that_ended_in_a_conversation_goes_on_there_when_another_came_before_it(
    world: World, ann: Identity, ben: Identity, eve: Identity
) -> None:
    before, here = sorted(world.make_group(ann, eve).conversation.conversation_id for _ in range(2))
    client = SyncClient(world, ben, sizes=SyncSizes(tail_of_new=3))
    client.ask_all()
    world.clock.advance(4_000)
    world.groups.change_members(ann, here, add=["u_ben"])
    (first,) = world.store(ann, draft(here))
    assert not client.ask(limit=1).complete  # it has the message, and not the members
    world.clock.advance(4_000)
    world.changing.apply_changes([a_change(first.message_id, here, "edit", "u_ann")])
    world.store(ann, *(draft(here, number) for number in range(2, 22)))
    world.groups.change_members(ann, before, add=["u_ben"])
    world.store(ann, *(draft(before, number) for number in range(4)))

    pages = client.ask_all(limit=1)

    assert client.state == read_anew(world, ben) | {before: client.state[before]}
    assert set(range(1, 22)) <= {seq for page in pages for seq in seqs(page, here)}
    assert {2, 3, 4} <= {message.seq for message in client.state[before][1].values()}


def test_what_came_and_went_during_the_very_first_pass_is_made_whole_when_it_comes_back(
    world: World, ann: Identity, ben: Identity, eve: Identity
) -> None:
    one, here, last = sorted(world.make_group(ann, eve).conversation.conversation_id for _ in range(3))
    for place in (one, last):
        world.groups.change_members(ann, place, add=["u_ben"])
        world.store(ann, *(draft(place, number) for number in range(4)))
    client = SyncClient(world, ben, sizes=SyncSizes(tail_of_new=3))
    client.ask(limit=1)
    world.clock.advance(4_000)
    world.groups.change_members(ann, here, add=["u_ben"])
    (first,) = world.store(ann, draft(here))
    while last not in client.state:
        client.ask(limit=1)
    assert here in client.state
    world.groups.change_members(ann, here, remove=["u_ben"])
    client.ask(limit=1)
    world.clock.advance(4_000)
    world.changing.apply_changes([a_change(first.message_id, here, "edit", "u_ann")])
    world.store(ann, *(draft(here, number) for number in range(2, 22)))
    world.groups.change_members(ann, here, add=["u_ben"])

    client.ask_all(limit=1)

    assert client.state == read_anew(world, ben)


def test_a_large_group_does_not_bring_all_its_members_at_once(world: World, ann: Identity) -> None:
    others = [world.add_user(f"m{number:03}") for number in range(120)]
    place = world.make_group(ann, *others).conversation.conversation_id
    client = SyncClient(world, ann)
    client.ask_all()
    assert client.state[place][2] == {}
    world.store(ann, draft(place))
    for other in others:
        world.receipts.record_receipt(other, place, "read", 1)

    pages = client.ask_all(limit=50)

    assert [sum(len(change.members) for change in page.changes) for page in pages] == [50, 50, 21]
    assert client.state[place][2] == read_anew(world, ann)[place][2]


def test_a_page_stays_under_its_bytes(world: World, ann: Identity, ben: Identity, here: str) -> None:
    world.store(ben, *(draft(here, number, "🦜" * 8_000) for number in range(9)))
    pages = SyncClient(world, ann).ask_all()
    assert [len(seqs(page, here)) for page in pages] == [1] * 9


def test_a_pass_over_more_conversations_than_a_token_remembers_comes_to_an_end(
    world: World, ann: Identity, ben: Identity
) -> None:
    places = [world.make_group(ann, ben).conversation.conversation_id for _ in range(400)]
    client = SyncClient(world, ann)
    first = client.ask_all()
    assert (len(first), len(client.state)) == (16, 400)
    world.store(ben, draft(places[0]))
    client.ask_all()
    assert client.state == read_anew(world, ann)
    world.clock.advance(200)
    client.ask_all()
    assert client.ask().changes == ()


def test_what_changes_behind_a_pass_keeps_it_from_being_complete(world: World, ann: Identity, ben: Identity) -> None:
    places = sorted(world.make_group(ann, ben).conversation.conversation_id for _ in range(3))
    client = SyncClient(world, ann)
    client.ask(limit=1)
    world.store(ben, draft(places[0]))
    client.ask(limit=1)
    assert not client.ask(limit=1).complete
    client.ask_all(limit=1)
    assert client.state == read_anew(world, ann)


def test_a_token_is_its_users_own(world: World, ann: Identity, ben: Identity, here: str) -> None:
    _, token = world.syncing.sync(ann, None)
    for who, text in ((ben, token), (ann, "forged"), (ann, "")):
        with pytest.raises(SyncTokenInvalidError):
            world.syncing.sync(who, text)
    for limit in (0, 101):
        with pytest.raises(InvalidRequestError):
            world.syncing.sync(ann, None, limit=limit)


def test_a_page_takes_the_same_reads_whatever_it_brings(world: World, ann: Identity, ben: Identity) -> None:
    client = SyncClient(world, ann)
    client.ask_all()
    counts = set()
    for size in (1, 20):
        for number in range(size):
            place = world.make_group(ann, ben).conversation.conversation_id
            world.store(ben, draft(place, number))
        world.clock.advance(1)
        world.forget_traces()
        world.sync_store.calls.clear()
        client.ask()
        counts.add((world.sync_store.calls.total(), world.user_store.calls.total()))
    assert len(counts) == 1
