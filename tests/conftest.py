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
    "browser": "browser",
    "infrastructure": "infrastructure",
}
ORDER = ("stacks", "engines", "browser", "infrastructure", "web")
"""What takes long begins first, so that both workers end at about the same time; the browser follows the engines."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keeps what shares something costly on one worker, and puts what is costly first."""
    here = Path(__file__).parent
    for item in items:
        if item.get_closest_marker("xdist_group") is None:
            group = _group_of(item, here)
            if group is not None:
                item.add_marker(pytest.mark.xdist_group(group))
    items.sort(key=_place)


def _group_of(item: pytest.Item, here: Path) -> str | None:
    uses_engines = "engines" in getattr(item, "fixturenames", ())
    return "engines" if uses_engines else TOGETHER.get(item.path.relative_to(here).parts[0])


def _place(item: pytest.Item) -> int:
    marker = item.get_closest_marker("xdist_group")
    name = marker.args[0] if marker is not None else item.path.relative_to(Path(__file__).parent).parts[0]
    return ORDER.index(name) if name in ORDER else len(ORDER)
