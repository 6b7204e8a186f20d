"""PushClient: what the fake and the real one share, then the real one against gateways in every mood."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from botocore import auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from parley.ports import Push, PushClient
from parley.push.client import HttpPushClient
from parley.push.patience import Patience
from parley.push.sigv4 import AwsCredentials, RequestSigner
from tests.contract import gateway as answers
from tests.contract.gateway import Answer, Gateway, Request, running_gateway
from tests.contract.samples import a_connection
from tests.contract.tls import Authority
from tests.fakes import FakePushClient

KEY = AwsCredentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "session/token+with=signs")


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with running_gateway() as running:
        yield running


@pytest.fixture
def client() -> Iterator[HttpPushClient]:
    """A client that gives up soon."""
    made = HttpPushClient(lambda: KEY, region="eu-central-1", attempt_timeout_s=0.3, retry_budget_s=1.0)
    yield made
    made.close()


def a_push(gateway: Gateway, *frames: bytes) -> Push:
    return Push(a_connection("u_ada", endpoint=gateway.endpoint), frames or (b'{"event":"chat:receive"}',))


@pytest.fixture(params=["fake", "real"])
def either(request: pytest.FixtureRequest) -> PushClient:
    made: PushClient = FakePushClient() if request.param == "fake" else request.getfixturevalue("client")
    return made


def test_each_sockets_frames_arrive_in_order(either: PushClient, gateway: Gateway) -> None:
    pushes = [a_push(gateway, *(b"%d" % number for number in range(20))) for _ in range(10)]

    assert either.post(pushes) == ["pushed"] * 10
    assert either.post([]) == []

    frames = either.frames if isinstance(either, FakePushClient) else gateway.frames()
    assert frames == {push.connection.connection_id: list(push.frames) for push in pushes}


def test_posts_go_out_side_by_side_over_kept_connections(client: HttpPushClient, gateway: Gateway) -> None:
    gateway.delay_s = 0.02
    pushes = [a_push(gateway) for _ in range(50)]

    for _ in range(4):
        assert client.post(pushes) == ["pushed"] * 50

    assert gateway.most_in_flight > 20
    assert gateway.accepted <= 50


def test_no_more_than_128_are_in_flight(client: HttpPushClient, gateway: Gateway) -> None:
    gateway.delay_s = 0.01
    assert client.post([a_push(gateway) for _ in range(400)]) == ["pushed"] * 400
    assert gateway.most_in_flight <= 128


@pytest.mark.parametrize("answer", [answers.OK, answers.CHUNKED, answers.CLOSING, answers.INTERIM, answers.NO_CONTENT])
def test_every_shape_of_a_good_answer_is_understood(client: HttpPushClient, gateway: Gateway, answer: bytes) -> None:
    gateway.answer = lambda request: answer
    pushes = [a_push(gateway, b"1", b"2", b"3") for _ in range(3)]

    assert client.post(pushes) == ["pushed"] * 3
    assert gateway.frames() == {push.connection.connection_id: [b"1", b"2", b"3"] for push in pushes}


def test_a_closed_socket_is_gone_at_once_and_its_other_frames_are_dropped(
    client: HttpPushClient, gateway: Gateway
) -> None:
    gone, open_ = a_push(gateway, b"1", b"2"), a_push(gateway, b"1", b"2")
    gateway.answer = _by_connection({gone.connection.connection_id: answers.GONE})

    assert client.post([gone, open_]) == ["gone", "pushed"]
    assert gateway.frames()[gone.connection.connection_id] == [b"1"]


@pytest.mark.parametrize("answer", [answers.TOO_MANY, answers.BROKEN, answers.HANG_UP, answers.NONSENSE])
def test_a_passing_failure_is_tried_again(client: HttpPushClient, gateway: Gateway, answer: bytes) -> None:
    tries: Counter[bytes] = Counter()

    def fail_twice(request: Request) -> Answer:
        tries[request.body] += 1
        return answer if tries[request.body] <= 2 else answers.OK

    gateway.answer = fail_twice

    assert client.post([a_push(gateway, b"1", b"2")]) == ["pushed"]
    assert tries == {b"1": 3, b"2": 3}


@pytest.mark.parametrize("answer", [answers.TOO_MANY, answers.BROKEN, answers.HANG_UP, answers.SILENCE])
def test_a_lasting_failure_fails_within_its_budget_and_holds_up_no_other(
    client: HttpPushClient, gateway: Gateway, answer: bytes | None
) -> None:
    bad = [a_push(gateway, b"1", b"2") for _ in range(10)]
    good = [a_push(gateway, b"1", b"2") for _ in range(10)]
    gateway.answer = _by_connection({push.connection.connection_id: answer for push in bad})
    arrived: list[float] = []
    started = time.monotonic()
    inner = gateway.answer

    def note_good(request: Request) -> Answer:
        if request.connection_id in {push.connection.connection_id for push in good}:
            arrived.append(time.monotonic() - started)
        return inner(request)

    gateway.answer = note_good

    assert client.post([*bad, *good]) == ["failed"] * 10 + ["pushed"] * 10

    assert time.monotonic() - started < 2.5
    assert len(arrived) == 20
    assert max(arrived) < 0.5
    frames = gateway.frames()
    assert all(set(frames[push.connection.connection_id]) == {b"1"} for push in bad), "the rest is dropped"


FEW_S, MANY_S, SUSPECT_S, MARGIN_S = 0.4, 3.0, 0.1, 0.5


@pytest.fixture
def wall() -> list[float]:
    """What the clock on the wall says, in seconds since 1970."""
    return [1_000_000.0]


@pytest.fixture
def patient(wall: list[float]) -> Iterator[HttpPushClient]:
    """A client that tries for a long time, but lets nobody wait for that."""
    made = HttpPushClient(
        lambda: KEY,
        region="eu-central-1",
        attempt_timeout_s=4.0,
        retry_budget_s=4.0,
        patience=Patience(few_s=FEW_S, many_s=MANY_S, suspect_s=SUSPECT_S),
        clock=lambda: wall[0],
    )
    yield made
    made.close()


def _post_timed(client: HttpPushClient, pushes: list[Push]) -> tuple[list[str], float]:
    started = time.monotonic()
    outcomes = client.post(pushes)
    return list(outcomes), time.monotonic() - started


@pytest.mark.parametrize("answer", [answers.SILENCE, answers.TOO_MANY, answers.HANG_UP])
def test_a_stalled_socket_delays_neither_its_call_nor_the_next_ones(
    patient: HttpPushClient, gateway: Gateway, wall: list[float], answer: Answer
) -> None:
    stalled = a_push(gateway, b"1", b"2")
    others = [a_push(gateway, b"1", b"2") for _ in range(20)]
    stalled_id = stalled.connection.connection_id
    gateway.answer = _by_connection({stalled_id: answer})

    def tries() -> int:
        return sum(request.connection_id == stalled_id for request in gateway.requests)

    outcomes, first_s = _post_timed(patient, [stalled, *others])
    assert outcomes == ["failed"] + ["pushed"] * 20
    assert first_s < FEW_S + MARGIN_S

    outcomes, second_s = _post_timed(patient, [stalled, *others])
    assert outcomes == ["failed"] + ["pushed"] * 20
    assert second_s < SUSPECT_S + MARGIN_S / 2
    told = tries()

    outcomes, resting_s = _post_timed(patient, [stalled, *others])
    assert outcomes == ["failed"] + ["pushed"] * 20
    assert resting_s < MARGIN_S / 2
    assert tries() == told, "it is left alone for a while"

    wall[0] += 1.5
    assert patient.post([stalled, *others]) == ["failed"] + ["pushed"] * 20
    assert tries() > told
    assert all(frames[:2] == [b"1", b"2"] for name, frames in gateway.frames().items() if name != stalled_id)


@pytest.mark.parametrize(
    ("troubled", "others", "is_waited_for"), [(1, 1, False), (5, 20, False), (2, 1, True), (6, 20, True)]
)
def test_where_many_are_refused_it_may_be_the_gateway_and_they_are_waited_for_longer(
    patient: HttpPushClient, gateway: Gateway, troubled: int, others: int, *, is_waited_for: bool
) -> None:
    refused = [a_push(gateway) for _ in range(troubled)]
    refused_ids = {push.connection.connection_id for push in refused}
    ends_at = time.monotonic() + 2 * FEW_S

    def throttle(request: Request) -> Answer:
        is_refused = request.connection_id in refused_ids and time.monotonic() < ends_at
        return answers.TOO_MANY if is_refused else answers.OK

    gateway.answer = throttle
    outcomes = patient.post([*refused, *(a_push(gateway) for _ in range(others))])
    assert outcomes == ["pushed" if is_waited_for else "failed"] * troubled + ["pushed"] * others


def test_a_suspect_that_takes_its_frames_is_one_no_more(
    patient: HttpPushClient, gateway: Gateway, wall: list[float]
) -> None:
    slow, other = a_push(gateway), a_push(gateway)
    gateway.answer = _by_connection({slow.connection.connection_id: answers.TOO_MANY})
    for _ in range(2):
        assert patient.post([slow, other]) == ["failed", "pushed"]
    gateway.answer = lambda request: answers.OK
    assert patient.post([slow, other]) == ["failed", "pushed"], "it rests"
    wall[0] += 1.5

    assert patient.post([slow, other]) == ["pushed", "pushed"]
    assert patient.post([slow]) == ["pushed"], "without a rest after it"


def test_a_suspect_that_nobody_else_is_posted_with_is_tried_all_the_same(
    patient: HttpPushClient, gateway: Gateway
) -> None:
    slow, other = a_push(gateway), a_push(gateway)
    gateway.answer = _by_connection({slow.connection.connection_id: answers.TOO_MANY})
    assert patient.post([slow, other]) == ["failed", "pushed"]
    gateway.answer = lambda request: answers.OK

    assert patient.post([slow]) == ["pushed"]


def test_one_that_answers_late_each_time_is_not_waited_for_frame_by_frame(
    patient: HttpPushClient, gateway: Gateway
) -> None:
    slow = a_push(gateway, *(b"%d" % number for number in range(40)))
    gateway.delays_s[slow.connection.connection_id] = 0.3
    others = [a_push(gateway, *(b"%d" % number for number in range(40))) for _ in range(5)]

    outcomes, took_s = _post_timed(patient, [slow, *others])

    assert outcomes == ["failed"] + ["pushed"] * 5
    assert took_s < 2.0, "40 frames would take 12 s, and a call 5 s"


def test_many_frames_for_one_are_no_delay(patient: HttpPushClient, gateway: Gateway) -> None:
    gateway.delay_s = 0.02
    long, short = a_push(gateway, *(b"%d" % number for number in range(50))), a_push(gateway)
    assert patient.post([long, short]) == ["pushed", "pushed"]


def test_a_gateway_that_is_slow_for_all_is_waited_for(patient: HttpPushClient, gateway: Gateway) -> None:
    gateway.delay_s = 2 * FEW_S
    assert patient.post([a_push(gateway) for _ in range(5)]) == ["pushed"] * 5


@pytest.mark.parametrize("answer", [answers.FORBIDDEN])
def test_a_refusal_is_not_tried_again(client: HttpPushClient, gateway: Gateway, answer: bytes) -> None:
    gateway.answer = lambda request: answer
    assert client.post([a_push(gateway)]) == ["failed"]
    assert len(gateway.requests) == 1


def test_connections_that_ended_while_idle_cost_nothing(client: HttpPushClient, gateway: Gateway) -> None:
    gateway.close_idle = True
    pushes = [a_push(gateway, b"1", b"2") for _ in range(5)]
    for _ in range(3):
        assert client.post(pushes) == ["pushed"] * 5
    assert len(gateway.requests) == 30


@pytest.mark.parametrize(
    "endpoint", ["http://127.0.0.1:1/ws", "http://does-not-exist.invalid/ws", "ftp://x/ws", "", "//"]
)
def test_a_gateway_that_is_not_there_fails_and_holds_up_no_other(
    client: HttpPushClient, gateway: Gateway, endpoint: str
) -> None:
    lost = Push(a_connection("u_ada", endpoint=endpoint), (b"1",))
    assert client.post([lost, a_push(gateway)]) == ["failed", "pushed"]


def test_posts_go_over_tls_to_a_gateway_that_proves_itself(client: HttpPushClient, authority: Authority) -> None:
    with running_gateway(authority.server_context) as gateway:
        trusting = HttpPushClient(lambda: KEY, region="eu-central-1", tls=authority.client_context)
        try:
            assert trusting.post([a_push(gateway, b"1", b"2")] * 5) == ["pushed"] * 5
        finally:
            trusting.close()
        assert client.post([a_push(gateway)]) == ["failed"], "its authority is not among the public ones"
    assert len(gateway.requests) == 10


def test_a_post_is_addressed_and_signed_as_the_gateway_expects(client: HttpPushClient, gateway: Gateway) -> None:
    push = a_push(gateway, "🦜".encode())
    client.post([push])

    [request] = gateway.requests
    assert request.connection_id == push.connection.connection_id
    assert request.path.startswith("/ws/@connections/L0SM")
    assert "/" not in request.path.removeprefix("/ws/@connections/")
    assert request.headers["host"] == gateway.endpoint.split("/")[2]
    assert request.headers["x-amz-security-token"] == KEY.session_token
    signed_at = datetime.strptime(request.headers["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    assert abs(datetime.now(UTC) - signed_at) < timedelta(seconds=60)
    expected = _sign_as_botocore(
        AWSRequest("POST", f"http://{request.headers['host']}{request.path}", data=request.body), KEY, signed_at
    )
    assert request.headers["authorization"] == expected


@pytest.mark.parametrize("token", [None, "token/+=="])
@pytest.mark.parametrize("path", ["/ws/@connections/L0SM9cOFvHcCIhw%3D", "/@connections/a%2Fb%20~c.d_e-f", "/"])
@pytest.mark.parametrize("body", [b"", b'{"event":"x"}', "🦜".encode() * 9_000])
def test_signatures_are_those_of_botocore(token: str | None, path: str, body: bytes) -> None:
    credentials = AwsCredentials("AKIDEXAMPLE", "secret/key", token)
    moment = datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)
    signer = RequestSigner(
        lambda: credentials, region="eu-central-1", service="execute-api", clock=lambda: moment.timestamp() + 0.7
    )

    lines = dict(line.split(": ", 1) for line in signer.sign("POST", "abc.example.com", path, body).split("\r\n")[:-1])

    request = AWSRequest("POST", f"https://abc.example.com{path}", data=body)
    assert lines["Authorization"] == _sign_as_botocore(request, credentials, moment)
    assert lines["X-Amz-Date"] == "20260203T040506Z"
    assert lines.get("X-Amz-Security-Token") == token


def test_a_new_day_and_new_credentials_change_the_key() -> None:
    moments, keys = [0.0], [KEY]
    signer = RequestSigner(lambda: keys[-1], region="r", service="s", clock=lambda: moments[-1])
    signatures = [signer.sign("POST", "h", "/", b"")]
    moments.append(86_400.0)
    signatures.append(signer.sign("POST", "h", "/", b""))
    keys.append(AwsCredentials("AKIDEXAMPLE", "another", KEY.session_token))
    signatures.append(signer.sign("POST", "h", "/", b""))

    assert len(set(signatures)) == 3
    assert "another" not in repr(keys[-1])


def _sign_as_botocore(request: AWSRequest, credentials: AwsCredentials, moment: datetime) -> str:
    """The Authorization header that botocore would send at that moment."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(auth, "get_current_datetime", lambda: moment.replace(tzinfo=None))
        key = Credentials(credentials.access_key_id, credentials.secret_access_key, credentials.session_token)
        auth.SigV4Auth(key, "execute-api", "eu-central-1").add_auth(request)
    return str(request.headers["Authorization"])


def _by_connection(moods: dict[str, Answer]) -> Callable[[Request], Answer]:
    return lambda request: moods.get(request.connection_id, answers.OK)


def test_sockets_are_closed_and_those_that_were_are_told(client: HttpPushClient, gateway: Gateway) -> None:
    connections = [a_push(gateway).connection for _ in range(3)]
    gone = connections[1].connection_id
    gateway.answer = lambda request: answers.GONE if request.connection_id == gone else answers.NO_CONTENT

    assert client.disconnect(connections) == ["pushed", "gone", "pushed"]
    assert client.disconnect([]) == []

    assert {request.method for request in gateway.requests} == {"DELETE"}
    assert {request.connection_id for request in gateway.requests} == {one.connection_id for one in connections}


def test_a_caller_whose_thread_runs_a_loop_is_served_too(client: HttpPushClient, gateway: Gateway) -> None:
    async def endpoint() -> None:
        assert client.post([a_push(gateway)]) == ["pushed"]
        assert client.disconnect([a_push(gateway).connection]) == ["pushed"]

    loop = asyncio.new_event_loop()
    loop.run_until_complete(endpoint())
    loop.close()
    assert client.post([a_push(gateway)]) == ["pushed"]
