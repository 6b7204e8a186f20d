"""The event sources of a manifest."""

from __future__ import annotations

from functions.manifest import KafkaTrigger, Manifest, ScheduleTrigger
from local.event_sources import EventSourceSettings, KafkaEventSource, ScheduleSource
from local.interference import Interference
from local.observer import Observer
from local.runtime import Runtime


def make_sources(
    manifest: Manifest,
    runtime: Runtime,
    bootstrap_servers: str,
    *,
    settings: EventSourceSettings,
    observer: Observer,
    interference: Interference,
) -> list[KafkaEventSource | ScheduleSource]:
    """One for each trigger that is a topic or a schedule; none of them is started."""
    sources: list[KafkaEventSource | ScheduleSource] = []
    for function in manifest.functions.values():
        for trigger in function.triggers:
            if isinstance(trigger, KafkaTrigger):
                kafka = KafkaEventSource(
                    function.name,
                    trigger,
                    runtime,
                    bootstrap_servers,
                    observer,
                    settings=settings,
                    interference=interference,
                )
                sources.append(kafka)
            elif isinstance(trigger, ScheduleTrigger):
                sources.append(ScheduleSource(function.name, trigger, runtime, settings=settings))
    return sources
