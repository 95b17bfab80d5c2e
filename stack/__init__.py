"""The real servers and the services on one machine, without a container engine and without root.

Debian's own packages are fetched and unpacked beside the project, never installed, and run under
bubblewrap. Nothing outlives its supervisor.
"""
