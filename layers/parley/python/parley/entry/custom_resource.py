"""Set-up at deploy: a CloudFormation custom resource, which the local twin calls at each start in the same way."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from parley.domain.errors import ConflictError
from parley.observability import begin_invocation

if TYPE_CHECKING:
    from parley.services.accounts import Accounts

PHYSICAL_ID = "parley-set-up"
DEMO_PASSWORD = "look-around-parley"  # noqa: S105  # made for show, and only ever on a developer's own machine
DEMO_USERS = {"alice": "Alice Adler", "bob": "Bob Brandt", "carol": "Carol Castro"}

_log = logging.getLogger(__name__)


class SetUpServices(Protocol):
    """What it uses."""

    @property
    def is_local(self) -> bool: ...

    @property
    def accounts(self) -> Accounts: ...

    def create_indexes(self) -> None:
        """Creates the indexes that are missing."""

    def create_topics(self, topics: Sequence[Mapping[str, Any]], replication_factor: int) -> Sequence[str]:
        """Creates the topics that are missing, and tells their names; refuses another number of partitions."""


def set_up_handler(services: SetUpServices) -> Callable[[Any, Any], dict[str, Any]]:
    """Makes Kafka and the database ready, and on a developer's own machine some users to begin with. Idempotent.

    Deleting the resource deletes nothing: the data is not the deployment's to throw away.

    Returns:
        `{"PhysicalResourceId", "Data"}`; `Data` is what a person should be shown, by label. A text that begins with `/`
        is a path of the HTTP API.
    """

    def handle(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
        begin_invocation(context)
        data: dict[str, str] = {}
        if event["RequestType"] != "Delete":
            # The twin's Kafka has its topics before any function runs, and names none here.
            wanted = event["ResourceProperties"]
            if wanted.get("Topics"):
                made = services.create_topics(wanted["Topics"], int(wanted["ReplicationFactor"]))
                data["Topics created"] = ", ".join(made) or "none"
            services.create_indexes()
            if services.is_local:
                data |= {"REST": "/api", "API documents": "/api/docs"}
                data["Demo login"] = _create_demo_users(services.accounts)
        return {"PhysicalResourceId": PHYSICAL_ID, "Data": data}

    return handle


def _create_demo_users(accounts: Accounts) -> str:
    for username, display_name in DEMO_USERS.items():
        try:
            accounts.register(
                username=username,
                email=f"{username}@example.com",
                password=DEMO_PASSWORD,
                display_name=display_name,
                device_name="set-up",
            )
        except ConflictError:
            _log.debug("a demo user is there already")
    names = list(DEMO_USERS)
    return f"{', '.join(names[:-1])} or {names[-1]} / {DEMO_PASSWORD}"
