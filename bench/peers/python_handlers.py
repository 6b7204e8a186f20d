"""The twin's trivial functions, under the names that serverless-offline finds them by."""

from __future__ import annotations

from bench.load.twin_project.functions.echo.handler import handler as echo
from bench.load.twin_project.functions.hello.handler import handler as hello

__all__ = ["echo", "hello"]
