"""The contract of AttachmentStore."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial

from parley.domain.models import Attachment, Upload
from tests.contract.conftest import Stores
from tests.contract.samples import NOW, at_once, unique

LATER = NOW + timedelta(days=1)


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
        assert stores.attachments.claim_uploads({name: "m_1"}) == {name}
    assert stores.attachments.claim_uploads({name: "m_2", free: "m_2", "f_nobodys": "m_2"}) == {free}
    (found,) = stores.attachments.find_uploads([name], LATER).values()
    assert replace(found, expires_at=LATER) == replace(upload, message_id="m_1")
    assert stores.attachments.find_claimed(["m_1", "m_3"]) == {name}


def test_of_two_messages_at_once_one_gets_it(stores: Stores) -> None:
    for _ in range(5):
        name = an_upload(stores).attachment.attachment_id
        messages = [f"m_{number}" for number in range(4)]
        claimed = at_once([partial(stores.attachments.claim_uploads, {name: message}) for message in messages])
        assert sorted(map(len, claimed)) == [0, 0, 0, 1]
        (winner,) = stores.attachments.find_uploads([name], LATER).values()
        assert winner.message_id == messages[[len(one) for one in claimed].index(1)]


def test_what_is_forgotten_is_gone(stores: Stores) -> None:
    name, other = (an_upload(stores).attachment.attachment_id for _ in range(2))
    stores.attachments.claim_uploads({name: "m_9", other: "m_9"})
    for _ in range(2):
        stores.attachments.forget_uploads([name])
    assert stores.attachments.find_claimed(["m_9"]) == {other}
