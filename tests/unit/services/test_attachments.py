"""Files on their way into messages."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from parley.domain.errors import InvalidRequestError, ParleyError, UnavailableError
from parley.domain.models import AcceptedChange, AcceptedMessage, Draft, Identity
from parley.domain.records import SendRequested
from tests.unit.services.world import World, draft


def upload(world: World, identity: Identity, *, sent: bool = True) -> str:
    """An upload of theirs, announced and done."""
    attachment, _ = world.attachments.request_upload(identity, file_name="a.txt", content_type="text/plain", size=5)
    if sent:
        world.files.upload(attachment.attachment_id, "text/plain", 5)
    return attachment.attachment_id


def with_files(place: str, number: int, *attachment_ids: str) -> Draft:
    return replace(draft(place, number), type="attachment", attachment_ids=attachment_ids)


@pytest.fixture
def ann(world: World) -> Identity:
    return world.add_user("ann")


@pytest.fixture
def ben(world: World) -> Identity:
    return world.add_user("ben")


@pytest.fixture
def place(world: World, ann: Identity, ben: Identity) -> str:
    return world.make_group(ann, ben).conversation.conversation_id


def refusal_of(world: World, sender: Identity, message: Draft) -> ParleyError:
    (outcome,) = world.chat.send_messages(sender, [message])
    assert isinstance(outcome, ParleyError)
    return outcome


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"file_name": ""}, "fileName"),
        ({"file_name": " "}, "fileName"),
        ({"file_name": "../a"}, "fileName"),
        ({"file_name": "a\\b"}, "fileName"),
        ({"file_name": ".."}, "fileName"),
        ({"file_name": "a\r\nb"}, "fileName"),
        ({"file_name": "gpj\u202e.exe"}, "fileName"),
        ({"file_name": "x" * 256}, "fileName"),
        ({"content_type": ""}, "contentType"),
        ({"content_type": "text"}, "contentType"),
        ({"content_type": "text/plain; charset=utf-8"}, "contentType"),
        ({"content_type": "text/\u00e4"}, "contentType"),
        ({"content_type": f"text/{'x' * 130}"}, "contentType"),
        ({"size": 0}, "size"),
        ({"size": -1}, "size"),
        ({"size": 25 * 1024 * 1024 + 1}, "size"),
    ],
)
def test_what_cannot_be_uploaded_is_refused(
    world: World, ann: Identity, changes: dict[str, object], field: str
) -> None:
    good = {"file_name": "Grüße 🦜.png", "content_type": "image/svg+xml", "size": 25 * 1024 * 1024}
    world.attachments.request_upload(ann, **good)  # type: ignore[arg-type]  # a table of keyword arguments
    with pytest.raises(InvalidRequestError) as refused:
        world.attachments.request_upload(ann, **{**good, **changes})  # type: ignore[arg-type]
    assert [problem.field for problem in refused.value.problems] == [field]


def test_a_message_carries_what_was_uploaded_for_it(world: World, ann: Identity, place: str) -> None:
    files = [upload(world, ann) for _ in range(10)]
    (message,) = world.store(ann, with_files(place, 1, *files))
    assert [attachment.attachment_id for attachment in message.attachments] == files
    assert {(one.file_name, one.content_type, one.size) for one in message.attachments} == {("a.txt", "text/plain", 5)}
    assert set(world.files.kept) == set(files)
    view = world.conversations.get_conversation(ann, place)
    assert view.conversation.last_message == message


def test_who_did_not_upload_it_cannot_send_it(world: World, ann: Identity, ben: Identity, place: str) -> None:
    theirs = upload(world, ann)
    told = [
        refusal_of(world, ben, with_files(place, number, name)) for number, name in enumerate([theirs, "f_nobodys"])
    ]
    assert all(isinstance(error, InvalidRequestError) for error in told)
    assert len({(error.detail, str(getattr(error, "problems", ""))) for error in told}) == 1
    assert world.publisher.records == []


def test_a_file_that_is_not_there_or_differs_cannot_be_sent(world: World, ann: Identity, place: str) -> None:
    missing, other, longer = (upload(world, ann, sent=False) for _ in range(3))
    world.files.upload(other, "text/html", 5)
    world.files.upload(longer, "text/plain", 6)
    for number, name in enumerate((missing, other, longer)):
        assert isinstance(refusal_of(world, ann, with_files(place, number, name)), InvalidRequestError)
    world.files.upload(missing, "text/plain", 5)
    assert world.store(ann, with_files(place, 0, missing))


def test_an_upload_that_no_message_has_expires(world: World, ann: Identity, place: str) -> None:
    kept, late = upload(world, ann), upload(world, ann)
    world.store(ann, with_files(place, 1, kept))
    world.clock.advance(timedelta(days=1).total_seconds())
    assert isinstance(refusal_of(world, ann, with_files(place, 2, late)), InvalidRequestError)
    assert world.chat.send_message(ann, with_files(place, 1, kept)).client_message_id == "client-1"


def test_a_file_goes_with_one_message_only(world: World, ann: Identity, place: str) -> None:
    name = upload(world, ann)
    first, second = world.chat.send_messages(ann, [with_files(place, 1, name), with_files(place, 2, name)])
    assert isinstance(first, AcceptedMessage)
    assert isinstance(second, InvalidRequestError)
    assert isinstance(refusal_of(world, ann, with_files(place, 3, name)), InvalidRequestError)


def test_a_retry_is_the_same_message_before_and_after_it_is_stored(world: World, ann: Identity, place: str) -> None:
    name = upload(world, ann)
    first = world.chat.send_message(ann, with_files(place, 1, name))
    again = world.chat.send_message(ann, with_files(place, 1, name))
    assert again == replace(first, accepted_at=again.accepted_at)
    assert world.storing.store_messages([first, again]) == [None, None]
    world.files.calls.clear()
    assert world.chat.send_message(ann, with_files(place, 1, name)).message_id == first.message_id
    assert not world.files.calls


def test_what_follows_a_message_whose_files_are_out_of_reach_waits_with_it(
    world: World, ann: Identity, ben: Identity, place: str
) -> None:
    elsewhere = world.make_direct(ann, ben).conversation.conversation_id
    name = upload(world, ann)
    world.files.reachable = False
    drafts = [draft(place, 1), with_files(place, 2, name), draft(place, 3), draft(elsewhere, 4)]
    outcomes = world.chat.send_messages(ann, drafts)
    assert [isinstance(outcome, UnavailableError) for outcome in outcomes] == [False, True, True, False]
    sent = [record.message.client_message_id for record in world.publisher.records if isinstance(record, SendRequested)]
    assert sent == ["client-1", "client-4"]
    world.files.reachable = True
    assert all(isinstance(outcome, AcceptedMessage) for outcome in world.chat.send_messages(ann, drafts))


@pytest.mark.parametrize("count", [1, 25])
def test_the_number_of_database_calls_does_not_depend_on_the_files(
    world: World, ann: Identity, place: str, count: int
) -> None:
    drafts = [with_files(place, number, upload(world, ann), upload(world, ann)) for number in range(count)]
    world.forget_traces()
    world.chat.send_messages(ann, drafts)
    assert world.database_calls() == 4
    assert world.files.calls == {"keep_file": 2 * count}


def test_the_files_go_with_their_message(world: World, ann: Identity, place: str) -> None:
    gone, stays = upload(world, ann), upload(world, ann)
    message, _ = world.store(ann, with_files(place, 1, gone), with_files(place, 2, stays))
    now = world.clock.now()
    change = AcceptedChange("x_1", "delete", message.message_id, place, ann.user_id, now)
    assert world.changing.apply_changes([change]) == [None]
    assert set(world.files.kept) == {stays}
    assert world.messages.get_message(ann, message.message_id).attachments == ()
    assert world.attachment_store.find_uploads([gone], now) == {}


DAY_S = timedelta(days=1).total_seconds()
FORTNIGHT_S = 14 * DAY_S
HOUR_S = timedelta(hours=1).total_seconds()


def test_what_came_into_no_message_is_swept(world: World, ann: Identity, place: str) -> None:
    free, claimed, sent = (upload(world, ann) for _ in range(3))
    world.publisher.reachable = False
    assert isinstance(refusal_of(world, ann, with_files(place, 1, claimed)), UnavailableError)
    world.publisher.reachable = True
    world.store(ann, with_files(place, 2, sent))
    assert set(world.files.kept) == {claimed, sent}
    assert world.attachments.sweep() == 0
    world.clock.advance(DAY_S)
    assert world.attachments.sweep() == 1
    assert world.attachment_store.find_uploads([free, claimed], world.clock.now()).keys() == {claimed}
    world.clock.advance(FORTNIGHT_S)
    assert world.attachments.sweep() == 1
    assert set(world.files.kept) == {sent}
    assert world.attachment_store.find_uploads([free, claimed], world.clock.now()) == {}
    assert isinstance(refusal_of(world, ann, with_files(place, 1, claimed)), InvalidRequestError)
    assert world.attachment_store.list_lapsed(world.clock.now(), 9) == [], "what was stored is not looked at again"


def test_each_retry_has_a_fortnight_of_its_own_to_be_stored(world: World, ann: Identity, place: str) -> None:
    name = upload(world, ann)
    accepted = world.chat.send_message(ann, with_files(place, 1, name))
    world.clock.advance(FORTNIGHT_S - 1)
    assert world.attachments.sweep() == 0
    assert world.chat.send_message(ann, with_files(place, 1, name)).message_id == accepted.message_id
    world.clock.advance(FORTNIGHT_S - 1)
    assert world.attachments.sweep() == 0
    assert world.storing.store_messages([accepted]) == [None]
    world.clock.advance(1)
    assert world.attachments.sweep() == 0
    assert set(world.files.kept) == {name}


def test_files_that_refuse_hold_up_no_change_and_go_later(world: World, ann: Identity, place: str) -> None:
    names = [upload(world, ann) for _ in range(3)]
    messages = world.store(ann, *(with_files(place, number, name) for number, name in enumerate(names)))
    now = world.clock.now()
    changes = [AcceptedChange(f"x_{n}", "delete", one.message_id, place, "u", now) for n, one in enumerate(messages)]
    world.files.refused = set(names)
    assert world.changing.apply_changes(changes) == [None] * 3
    assert set(world.files.kept) == set(names)
    with pytest.raises(UnavailableError):
        world.attachments.sweep()
    world.files.refused = {names[0]}
    world.clock.advance(HOUR_S)
    assert world.attachments.sweep() == 2, "one that is refused is in the way of none"
    world.files.refused = set()
    world.clock.advance(HOUR_S)
    assert world.attachments.sweep() == 1
    assert world.files.kept == {}


def test_a_page_of_what_lapsed_is_not_all_of_it(world: World, ann: Identity) -> None:
    names = [upload(world, ann, sent=False) for _ in range(250)]
    world.clock.advance(DAY_S)
    assert world.attachments.sweep() == 250
    assert world.attachment_store.list_lapsed(world.clock.now(), 1) == []
    assert world.attachment_store.find_uploads(names, world.clock.now() - timedelta(days=1)) == {}
