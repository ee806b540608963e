# Talks to what listens on the host's loopback: the service, its database, its queue.
./calls tcp "$PORT"
