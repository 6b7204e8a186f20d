"""What invokes functions by itself: Kafka topics and schedules."""

from local.event_sources.kafka import KafkaEventSource
from local.event_sources.schedule import ScheduleSource
from local.event_sources.security import Security
from local.event_sources.settings import EventSourceSettings

__all__ = ["EventSourceSettings", "KafkaEventSource", "ScheduleSource", "Security"]
