"""What `iotctl doctor` looks at: one small module a server, each of them `check(settings, say)`."""
