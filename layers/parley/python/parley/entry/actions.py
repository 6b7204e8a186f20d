"""What the actions of a frame do, by their names and their older ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from parley.domain.errors import FieldProblem, InvalidRequestError, ParleyError
from parley.domain.live import TypingState
from parley.domain.models import Attachment, Connection, Identity
from parley.domain.rates import BucketName
from parley.protocol.errors import field_problems, socket_code
from parley.protocol.frames import AnswerData, NoData, PongData, Refusal, SendBatch, SendResults
from parley.protocol.live import JoinAnswer, RoomAnswer, RoomData, TypingData
from parley.protocol.messages import DeleteData, EditData, ReactData, SendBody, encode_accepted, encode_change
from parley.protocol.receipts import SeenData
from parley.protocol.sync import SyncData, encode_sync

if TYPE_CHECKING:
    from parley.ports import Clock
    from parley.services.chat import Chat
    from parley.services.editing import Editing
    from parley.services.rate_limits import RateLimits
    from parley.services.receipts import Receipts
    from parley.services.renewal import Renewal
    from parley.services.rooms import Rooms
    from parley.services.syncing import Sync

Reply = tuple[str, AnswerData]
ModelT = TypeVar("ModelT", bound=BaseModel)


class FrameServices(Protocol):
    """What the actions use; each is made when it is first asked for."""

    @property
    def rate_limits(self) -> RateLimits: ...

    @property
    def chat(self) -> Chat: ...

    @property
    def editing(self) -> Editing: ...

    @property
    def receipts(self) -> Receipts: ...

    @property
    def syncing(self) -> Sync: ...

    @property
    def rooms(self) -> Rooms: ...

    @property
    def renewal(self) -> Renewal: ...

    @property
    def clock(self) -> Clock: ...

    def attachment_url(self, attachment: Attachment) -> str: ...


@dataclass(frozen=True, slots=True)
class Call:
    """Who sent a frame, over which socket, and what its answer is to bear."""

    identity: Identity
    connection: Connection
    request_id: str | None


PING: Final = "ping"


class Actions:
    """Runs the action that a frame names. All routes share them: `$default` takes what the others do."""

    def __init__(self, services: FrameServices) -> None:
        self._services = services
        by_name: Mapping[str, Callable[[Call, Any], Reply | None]] = {
            "send": self._send,
            "edit": self._edit,
            "delete": self._delete,
            "react": self._react,
            "seen": self._seen,
            "sync": self._sync,
            "join": self._join,
            "leave": self._leave,
            "typing": self._type,
        }
        self._by_name: dict[str, Callable[[Call, Any], Reply | None]] = {
            **by_name,
            **{f"chat:{name}": action for name, action in by_name.items()},
            PING: self._ping,
        }
        for state in get_args(TypingState):
            self._by_name[f"chat:typing:{state}"] = partial(self._type, state=state)

    @property
    def names(self) -> tuple[str, ...]:
        """Of all actions, the older ones included."""
        return tuple(self._by_name)

    def run(self, name: str, call: Call, data: Any) -> Reply | None:
        """The event and data of the answer; None where something else is to answer.

        Raises:
            RateLimitedError: the user acts too often.
            InvalidRequestError: there is no such action, or its data is not valid.
            ParleyError: whatever the action's service raises.
        """
        self._services.rate_limits.check(_bucket_of(name), call.identity.user_id)
        action = self._by_name.get(name)
        if action is None:
            raise InvalidRequestError("There is no such action.")
        return action(call, data)

    def _send(self, call: Call, data: Any) -> Reply:
        if isinstance(data, dict) and "messages" in data:
            bodies = read_data(SendBatch, data).messages
            outcomes = self._services.chat.send_messages(call.identity, [body.to_draft() for body in bodies])
            results = [
                Refusal(client_message_id=body.client_message_id, code=socket_code(outcome))
                if isinstance(outcome, ParleyError)
                else encode_accepted(outcome)
                for body, outcome in zip(bodies, outcomes, strict=True)
            ]
            return "chat:send:ack", SendResults(results=results)
        draft = read_data(SendBody, data).to_draft()
        return "chat:send:ack", encode_accepted(self._services.chat.send_message(call.identity, draft))

    def _edit(self, call: Call, data: Any) -> Reply:
        edit = read_data(EditData, data)
        message = self._services.editing.edit_message(call.identity, edit.message_id, edit.content)
        return "chat:edit:ack", encode_change(message)

    def _delete(self, call: Call, data: Any) -> Reply:
        message_id = read_data(DeleteData, data).message_id
        return "chat:delete:ack", encode_change(self._services.editing.delete_message(call.identity, message_id))

    def _react(self, call: Call, data: Any) -> Reply:
        reaction = read_data(ReactData, data)
        message = self._services.editing.react(
            call.identity, reaction.message_id, reaction.emoji, remove=reaction.remove
        )
        return "chat:react:ack", encode_change(message)

    def _seen(self, call: Call, data: Any) -> None:
        """The answer comes once the receipt is stored, from whoever stores it."""
        seen = read_data(SeenData, data)
        self._services.receipts.request_receipt(
            call.identity,
            seen.conversation_id,
            seen.status,
            seen.seq,
            connection=call.connection,
            request_id=call.request_id,
        )

    def _sync(self, call: Call, data: Any) -> Reply:
        token = read_data(SyncData, {} if data is None else data).token
        page, next_token = self._services.syncing.sync(call.identity, token)
        return "sync", encode_sync(page, next_token, self._services.attachment_url)

    def _join(self, call: Call, data: Any) -> Reply:
        place = read_data(RoomData, data).conversation_id
        online = self._services.rooms.join_room(call.identity, place, call.connection)
        return "chat:join:ack", JoinAnswer(conversation_id=place, online=online)

    def _leave(self, call: Call, data: Any) -> Reply:
        place = read_data(RoomData, data).conversation_id
        self._services.rooms.leave_room(call.identity, place, call.connection)
        return "chat:leave:ack", RoomAnswer(conversation_id=place)

    def _type(self, call: Call, data: Any, state: TypingState | None = None) -> Reply:
        """The older names say the state; `data` may say it again."""
        implied = {} if state is None or not isinstance(data, dict) else {"state": state}
        typing = read_data(TypingData, {**implied, **data} if isinstance(data, dict) else data)
        if state is not None and typing.state != state:
            raise InvalidRequestError("The data is not valid.", [FieldProblem("state", "The action says another.")])
        self._services.rooms.type_in_room(call.identity, typing.conversation_id, typing.state)
        return "chat:typing:ack", RoomAnswer(conversation_id=typing.conversation_id)

    def _ping(self, call: Call, data: Any) -> Reply:
        read_data(NoData, {} if data is None else data)
        # It is said once: not to who will not hear it.
        has_missed = call.request_id is not None and self._services.renewal.take_missed(call.connection)
        return "pong", PongData(server_time=self._services.clock.now(), missed=True if has_missed else None)


def read_data(kind: type[ModelT], data: Any, detail: str = "The data is not valid.") -> ModelT:
    """What a client sent, as the model that it must be.

    Raises:
        InvalidRequestError: it is not; with every field that is wrong.
    """
    try:
        return kind.model_validate(data)
    except ValidationError as error:
        raise InvalidRequestError(detail, field_problems(error.errors(include_input=False))) from None


def _bucket_of(name: str) -> BucketName:
    """What a frame takes a token of; one with several messages is one send."""
    match name.removeprefix("chat:").split(":"):
        case ["send"]:
            return "send"
        case ["seen"]:
            return "seen"
        case ["typing", *_]:
            return "typing"
        case _:
            return "frame"
