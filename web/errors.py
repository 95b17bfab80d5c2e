"""What a request can fail with, each with its status and a sentence for whoever reads the page."""

from collections.abc import Mapping


class RequestError(Exception):
    """A request that is not answered with what it asks for."""

    status = 400

    def __init__(self, sentence: str, *, status: int | None = None, retry_after_s: int | None = None) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.status = status or self.status
        self.headers: Mapping[str, str] = {} if retry_after_s is None else {"Retry-After": str(retry_after_s)}


class NotLoggedInError(RequestError):
    """No session, or one that is over."""

    status = 401

    def __init__(self) -> None:
        super().__init__("Log in first.")


class ForbiddenError(RequestError):
    """Logged in, and not for this."""

    status = 403


class UnknownError(RequestError):
    """What is asked for does not exist."""

    status = 404


class ConflictError(RequestError):
    """As things are, it cannot be done."""

    status = 409


class TooManyError(RequestError):
    """Beyond a limit, until `retry_after_s` have passed."""

    status = 429

    def __init__(self, sentence: str, retry_after_s: int) -> None:
        super().__init__(sentence, retry_after_s=retry_after_s)


class AwayError(RequestError):
    """A server is not there, or does not keep up."""

    status = 503

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence, retry_after_s=2)
