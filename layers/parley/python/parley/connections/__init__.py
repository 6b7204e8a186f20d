"""What lives in Valkey: whose sockets are open where, and the tickets that open one. All of it may be lost."""
