"""The HTTP API's functions: a FastAPI application each, behind Mangum.

One environment serves one request at a time (AWS, "Lambda execution environment"), so the endpoints call the services,
which block, straight from the event loop: a thread for each request would only cost time.
"""

from parley.entry.rest.functions import auth_handler, chat_handler

__all__ = ["auth_handler", "chat_handler"]
