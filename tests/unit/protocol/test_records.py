"""Kafka records: what is written is read again, and what others wrote is refused, not guessed at."""

from __future__ import annotations

import json

import pytest

from parley.domain.errors import InvalidRequestError
from parley.domain.records import Record
from parley.protocol.records import decode_record, encode_record
from tests.unit.protocol.samples import RECORDS

# Bytes as versions that are deployed wrote them. A change that cannot read these loses what is in the topics.
WRITTEN = {
    "SendRequested": (
        '{"kind":"SendRequested","record":{"message":{"messageId":"m_1","conversationId":"c_1","senderId":"u_1",'
        '"clientMessageId":"one","type":"text","content":"Grüße: 👋","replyTo":"m_0","mentions":["u_2"],'
        '"attachmentIds":[],"acceptedAt":"2026-01-31T23:59:59.123000Z"}}}'
    ),
    "MessageStored": (
        '{"kind":"MessageStored","record":{"message":{"messageId":"m_1","conversationId":"c_1","seq":7,"rev":9,'
        '"senderId":"u_1","clientMessageId":"one","type":"text","content":"Grüße: 👋","replyTo":null,'
        '"mentions":["u_2"],"attachmentIds":[],"reactions":[{"emoji":"👍","count":21,"userIds":["u_1","u_2"]}],'
        '"createdAt":"2026-01-31T23:59:59.123000Z","editedAt":"2026-02-01T00:00:00Z","deletedAt":null},'
        '"membersRev":3}}'
    ),
    "DeadLetter": (
        '{"kind":"DeadLetter","record":{"consumer":"store_messages","sourceTopic":"chat.send","sourcePartition":3,'
        '"sourceOffset":1099511627776,"sourceKey":"_w==","sourceValue":null,"errorType":"E","errorMessage":"why",'
        '"stack":"where","failedAt":"2026-01-31T23:59:59.123000Z"}}'
    ),
}


@pytest.mark.parametrize("record", RECORDS.values(), ids=RECORDS.keys())
def test_a_record_comes_back_as_it_was(record: Record) -> None:
    raw = encode_record(record)
    assert decode_record(raw) == record
    assert encode_record(decode_record(raw)) == raw


@pytest.mark.parametrize("name", WRITTEN)
def test_what_was_written_before_is_read(name: str) -> None:
    assert decode_record(WRITTEN[name].encode()) == RECORDS[name]


@pytest.mark.parametrize(
    "changes",
    [
        {"seq": "7"},
        {"seq": 7.0},
        {"seq": True},
        {"content": 1},
        {"createdAt": 1769903999},
        {"type": "image"},
        {"mentions": "u_2"},
        {"unknown": 1},
        {"message_id": "m_1"},
        {"messageId": None},
    ],
)
def test_what_is_not_exactly_a_record_is_refused_in_words_of_our_own(changes: dict[str, object]) -> None:
    envelope = json.loads(encode_record(RECORDS["MessageStored"]))
    envelope["record"]["message"] |= changes
    with pytest.raises(InvalidRequestError) as caught:
        decode_record(json.dumps(envelope).encode())
    assert all("canary" not in problem.message for problem in caught.value.problems)
    assert caught.value.problems


def test_the_error_of_a_record_holds_nothing_of_it() -> None:
    with pytest.raises(InvalidRequestError) as caught:
        decode_record(b'{"kind":"canary","record":{"message":{"content":"canary"}}}')
    text = f"{caught.value!r} {caught.value.problems} {caught.value.__cause__} {caught.value.__suppress_context__}"
    assert "canary" not in text
