"""replay_dead_letters: invoked by hand, and by nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from parley.domain.errors import ParleyError
from parley.entry.actions import read_data
from parley.observability import begin_invocation
from parley.protocol.dead_letters import DeadLetterAnswer, DeadLetterRequest, encode_dead_letter
from parley.protocol.errors import make_error_data

if TYPE_CHECKING:
    from parley.services.dead_letters import DeadLetters, Finding


class DeadLetterServices(Protocol):
    """What it uses."""

    @property
    def dead_letters(self) -> DeadLetters: ...


def dead_letters_handler(services: DeadLetterServices) -> Callable[[Any, Any], dict[str, Any]]:
    """Handles a request to list, show, replay or drop dead letters; a refusal is told as `{"error": {…}}`."""

    def handle(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
        begin_invocation(context)
        try:
            request = read_data(DeadLetterRequest, event, "This is no request for dead letters.")
            findings = _run(services.dead_letters, request)
        except ParleyError as error:
            return {"error": make_error_data(error).model_dump(mode="json", by_alias=True)}
        items = [
            encode_dead_letter(
                one.buried.offset,
                one.buried.letter,
                mark=None if one.mark is None else one.mark.name,
                marked_at=None if one.mark is None else one.mark.at,
                with_stack=request.action == "show",
                with_body=request.action == "show" and request.body,
            )
            for one in findings
        ]
        answer = DeadLetterAnswer(consumer=request.consumer, action=request.action, items=items)
        return answer.model_dump(mode="json", by_alias=True)

    return handle


def _run(letters: DeadLetters, request: DeadLetterRequest) -> list[Finding]:
    offsets = None if request.offsets is None else frozenset(request.offsets)
    match request.action:
        case "replay":
            return letters.replay(request.consumer, offsets=offsets, limit=request.limit)
        case "drop":
            return letters.drop(request.consumer, offsets=offsets or frozenset(), limit=request.limit)
        case _:
            return letters.find_letters(
                request.consumer, offsets=offsets, everything=request.everything, limit=request.limit
            )
