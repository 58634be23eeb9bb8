"""What to do when RabbitMQ takes nothing."""

from taskmill.core.errors import BrokerUnavailable

ALARM = "its memory or disk alarm is on"
HINTS = {
    ALARM: "`rabbitmq-diagnostics alarms` on its host says which; free memory or disk there",
    "PRECONDITION_FAILED": "a queue of that name was made otherwise: delete it, its tickets are found in the store",
    "NOT_ALLOWED": "check the vhost in the URL, and the user's right to it; `rabbitmqctl add_vhost` makes one",
    "ACCESS_REFUSED": "check user, password and the user's permissions on the vhost",
    "CERTIFICATE": "?cafile=… in the URL names the certificate to trust",
}
ELSE = "is it running, and can this host reach it? Tasks are stored and run all the same"


def unavailable(place: str, why: str) -> BrokerUnavailable:
    hint = next((hint for part, hint in HINTS.items() if part in why), ELSE)
    return BrokerUnavailable(f"the broker {place} takes nothing: {why}", hint=hint)
