"""A producer for Apache Kafka that works in the caller's thread.

Lambda stops a process between invocations, so a producer that sends from a thread of its own may wake up with half a
request behind it; here nothing happens outside a call. It speaks the protocol versions that brokers from 2.1 to 4.x
share, so it asks no broker what it knows. Source: https://kafka.apache.org/protocol.
"""
