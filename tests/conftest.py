"""For all tests: a suite that was started in the background ignores SIGINT, and so would whatever it starts."""

import signal

signal.signal(signal.SIGINT, signal.default_int_handler)
