"""Posts to the sockets that API Gateway holds, by its @connections API."""
