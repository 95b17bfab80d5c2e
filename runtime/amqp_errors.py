"""The one error of AMQP, and pika's many in a sentence."""

import re

import pika.exceptions

# What RabbitMQ says when the same attempt must fail again: no permission, another declaration or user,
# no such virtual host or no access to it.
_PERMANENT = (403, 406, 530)
# within another error pika quotes it as ConnectionClosedByBroker: (530) 'text', or StreamLostError: ("text",)
_QUOTED = re.compile(r"""^\w+: \(?(?:\(\d+\) )?(['"])(.*)\1,?\)?$""")
_LOGIN = (pika.exceptions.AuthenticationError, pika.exceptions.ProbableAuthenticationError)


class AmqpError(ConnectionError):
    """RabbitMQ refused, or the connection failed or ended. `retryable` is false where trying again is pointless.

    `code`: RabbitMQ's, where it gave one (403 no permission, 404 not found, 406 declared otherwise, 312 no queue …).
    """

    def __init__(self, message: str, *, retryable: bool = True, code: int | None = None) -> None:
        super().__init__(message)
        self.retryable = retryable
        self.code = code


def explained(reason: BaseException, where: str, user: str = "") -> AmqpError:
    """What pika raised or reported, as one sentence. `where`: host:port; `user`: given while connecting."""
    cause = _innermost(reason)
    if isinstance(cause, AmqpError):
        return cause
    said = _said(cause)
    if isinstance(cause, _LOGIN) or "ACCESS_REFUSED - Login" in said:
        return AmqpError(
            f"RabbitMQ at {where} refuses the user name {user!r} or its password", retryable=False, code=403
        )
    if isinstance(cause, pika.exceptions.ProbableAccessDeniedError):
        return AmqpError(f"RabbitMQ at {where} refuses {user!r}: {said}", retryable=False, code=530)
    if isinstance(cause, pika.exceptions.ConnectionOpenAborted):  # by pika itself, when its time was over
        return AmqpError(f"RabbitMQ at {where} does not answer")
    code = getattr(cause, "reply_code", None)
    if isinstance(cause, pika.exceptions.ConnectionClosedByBroker | pika.exceptions.ChannelClosedByBroker):
        return AmqpError(f"RabbitMQ at {where} says: {said}", retryable=code not in _PERMANENT, code=code)
    if isinstance(cause, OSError):
        return AmqpError(f"cannot reach RabbitMQ at {where}: {cause.strerror or cause}")
    if user:
        return AmqpError(f"cannot connect to RabbitMQ at {where} (is it its AMQP port?): {said}")
    return AmqpError(f"the connection to RabbitMQ at {where} is lost: {said}")


def _innermost(reason: BaseException) -> BaseException:
    """pika wraps what happened while connecting up to three times."""
    while True:
        inner = getattr(reason, "exception", None) or (getattr(reason, "exceptions", None) or [None])[-1]
        if inner is None and type(reason) is pika.exceptions.AMQPConnectionError and reason.args:
            inner = reason.args[0]
        if not isinstance(inner, BaseException):
            return reason
        reason = inner


def _said(cause: BaseException) -> str:
    text = getattr(cause, "reply_text", None) or ", ".join(str(part) for part in cause.args) or repr(cause)
    return re.sub(r"\s+", " ", _QUOTED.sub(r"\2", text)).strip()
