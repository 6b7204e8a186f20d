"""Files for messages."""

from __future__ import annotations

from fastapi import Response

from parley.entry.rest.routes import Caller, Route, Services, answer
from parley.protocol.bodies import UploadAnswer, UploadBody, encode_upload


async def request_upload(services: Services, caller: Caller, body: UploadBody) -> Response:
    """Lets the caller upload a file by a form that holds for an hour, and takes this size and type alone.

    The file goes with one message of the caller's, which names its id within a day.
    """
    attachment, form = services.attachments.request_upload(
        caller, file_name=body.file_name, content_type=body.content_type, size=body.size
    )
    return answer(encode_upload(attachment, form), 201)


ROUTES = (Route("POST", "/api/attachments", request_upload, "Messages", 201, UploadAnswer),)
