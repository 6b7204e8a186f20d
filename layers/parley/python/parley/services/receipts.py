"""Receipts: who has received and read how much of a conversation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from parley.domain.errors import FieldProblem, InvalidRequestError, ParleyError, UnavailableError
from parley.domain.limits import SEQ_MAX
from parley.domain.models import AcceptedReceipt, Connection, Identity, Membership, ReceiptStatus
from parley.domain.records import ReceiptMoved, ReceiptRequested
from parley.ports import Clock, ConversationStore, Moved, NotMoved, Publisher, Push, PushClient
from parley.services.access import access_conversation


class ReceiptAnswerEncoder(Protocol):
    """Writes the answer to a receipt that came over a socket."""

    def __call__(self, request_id: str, outcome: Membership | ParleyError) -> bytes:
        """UTF-8 JSON: the pointers as they are now, or why they could not be moved."""
        ...


class Receipts:
    """Takes receipts. Over REST the pointers are moved at once; from sockets, which send many, through `chat.seen`."""

    def __init__(self, *, conversations: ConversationStore, publisher: Publisher, clock: Clock) -> None:
        self._conversations = conversations
        self._publisher = publisher
        self._clock = clock

    def record_receipt(self, identity: Identity, conversation_id: str, status: ReceiptStatus, seq: int) -> Membership:
        """Moves the caller's pointers now, and tells the members.

        Args:
            seq: up to which everything was received or read; one beyond the last message is taken for the last.

        Raises:
            NotFoundError: there is no such conversation, or the caller is not a member.
            InvalidRequestError: the seq is negative.
            UnavailableError: they could not be moved, or nobody could be told; the same may be asked again.
        """
        access_conversation(self._conversations, identity, conversation_id)
        receipt = self._make(identity, conversation_id, status, seq)
        (outcome,) = self._conversations.move_pointers((receipt,), self._clock.now())
        if isinstance(outcome, NotMoved):
            raise outcome.error
        if must_tell(receipt, outcome):
            (failure,) = self._publisher.publish([_event(outcome)])
            if failure is not None:
                raise failure
        return outcome.membership

    def request_receipt(
        self,
        identity: Identity,
        conversation_id: str,
        status: ReceiptStatus,
        seq: int,
        *,
        connection: Connection,
        request_id: str | None,
    ) -> None:
        """Accepts a receipt from a socket: it will be stored, and answered over the socket once it is.

        Args:
            request_id: what the answer is to bear; None for none.

        Raises:
            NotFoundError: there is no such conversation, or the caller is not a member.
            InvalidRequestError: the seq is negative.
            UnavailableError: it could not be handed over; the same may be asked again.
        """
        access_conversation(self._conversations, identity, conversation_id)
        receipt = self._make(identity, conversation_id, status, seq)
        receipt = replace(receipt, connection=connection, request_id=request_id)
        (failure,) = self._publisher.publish([ReceiptRequested(receipt)])
        if failure is not None:
            raise failure

    def _make(self, identity: Identity, conversation_id: str, status: ReceiptStatus, seq: int) -> AcceptedReceipt:
        if seq < 0:
            raise InvalidRequestError("There is no such seq.", [FieldProblem("seq", "It is negative.")])
        return AcceptedReceipt(conversation_id, identity.user_id, status, min(seq, SEQ_MAX), self._clock.now())


class ReceiptRecording:
    """The consumer of `chat.seen`: moves pointers, tells the members, and answers the sockets."""

    def __init__(
        self,
        *,
        conversations: ConversationStore,
        publisher: Publisher,
        push: PushClient,
        encode_answer: ReceiptAnswerEncoder,
        clock: Clock,
    ) -> None:
        self._conversations = conversations
        self._publisher = publisher
        self._push = push
        self._encode_answer = encode_answer
        self._clock = clock

    def record_receipts(self, batch: Sequence[AcceptedReceipt]) -> list[ParleyError | None]:
        """Moves the pointers of a batch, one write a member, then tells the members of each once, then answers.

        A redelivered batch moves nothing and tells and answers again: whether that was done before is not known.

        Returns:
            For each of the batch None when it is stored, or refused with an answer that says so; else why not: a
            retryable error means that the whole may be given again.
        """
        if not batch:
            return []
        try:
            outcomes = self._conversations.move_pointers(batch, self._clock.now())
        except UnavailableError as error:
            return [error] * len(batch)
        untold = self._notify_moved(batch, outcomes)
        results: list[ParleyError | None] = []
        answers: list[Push] = []
        for receipt, outcome in zip(batch, outcomes, strict=True):
            failure = _failure_of(receipt, outcome, untold)
            results.append(failure)
            if failure is None and receipt.connection is not None and receipt.request_id is not None:
                answer = outcome.membership if isinstance(outcome, Moved) else outcome.error
                answers.append(Push(receipt.connection, (self._encode_answer(receipt.request_id, answer),)))
        if answers:
            self._push.post(answers)
        return results

    def _notify_moved(
        self, batch: Sequence[AcceptedReceipt], outcomes: Sequence[Moved | NotMoved]
    ) -> dict[tuple[str, str], ParleyError]:
        """Tells of each member once, with the last state; those of whom could not be told, with why."""
        events = {
            (receipt.conversation_id, receipt.user_id): _event(outcome)
            for receipt, outcome in zip(batch, outcomes, strict=True)
            if isinstance(outcome, Moved) and must_tell(receipt, outcome)
        }
        if not events:
            return {}
        try:
            failures: Sequence[ParleyError | None] = self._publisher.publish(list(events.values()))
        except UnavailableError as error:
            failures = [error] * len(events)
        return {place: failure for place, failure in zip(events, failures, strict=True) if failure is not None}


def must_tell(receipt: AcceptedReceipt, outcome: Moved) -> bool:
    """Whether the members are to hear of it: not of a receipt that others had gone beyond before it came.

    One that says what is stored already may be one that comes again because nobody could be told the first time.
    """
    member = outcome.membership
    return receipt.seq >= (member.last_read_seq if receipt.status == "read" else member.last_delivered_seq) > 0


def _event(outcome: Moved) -> ReceiptMoved:
    member = outcome.membership
    return ReceiptMoved(
        conversation_id=member.conversation_id,
        user_id=member.user_id,
        joined_at=member.joined_at,
        last_delivered_seq=member.last_delivered_seq,
        last_read_seq=member.last_read_seq,
        members_rev=outcome.members_rev,
    )


def _failure_of(
    receipt: AcceptedReceipt, outcome: Moved | NotMoved, untold: dict[tuple[str, str], ParleyError]
) -> ParleyError | None:
    if isinstance(outcome, NotMoved):
        # Who has left since is told so; there is nothing that another try would help.
        return outcome.error if outcome.error.retryable else None
    return untold.get((receipt.conversation_id, receipt.user_id))
