"""Node, with the packages of web/ installed."""

from __future__ import annotations

import pytest

from tests.web.packages import install_packages


@pytest.fixture(scope="session", autouse=True)
def _packages() -> None:
    """Installs them, once for each lock file."""
    install_packages()
