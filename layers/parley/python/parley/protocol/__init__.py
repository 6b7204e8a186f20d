"""What goes over the wire: bodies, frames, events and Kafka records as pydantic models, to and from bytes."""
