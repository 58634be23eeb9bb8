"""What to do when RabbitMQ carries no events."""

from taskmill.core.errors import FeedUnavailable

ALARM = "its memory or disk alarm is on"
HINTS = {
    ALARM: "`rabbitmq-diagnostics alarms` on its host says which; free memory or disk there",
    "ACCESS_REFUSED": "check user, password and the user's permissions on the vhost",
    "Authentication": "check user and password",
    "vhost": "check the vhost in the URL; `rabbitmqctl add_vhost` makes one",
    "PRECONDITION_FAILED": "an exchange or queue of that name was made otherwise: delete it",
    "CERTIFICATE": "?cafile=… in the URL names the certificate to trust",
}
ELSE = "is it running, and can this host reach it? Tasks run all the same"


def unavailable(place: str, why: str) -> FeedUnavailable:
    hint = next((hint for part, hint in HINTS.items() if part in why), ELSE)
    return FeedUnavailable(f"the live feed {place} cannot be reached: {why}", hint=hint)
