"""Lambda functions that fail, as their caller sees it, and what a function is told about itself."""

from __future__ import annotations

import re

import pytest

from tests.contract.aws.api import Api
from tests.contract.aws.sources import (
    LAMBDA_CONTEXT,
    LAMBDA_EXCEPTIONS,
    LAMBDA_INVOKE,
    LAMBDA_QUOTAS,
    LAMBDA_RUNTIME,
    LAMBDA_TIMEOUT,
    documented,
    unverified,
)

pytestmark = pytest.mark.anyio


@documented(LAMBDA_EXCEPTIONS, LAMBDA_INVOKE)
async def test_an_exception_is_told_with_its_type_words_and_stack(api: Api) -> None:
    told = await api.invoke("broken", {"how": "raise"})
    assert told.error == "Unhandled"
    assert (told.payload["errorType"], told.payload["errorMessage"]) == ("KeyError", "'price'")
    assert any("handler.py" in line for line in told.payload["stackTrace"])


@documented(LAMBDA_TIMEOUT, LAMBDA_INVOKE)
async def test_a_function_that_hangs_is_ended_at_its_timeout(api: Api) -> None:
    told = await api.invoke("hanging", {})
    assert told.error == "Unhandled"
    assert re.search(r"Task timed out after 1\.00 seconds", told.payload["errorMessage"])
    assert (await api.invoke("hanging", {"seconds": 0})).error == ""


@documented(LAMBDA_RUNTIME)
async def test_a_function_that_exits_is_a_failure_and_the_next_gets_a_fresh_environment(api: Api) -> None:
    told = await api.invoke("broken", {"how": "exit"})
    assert told.error == "Unhandled"
    assert told.payload["errorType"] == "Runtime.ExitError"
    assert (await api.invoke("broken", {"how": "tell"})).error == ""


@unverified("the words for a function that is ended for its memory; they are seen in practice")
async def test_a_function_that_fills_its_memory_is_killed(api: Api) -> None:
    told = await api.invoke("broken", {"how": "fill"})
    assert told.error == "Unhandled"
    assert told.payload["errorType"] == "Runtime.ExitError"
    assert told.payload["errorMessage"].endswith("Error: Runtime exited with error: signal: killed")


@documented(LAMBDA_QUOTAS)
async def test_an_answer_over_6_mb_is_a_failure(api: Api) -> None:
    told = await api.invoke("broken", {"how": "large"})
    assert told.error == "Unhandled"
    assert told.payload["errorType"] == "Function.ResponseSizeTooLarge"


@documented(LAMBDA_EXCEPTIONS)
async def test_an_answer_that_is_no_json_is_a_failure(api: Api) -> None:
    told = await api.invoke("broken", {"how": "unserializable"})
    assert told.error == "Unhandled"
    assert told.payload["errorType"] == "Runtime.MarshalError"


@unverified("how much a function may print; a megabyte has to be taken")
async def test_a_function_may_print_a_megabyte(api: Api) -> None:
    assert (await api.invoke("broken", {"how": "print"})).error == ""


@documented(LAMBDA_CONTEXT, LAMBDA_RUNTIME)
async def test_a_function_is_told_who_it_is(api: Api) -> None:
    told = (await api.invoke("broken", {"how": "tell"})).payload
    assert re.fullmatch(r"arn:aws:lambda:[a-z0-9-]+:\d{12}:function:\S+", told["arn"])
    assert told["memory"] == "256"
    assert 0 < told["leftMs"] <= 30_000
    assert re.fullmatch(r"[0-9a-f-]{36}", told["requestId"])
    variables = told["variables"]
    assert variables["_HANDLER"] == "handler.handler"
    assert variables["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] == "256"
    for name in ("AWS_REGION", "AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_RUNTIME_API", "LAMBDA_TASK_ROOT"):
        assert variables[name], name


@unverified("the statuses of failed functions behind an HTTP API; they are seen in practice")
@pytest.mark.parametrize("how", ["raise", "exit", "fill", "hang", "large", "unserializable"])
async def test_the_http_api_answers_500_for_a_function_that_failed_and_goes_on(api: Api, how: str) -> None:
    async with api.web() as web:
        answer = await web.get(f"/broken/{how}")
        assert (answer.status_code, answer.json()) == (500, {"message": "Internal Server Error"})
        assert (await web.get("/mirror")).status_code == 200
