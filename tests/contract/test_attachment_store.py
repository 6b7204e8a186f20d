"""The contract of AttachmentStore."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from parley.domain.models import Attachment, Upload
from tests.contract.conftest import Stores
from tests.contract.samples import NOW, at_once, unique

LATER = NOW + timedelta(days=1)
MUCH_LATER = LATER + timedelta(days=1)


def an_upload(stores: Stores) -> Upload:
    attachment = Attachment(unique("f_"), "Grüße 🦜.png", "image/png", 25 * 1024 * 1024)
    upload = Upload(attachment, "u_ann", NOW, expires_at=LATER)
    stores.attachments.insert_upload(upload)
    return upload


def test_uploads_are_found_until_they_expire(stores: Stores) -> None:
    one, other = an_upload(stores), an_upload(stores)
    ids = [one.attachment.attachment_id, other.attachment.attachment_id, "f_nobodys"]
    assert stores.attachments.find_uploads(ids, NOW) == {ids[0]: one, ids[1]: other}
    assert stores.attachments.find_uploads(ids, LATER) == {}


def test_what_a_message_has_claimed_is_its_own_for_ever(stores: Stores) -> None:
    upload = an_upload(stores)
    name, free = upload.attachment.attachment_id, an_upload(stores).attachment.attachment_id
    for _ in range(2):
        assert stores.attachments.claim_uploads({name: "m_1"}, MUCH_LATER) == {name}
    assert stores.attachments.claim_uploads({name: "m_2", free: "m_2", "f_nobodys": "m_2"}, LATER) == {free}
    (found,) = stores.attachments.find_uploads([name], MUCH_LATER).values()
    assert found == replace(upload, message_id="m_1", expires_at=MUCH_LATER)
    assert stores.attachments.find_claimed(["m_1", "m_3"]) == {name}


def test_of_two_messages_at_once_one_gets_it(stores: Stores) -> None:
    for _ in range(5):
        name = an_upload(stores).attachment.attachment_id
        messages = [f"m_{number}" for number in range(4)]
        claimed = at_once([partial(stores.attachments.claim_uploads, {name: message}, LATER) for message in messages])
        assert sorted(map(len, claimed)) == [0, 0, 0, 1]
        (winner,) = stores.attachments.find_uploads([name], LATER).values()
        assert winner.message_id == messages[[len(one) for one in claimed].index(1)]


def test_what_is_forgotten_is_gone(stores: Stores) -> None:
    name, other = (an_upload(stores).attachment.attachment_id for _ in range(2))
    stores.attachments.claim_uploads({name: "m_9", other: "m_9"}, LATER)
    for _ in range(2):
        stores.attachments.forget_uploads([name])
    assert stores.attachments.find_claimed(["m_9"]) == {other}


def lapsed(stores: Stores, at: datetime, *names: str) -> list[str]:
    """Which of these have lapsed, in their order."""
    found = [upload.attachment.attachment_id for upload in stores.attachments.list_lapsed(at, 1_000)]
    return [name for name in found if name in names]


def test_what_lapses_is_listed_until_it_is_settled(stores: Stores) -> None:
    claimed, free = (an_upload(stores).attachment.attachment_id for _ in range(2))
    stores.attachments.claim_uploads({claimed: "m_11"}, MUCH_LATER)
    assert lapsed(stores, NOW, claimed, free) == []
    assert lapsed(stores, LATER, claimed, free) == [free]
    assert lapsed(stores, MUCH_LATER, claimed, free) == [free, claimed]
    for _ in range(2):
        stores.attachments.settle_uploads([claimed])
    assert lapsed(stores, MUCH_LATER, claimed, free) == [free]
    (found,) = stores.attachments.find_uploads([claimed], MUCH_LATER).values()
    assert found.message_id == "m_11"
    stores.attachments.lapse_uploads([claimed], NOW)
    assert lapsed(stores, NOW, claimed, free) == [claimed]


def test_no_message_gets_what_was_withdrawn(stores: Stores) -> None:
    name, renewed = (an_upload(stores).attachment.attachment_id for _ in range(2))
    stores.attachments.claim_uploads({renewed: "m_12"}, MUCH_LATER)
    assert stores.attachments.withdraw_uploads([name, renewed, "f_nobodys"], LATER, MUCH_LATER) == {name}
    assert stores.attachments.claim_uploads({name: "m_13"}, MUCH_LATER) == frozenset()
    assert stores.attachments.find_uploads([name, renewed], NOW).keys() == {renewed}
    assert lapsed(stores, LATER, name, renewed) == []
    assert set(lapsed(stores, MUCH_LATER, name, renewed)) == {name, renewed}
    # Once more, as after a crash.
    assert stores.attachments.withdraw_uploads([name], MUCH_LATER, MUCH_LATER) == {name}
