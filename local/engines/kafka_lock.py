"""Resolves the jars of Kafka's version and pins them anew, when it changes: `python -m local.engines.kafka_lock`."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from local.engines.kafka_jars import KAFKA_VERSION, PINNED, Jar, open_repository, sha256_of

# Without a logger of its own choosing on the class path, Kafka fails in silence.
WANTED = (f"org.apache.kafka:kafka_2.13:{KAFKA_VERSION}", "org.slf4j:slf4j-simple:1.7.36")
HEADER = "# The jars of Kafka's class path, in its order, with their SHA-256: by python -m local.engines.kafka_lock.\n"


def main() -> None:
    """Writes the file of pins."""
    with tempfile.TemporaryDirectory() as work:
        context = open_repository(Path(work), lambda _: None)
        inputs, others = context.resolver.resolve([context.create_dependency(name) for name in WANTED])
        artifacts = {artifact.filename: artifact for artifact in (one.artifact for one in (*inputs, *others))}
        lines = []
        for name in sorted(artifacts):
            found = artifacts[name]
            jar = Jar(found.groupId, found.artifactId, found.version, sha256_of(found.resolve()))
            if jar.file_name != name:
                raise SystemExit(f"{name} is no plain jar, which the file of pins has no words for")
            lines.append(f"{jar.sha256} {jar.group}:{jar.artifact}:{jar.version}\n")
    PINNED.write_text(HEADER + "".join(lines), encoding="ascii")
    sys.stdout.write(f"{len(lines)} jars are pinned.\n")


if __name__ == "__main__":
    main()
