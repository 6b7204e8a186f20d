"""The AsyncAPI 3.0 document (https://www.asyncapi.com/docs/reference/specification/v3.0.0).

The described application is the server: it receives what clients send, and sends the events. Schemas are JSON Schema
as pydantic makes it, in the part that AsyncAPI's own dialect has too.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from parley.domain import limits
from parley.domain.rates import BUCKETS
from parley.protocol.asyncapi.client_frames import CLIENT_FRAMES, ClientFrame
from parley.protocol.asyncapi.server_frames import ANSWERS, ERROR, SERVER_FRAMES, ServerFrame
from parley.protocol.asyncapi.words import ABOUT, CLOSE_CODES, CONNECTING, ERROR_CODES, SECURITY

Json = dict[str, Any]

_SCHEMA: Final = "#/components/schemas/{model}"
_CHANNEL: Final = {"$ref": "#/channels/socket"}
_JOINED: Final = "Joined"
_GATEWAY: Final = "GatewayError"


def make_asyncapi(addresses: Sequence[str]) -> Json:
    """The document.

    Args:
        addresses: where the sockets are, `wss://host/path`: the document's servers.
    """
    messages = {_name(frame.actions[0]): _client_message(frame) for frame in CLIENT_FRAMES}
    messages |= {_event_name(frame): _server_message(frame) for frame in SERVER_FRAMES}
    messages |= {_JOINED: _joined_message(), _GATEWAY: _gateway_message()}
    return {
        "asyncapi": "3.0.0",
        "id": "urn:parley:socket",
        "info": {"title": "Parley's socket", "version": "1", "description": _describe()},
        "defaultContentType": "application/json",
        "servers": {f"socket{number or ''}": _server(address) for number, address in enumerate(addresses)},
        "channels": {
            "socket": {
                "address": None,
                "title": "The socket",
                "description": CONNECTING,
                "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
                "bindings": {"ws": {"method": "GET", "query": _TICKET_QUERY, "bindingVersion": "0.1.0"}},
            }
        },
        "operations": _operations(),
        "components": {
            "securitySchemes": SECURITY,
            "messages": messages,
            "schemas": _schemas(),
        },
        "x-limits": _limits(),
        "x-close-codes": {str(code): text for code, text in CLOSE_CODES.items()},
        "x-error-codes": ERROR_CODES,
    }


_TICKET_QUERY: Final[Json] = {
    "type": "object",
    "properties": {"ticket": {"type": "string", "description": "Of POST /api/auth/ws-ticket: one use, 30 s."}},
}


def _describe() -> str:
    codes = "\n".join(f"- `{code}`: {text}" for code, text in ERROR_CODES.items())
    closes = "\n".join(f"- {code}: {text}" for code, text in CLOSE_CODES.items())
    rates = "\n".join(
        f"- {name}: {bucket.rate_per_s:g} a second, {bucket.burst} at once"
        for name, bucket in BUCKETS.items()
        if name in {"send", "typing", "seen", "frame"}
    )
    return (
        f"{ABOUT}\n\n## Error codes\n{codes}\n\n## Limits\n"
        f"- a frame: {limits.FRAME_MAX_BYTES // 1024} KB; a message of several frames: "
        f"{limits.FRAME_MESSAGE_MAX_BYTES // 1024} KB\n"
        f"- JSON: nested at most {limits.JSON_MAX_DEPTH} deep\n{rates}\n\n## Close codes\n{closes}"
    )


def _limits() -> Json:
    return {
        "frameBytes": limits.FRAME_MAX_BYTES,
        "messageBytes": limits.FRAME_MESSAGE_MAX_BYTES,
        "jsonDepth": limits.JSON_MAX_DEPTH,
        "sendBatchCount": limits.SEND_BATCH_MAX_COUNT,
        "contentChars": limits.CONTENT_MAX_CHARS,
        "typingLapseSeconds": limits.TYPING_LAPSE_S,
        "socketSeconds": limits.SOCKET_MAX_DURATION_S,
        "ticketSeconds": limits.WS_TICKET_TTL_S,
        "ratesPerSecond": {
            name: {"rate": BUCKETS[name].rate_per_s, "burst": BUCKETS[name].burst}
            for name in ("send", "typing", "seen", "frame")
        },
    }


def _server(address: str) -> Json:
    parts = urlsplit(address)
    server: Json = {
        "host": parts.netloc,
        "protocol": parts.scheme,
        "security": [{"$ref": f"#/components/securitySchemes/{name}"} for name in SECURITY],
    }
    return server | ({"pathname": parts.path} if parts.path else {})


def _operations() -> Json:
    """One for what a client may send under each action, and one for what is told without being asked."""
    operations: Json = {}
    for frame in CLIENT_FRAMES:
        name = _name(frame.actions[0])
        operations[name[0].lower() + name[1:]] = {
            "action": "receive",
            "channel": _CHANNEL,
            "summary": frame.summary,
            "messages": [_message_of_channel(name)],
            "reply": {
                "channel": _CHANNEL,
                "messages": [_message_of_channel(_event_name(answer)) for answer in (*_answers(frame), ERROR)],
            },
        } | ({"description": f"Then, to others: {', '.join(frame.tells)}."} if frame.tells else {})
    told = [_event_name(frame) for frame in SERVER_FRAMES if not frame.is_answer]
    operations["tell"] = {
        "action": "send",
        "channel": _CHANNEL,
        "summary": "What the server tells without being asked.",
        "messages": [_message_of_channel(name) for name in (*told, _event_name(ERROR), _JOINED, _GATEWAY)],
    }
    return operations


def _message_of_channel(name: str) -> Json:
    return {"$ref": f"#/channels/socket/messages/{name}"}


def _client_message(frame: ClientFrame) -> Json:
    examples = [
        {"name": f"example{number}", "payload": {"action": frame.actions[0], "requestId": f"r{number}"} | _data(data)}
        for number, data in enumerate(frame.examples, 1)
    ]
    return _message(_name(frame.actions[0]), frame.actions[0], frame.summary, "client", examples)


def _server_message(frame: ServerFrame) -> Json:
    examples: list[Json] = []
    for number, data in enumerate(frame.examples, 1):
        payload: Json = {"event": frame.event}
        if frame.is_answer:
            payload["requestId"] = f"r{number}"
        payload["data"] = data.model_dump(mode="json", by_alias=True)
        examples.append({"name": f"example{number}", "payload": payload})
    return _message(_event_name(frame), frame.event, frame.summary, "answer" if frame.is_answer else "event", examples)


def _joined_message() -> Json:
    events = [frame for frame in SERVER_FRAMES if frame.event in {"chat:receive", "chat:seen:update"}]
    payload = [_server_message(frame)["examples"][0]["payload"] for frame in events]
    summary = "Several of the other frames, which waited for the same socket, in their order."
    return _message(_JOINED, "(an array)", summary, "event", [{"name": "example1", "payload": payload}])


def _gateway_message() -> Json:
    payload = {"message": "Internal server error", "connectionId": "L0SM9cOFvHcCIhw=", "requestId": "L0SM_FGfvHcFiQA="}
    summary = (
        "API Gateway's own frame, where it could not give a frame to the server. `requestId` is the gateway's, not the "
        "frame's: what was sent may be sent again."
    )
    return _message(_GATEWAY, "(none)", summary, "event", [{"name": "example1", "payload": payload}])


def _message(name: str, event: str, summary: str, tag: str, examples: list[Json]) -> Json:
    message: Json = {
        "name": name,
        "title": event,
        "summary": summary,
        "tags": [{"name": tag}],
        "payload": {"$ref": _SCHEMA.format(model=f"{name}Frame")},
        "examples": examples,
    }
    if tag != "event":
        message["correlationId"] = {"location": "$message.payload#/requestId"}
    return message


def _schemas() -> Json:
    read = [model for frame in CLIENT_FRAMES for model in frame.data]
    written = [model for frame in SERVER_FRAMES for model in frame.data]
    made = {name: _tidy(schema) for name, schema in _schemas_of(read, "validation").items()}
    made |= {name: _without_null(_tidy(schema)) for name, schema in _schemas_of(written, "serialization").items()}
    for client_frame in CLIENT_FRAMES:
        made[f"{_name(client_frame.actions[0])}Frame"] = _client_schema(client_frame)
    for server_frame in SERVER_FRAMES:
        made[f"{_event_name(server_frame)}Frame"] = _server_schema(server_frame)
    single = [{"$ref": _SCHEMA.format(model=f"{_event_name(frame)}Frame")} for frame in SERVER_FRAMES]
    made[f"{_JOINED}Frame"] = {"type": "array", "minItems": 1, "items": {"oneOf": single}}
    texts = {name: {"type": "string"} for name in ("message", "connectionId", "requestId")}
    made[f"{_GATEWAY}Frame"] = {"type": "object", "properties": texts, "required": list(texts)}
    return made


def _client_schema(frame: ClientFrame) -> Json:
    data = _any_of(frame.data)
    if frame.data_may_be_left_out:
        data = {"anyOf": [data, {"type": "null"}]}
    properties = {"action": {"type": "string", "enum": list(frame.actions)}, "requestId": _REQUEST_ID, "data": data}
    required = ["action"] if frame.data_may_be_left_out else ["action", "data"]
    return _object(frame.summary, properties, required)


def _server_schema(frame: ServerFrame) -> Json:
    properties: Json = {"event": {"type": "string", "const": frame.event}}
    required = ["event", "data"]
    if frame.is_answer:
        properties["requestId"] = _REQUEST_ID
        if frame is not ERROR:
            required.insert(1, "requestId")
    return _object(frame.summary, properties | {"data": _any_of(frame.data)}, required)


_REQUEST_ID: Final[Json] = {"type": "string", "minLength": 1, "maxLength": limits.REQUEST_ID_MAX_CHARS}


def _object(description: str, properties: Json, required: list[str]) -> Json:
    return {
        "type": "object",
        "description": description,
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


def _any_of(models: Iterable[type[BaseModel]]) -> Json:
    references = [{"$ref": _SCHEMA.format(model=model.__name__)} for model in models]
    return references[0] if len(references) == 1 else {"anyOf": references}


def _schemas_of(models: Iterable[type[BaseModel]], mode: JsonSchemaMode) -> Json:
    _, schemas = models_json_schema([(model, mode) for model in dict.fromkeys(models)], ref_template=_SCHEMA)
    defined: Json = schemas["$defs"]
    return defined


def _tidy(schema: Json) -> Json:
    """A model's schema without titles, which are only names of its fields once more."""
    fields = schema.get("properties", {})
    properties = {name: {key: part for key, part in field.items() if key != "title"} for name, field in fields.items()}
    return {key: part for key, part in schema.items() if key != "title"} | {"properties": properties}


def _without_null(schema: Json) -> Json:
    """What the server writes: a field that need not be there is left out, and never written as null."""
    properties: Json = {}
    for name, field in schema["properties"].items():
        choices = [choice for choice in field.get("anyOf", ()) if choice != {"type": "null"}]
        if name not in schema.get("required", ()) and len(choices) == 1:
            kept = {key: part for key, part in field.items() if key not in {"anyOf", "default"}}
            properties[name] = kept | choices[0]
        else:
            properties[name] = field
    return schema | {"properties": properties}


def _data(data: Any) -> Json:
    return {} if data is None else {"data": data}


def _name(name: str) -> str:
    """`chat:send:ack` as `ChatSendAck`."""
    return "".join(part[:1].upper() + part[1:] for part in name.split(":"))


def _event_name(frame: ServerFrame) -> str:
    """The same for an event, kept apart from a client's frame where both have one name, as `sync` has."""
    name = _name(frame.event)
    return f"{name}Answer" if any(_name(one.actions[0]) == name for one in CLIENT_FRAMES) else name


def _answers(frame: ClientFrame) -> Iterable[ServerFrame]:
    return (answer for answer in ANSWERS if answer.event == frame.answer)
