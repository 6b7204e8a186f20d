"""Accepting messages: every check that can refuse one, then Kafka."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from parley.domain import text
from parley.domain.errors import BlockedError, FieldProblem, InvalidRequestError, ParleyError, UnavailableError
from parley.domain.ids import derive_message_id, is_id
from parley.domain.limits import SEND_BATCH_MAX_COUNT
from parley.domain.models import AcceptedMessage, Draft, Identity, Membership, Message
from parley.domain.records import SendRequested
from parley.ports import Clock, ConversationStore, MessageStore, Publisher
from parley.services.absence import Absence
from parley.services.access import access_conversations, check_unblocked, not_found
from parley.services.attachments import Claimed
from parley.services.tracing import Tracing

ClaimUploads = Callable[[Identity, Mapping[str, Sequence[str]]], Mapping[str, Claimed]]

_BAD_REPLY: Final = "It is no message of this conversation that stands."


@dataclass(frozen=True, slots=True)
class _Context:
    """What the drafts of one batch are checked against, read in a fixed number of queries."""

    memberships: Mapping[str, Membership]
    messages: Mapping[str, Message]
    members: Mapping[str, frozenset[str]]


class Chat:
    """Takes messages from their senders. Accepted means durable in `chat.send`, never less.

    Args:
        claim_uploads: gives messages the uploads that they name: see Attachments. Few messages name any.
        now_s: a clock that never steps back, in seconds.
    """

    def __init__(
        self,
        *,
        conversations: ConversationStore,
        messages: MessageStore,
        publisher: Publisher,
        claim_uploads: ClaimUploads,
        tracing: Tracing,
        clock: Clock,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._conversations = conversations
        self._messages = messages
        self._publisher = publisher
        self._claim_uploads = claim_uploads
        self._absence = Absence(now_s)
        self._tracing = tracing
        self._clock = clock

    def send_message(self, identity: Identity, draft: Draft) -> AcceptedMessage:
        """Accepts one message; see `send_messages`.

        Raises:
            NotFoundError: there is no such conversation, or the sender is not a member.
            BlockedError: one of the two of a direct conversation has blocked the other.
            InvalidRequestError: the draft breaks a rule, or refers to what it cannot refer to.
            UnavailableError: it could not be handed over; the same draft may be sent again.
        """
        (outcome,) = self.send_messages(identity, (draft,))
        if isinstance(outcome, ParleyError):
            raise outcome
        return outcome

    def send_messages(self, identity: Identity, drafts: Sequence[Draft]) -> list[AcceptedMessage | ParleyError]:
        """Accepts messages in the order given, each by itself: one that is refused does not touch the others.

        After one that could not be handed over, the later ones of its conversation are refused as retryable too, so
        that they can be sent again in their order. One clientMessageId twice is one message, as it first came. The
        number of database calls does not depend on the number of drafts: one, one more where any refers to something
        or goes where somebody is blocked, one more where any mentions somebody, and two where any has attachments.

        Args:
            drafts: 1 to 25.

        Returns:
            For each draft the accepted message, or why it was refused: NotFoundError, BlockedError,
            InvalidRequestError, UnavailableError.

        Raises:
            InvalidRequestError: there is no draft, or there are too many.
            UnavailableError: the checks could not be made, or what it takes was not there a second ago; nothing was
                handed over.
        """
        if not 1 <= len(drafts) <= SEND_BATCH_MAX_COUNT:
            problem = FieldProblem("messages", f"It must hold 1 to {SEND_BATCH_MAX_COUNT} messages.")
            raise InvalidRequestError("So many messages cannot be sent at once.", [problem])
        with self._absence.watch() as note_absence:
            outcomes = self._check_drafts(identity, drafts)
            accepted = [outcome for outcome in outcomes if isinstance(outcome, AcceptedMessage)]
            failures = self._do_hand_over(accepted)
            if failures and all(message.message_id in failures for message in accepted):
                note_absence()
        return [
            failures.get(outcome.message_id, outcome) if isinstance(outcome, AcceptedMessage) else outcome
            for outcome in outcomes
        ]

    def _check_drafts(self, identity: Identity, drafts: Sequence[Draft]) -> list[AcceptedMessage | ParleyError]:
        now = self._clock.now()
        forms = [check_form(draft) for draft in drafts]
        context = self._read_context(identity, [draft for draft, form in zip(drafts, forms, strict=True) if not form])
        accepted: dict[str, AcceptedMessage] = {}
        outcomes: list[AcceptedMessage | ParleyError] = []
        for draft, form in zip(drafts, forms, strict=True):
            refusal = form if form or draft.conversation_id in context.memberships else not_found()
            if refusal is not None:
                outcomes.append(refusal)
                continue
            message = _make_accepted(identity, draft, now)
            # What is sent again gets its first answer, whatever has become of what it refers to.
            known = message.message_id in accepted or message.message_id in context.messages
            outcomes.append(
                (None if known else _check_message(message, context))
                or accepted.setdefault(message.message_id, message)
            )
        return self._do_claim_uploads(identity, outcomes, context)

    def _do_claim_uploads(
        self, identity: Identity, outcomes: list[AcceptedMessage | ParleyError], context: _Context
    ) -> list[AcceptedMessage | ParleyError]:
        """Lets no message through without its attachments, nor past one of its conversation that has to wait."""
        wanted = {
            outcome.message_id: outcome.attachment_ids
            for outcome in outcomes
            if isinstance(outcome, AcceptedMessage)
            and outcome.attachment_ids
            and outcome.message_id not in context.messages
        }
        if not wanted:
            return outcomes
        claims = self._claim_uploads(identity, wanted)
        waiting: dict[str, ParleyError] = {}
        claimed: list[AcceptedMessage | ParleyError] = []
        for outcome in outcomes:
            if isinstance(outcome, ParleyError):
                claimed.append(outcome)
                continue
            attachments = waiting.get(outcome.conversation_id) or claims.get(outcome.message_id, ())
            if not isinstance(attachments, ParleyError):
                claimed.append(replace(outcome, attachments=attachments))
                continue
            if attachments.retryable:
                waiting[outcome.conversation_id] = attachments
            claimed.append(attachments)
        return claimed

    def _read_context(self, identity: Identity, drafts: Sequence[Draft]) -> _Context:
        memberships = access_conversations(self._conversations, identity, (draft.conversation_id for draft in drafts))
        message_ids: set[str] = set()
        mentioned: dict[str, dict[str, None]] = {}
        for draft in drafts:
            membership = memberships.get(draft.conversation_id)
            if membership is None or not (_refers(draft) or membership.blocked_by):
                continue
            message_ids.add(derive_message_id(draft.conversation_id, identity.user_id, draft.client_message_id))
            if draft.reply_to is not None:
                message_ids.add(draft.reply_to)
            if draft.mentions:
                mentioned.setdefault(draft.conversation_id, {}).update(dict.fromkeys(draft.mentions))
        return _Context(
            memberships,
            messages=self._messages.find_messages(sorted(message_ids)) if message_ids else {},
            members=self._conversations.find_members({place: tuple(users) for place, users in mentioned.items()})
            if mentioned
            else {},
        )

    def _do_hand_over(self, messages: Sequence[AcceptedMessage]) -> dict[str, ParleyError]:
        """Hands each message over once; those for which that failed, with why."""
        once = list({message.message_id: message for message in messages}.values())
        if not once:
            return {}
        try:
            outcomes = self._publisher.publish([SendRequested(message) for message in once])
        except UnavailableError as error:
            return {message.message_id: error for message in once}
        failures = {
            message.message_id: error for message, error in zip(once, outcomes, strict=True) if error is not None
        }
        self._tracing.note_accepted([message for message in once if message.message_id not in failures])
        return failures


def check_form(draft: Draft) -> InvalidRequestError | None:
    """What the draft's own text shows to be wrong with it, every field at once; None when nothing is."""
    empty = draft.type == "attachment" and not draft.attachment_ids
    bad_reply = draft.reply_to is not None and not is_id(draft.reply_to)
    findings = {
        "clientMessageId": text.check_client_message_id(draft.client_message_id),
        "content": text.check_content(draft.content),
        "replyTo": _BAD_REPLY if bad_reply else None,
        "mentions": text.check_mentions(draft.mentions),
        "attachments": "It names none." if empty else text.check_attachment_ids(draft.attachment_ids),
    }
    problems = [FieldProblem(field, problem) for field, problem in findings.items() if problem]
    return InvalidRequestError("The message cannot be sent.", problems) if problems else None


def _check_message(message: AcceptedMessage, context: _Context) -> ParleyError | None:
    try:
        check_unblocked(context.memberships[message.conversation_id])
    except BlockedError as error:
        return error
    return _check_references(message, context)


def _check_references(message: AcceptedMessage, context: _Context) -> InvalidRequestError | None:
    problems = []
    if message.reply_to is not None:
        target = context.messages.get(message.reply_to)
        if target is None or target.conversation_id != message.conversation_id or target.deleted_at is not None:
            problems.append(FieldProblem("replyTo", _BAD_REPLY))
    if not context.members.get(message.conversation_id, frozenset()).issuperset(message.mentions):
        problems.append(FieldProblem("mentions", "It names somebody who is not a member."))
    return InvalidRequestError("The message refers to what it cannot refer to.", problems) if problems else None


def _make_accepted(identity: Identity, draft: Draft, now: datetime) -> AcceptedMessage:
    return AcceptedMessage(
        message_id=derive_message_id(draft.conversation_id, identity.user_id, draft.client_message_id),
        conversation_id=draft.conversation_id,
        sender_id=identity.user_id,
        client_message_id=draft.client_message_id,
        type=draft.type,
        content=draft.content,
        reply_to=draft.reply_to,
        mentions=tuple(dict.fromkeys(draft.mentions)),
        attachment_ids=tuple(dict.fromkeys(draft.attachment_ids)),
        accepted_at=now,
    )


def _refers(draft: Draft) -> bool:
    return bool(draft.reply_to is not None or draft.mentions or draft.attachment_ids)
