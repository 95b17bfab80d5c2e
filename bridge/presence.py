"""Which other bridges there are, known from retained topics. Pure.

A bridge that stops may leave its work to another only if one stays. Each says "leaving" first and waits
for its own word to come back: the broker's one order of messages decides between two that leave at once.
"""

ONLINE = b"online"
LEAVING = b"leaving"


class Presence:
    """What the presence topics say."""

    def __init__(self, own_topic: str) -> None:
        self._own_topic = own_topic
        self._said: dict[str, bytes] = {}

    def heard(self, topic: str, payload: bytes) -> None:
        """A presence message; an empty one (a last will) means gone."""
        if payload:
            self._said[topic] = payload
        else:
            self._said.pop(topic, None)

    def leaving_heard(self) -> bool:
        """Whether the broker has put our own leaving in order."""
        return self._said.get(self._own_topic) == LEAVING

    def others_online(self) -> int:
        """How many other bridges are there to stay."""
        return sum(payload == ONLINE for topic, payload in self._said.items() if topic != self._own_topic)
