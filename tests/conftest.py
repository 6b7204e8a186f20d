"""What every test may use, and which tests run side by side."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest_plugins = ["tests.engines", "tests.stacks"]

# One worker has the stacks, one after the other, and one the engines alone, as each takes a core and more by itself;
# one synthesizes the infrastructure once; everything else goes to whoever is free, and so does what says so itself.
TOGETHER = {
    "contract": "engines",
    "integration": "engines",
    "e2e": "stacks",
    "browser": "stacks",
    "web": "stacks",
    "infrastructure": "infrastructure",
}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keeps what shares something costly on one worker."""
    here = Path(__file__).parent
    for item in items:
        uses_engines = "engines" in getattr(item, "fixturenames", ())
        group = "engines" if uses_engines else TOGETHER.get(item.path.relative_to(here).parts[0])
        if group is not None and item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(group))
