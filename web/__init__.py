"""HTTP plumbing that both services share: problem+json, body limits, request ids, logs, health, sockets."""
