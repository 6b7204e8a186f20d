"""The AsyncAPI document of the socket, made of the models that read and write its frames."""

from __future__ import annotations

from parley.protocol.asyncapi.document import make_asyncapi

__all__ = ["make_asyncapi"]
