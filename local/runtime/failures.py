"""What Lambda says when a function does not answer: error types and texts as AWS's Invoke API words them."""

from __future__ import annotations

import signal

import orjson

from local.runtime.settings import MAX_PAYLOAD_BYTES, MAX_RESPONSE_BYTES


def failure(error_type: str, message: str) -> bytes:
    """A payload for an invocation that failed outside the function's code."""
    return orjson.dumps({"errorType": error_type, "errorMessage": message, "stackTrace": []})


def timed_out(request_id: str, seconds: float) -> bytes:
    """The function, or the start of its environment, took too long."""
    return failure("Sandbox.Timedout", f"RequestId: {request_id} Error: Task timed out after {seconds:.2f} seconds")


def exited(request_id: str, status: int) -> bytes:
    """The environment's process ended; `status` is negative for a signal, as `subprocess` has it."""
    if status == 0:
        reason = "Runtime exited without providing a reason"
    elif status < 0:
        reason = f"Runtime exited with error: signal: {_signal_words(-status)}"
    else:
        reason = f"Runtime exited with error: exit status {status}"
    return failure("Runtime.ExitError", f"RequestId: {request_id} Error: {reason}")


def throttled() -> bytes:
    """No more concurrency for this function or account."""
    return failure("TooManyRequestsException", "Rate Exceeded.")


def request_too_large() -> bytes:
    """The event is over the limit of a synchronous invocation."""
    return failure(
        "RequestTooLargeException",
        f"Request must be smaller than {MAX_PAYLOAD_BYTES} bytes for the InvokeFunction operation",
    )


def response_too_large(size: int) -> bytes:
    """The function's answer is over the limit; `size` is the answer's, in bytes."""
    return failure(
        "Function.ResponseSizeTooLarge",
        f"Response payload size ({size} bytes) exceeded maximum allowed payload size ({MAX_RESPONSE_BYTES} bytes).",
    )


def stopping() -> bytes:
    """The twin is being stopped."""
    return failure("ServiceException", "The local runtime is stopping")


def _signal_words(number: int) -> str:
    """The Go runtime's words for a signal, which is what Lambda shows ("killed", "segmentation fault")."""
    return (signal.strsignal(number) or f"signal {number}").lower()
