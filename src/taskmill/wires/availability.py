"""What people are told while a server is away: two lines of the log, and the error of whoever needs it."""

import logging
import time

from taskmill.core.errors import BrokerUnavailable, FeedUnavailable

logger = logging.getLogger(__name__)

ALARM = "its memory or disk alarm is on"
RABBITMQ_HINTS = {
    ALARM: "`rabbitmq-diagnostics alarms` on its host says which; free memory or disk there",
    "PRECONDITION_FAILED": "a queue or exchange of that name was made otherwise: delete it, "
    "tickets and events are found in the store",
    "NOT_ALLOWED": "check the vhost in the URL, and the user's right to it; `rabbitmqctl add_vhost` makes one",
    "ACCESS_REFUSED": "check user, password and the user's permissions on the vhost",
    "vhost": "check the vhost in the URL; `rabbitmqctl add_vhost` makes one",
}
NO_PRIMARY = ("read only replica", "Link with MASTER", "NOREPLICAS", "loading the dataset")
"""What Redis says that follows another, is cut off from those that follow it, or is not ready yet."""
ONLY_WRITES = (*NO_PRIMARY, "MISCONF", "maxmemory")
"""What Redis says when reading may go on as if nothing were wrong."""
REDIS_HINTS = {
    "read only replica": "name the primary; its name or proxy will lead there after a failover",
    "Link with MASTER": "name the primary; this is a replica that has lost it",
    "NOREPLICAS": "fewer replicas follow it than min-replicas-to-write asks for: start them, or name the primary",
    "loading the dataset": "it has just started: wait until it has read its data",
    "MISCONF": "it cannot write to its disk: look at its log and free some space",
    "maxmemory": "it has reached its maxmemory: raise that, or free memory there",
    "password": "check user and password in the URL",
    "Authentication required": "the URL needs a password: redis://:password@host:6379/0",
    "permission": "the user needs the commands of streams, scripts and pub/sub on keys and channels taskmill:*",
    "DB index": "the number behind the host names a database that this server does not have",
}
HINTS = {
    **RABBITMQ_HINTS,
    **REDIS_HINTS,
    "Authentication": "check user and password",
    "certificate": "?cafile=… in the URL names the certificate to trust",
}
"""What the server or its library said → what to do. The first that is part of the reason counts."""


class Availability:
    """Of one server. Its messages name the server without secrets."""

    def __init__(
        self, what: str, fault: str, cost: str, error: type[BrokerUnavailable | FeedUnavailable], otherwise: str
    ) -> None:
        """`fault`: what it does not do; `cost`: what is worse meanwhile; `otherwise`: ends the hint of last resort."""
        self._what = what
        self._fault = fault
        self._cost = cost
        self._error = error
        self._otherwise = otherwise
        self._away = False
        self._back_at = -1.0
        self._refuses_writes = False

    @classmethod
    def of_broker(cls, url: str) -> "Availability":
        """`url`: as it may be shown."""
        cost, otherwise = "tasks run all the same, but start later", "Tasks are stored and run all the same"
        return cls(f"the broker {url}", "takes nothing", cost, BrokerUnavailable, otherwise)

    @classmethod
    def of_feed(cls, url: str) -> "Availability":
        """`url`: as it may be shown."""
        cost, otherwise = "whoever watches hears of changes later", "Tasks run all the same"
        return cls(f"the live feed {url}", "cannot be reached", cost, FeedUnavailable, otherwise)

    @property
    def refuses_writes(self) -> bool:
        """Whether it was read only when last heard of, and nothing was written since."""
        return self._refuses_writes

    def away(self, why: object, began: float | None = None) -> None:
        """One line, however often it is called.

        `began`: when that began which failed, in seconds of time.monotonic(). What began before it was back, on a
        connection of before, says nothing new.
        """
        if began is not None and began < self._back_at:
            return
        self._refuses_writes |= any(words in str(why) for words in ONLY_WRITES)
        if not self._away:
            self._away = True
            logger.warning("%s is away, %s: %s", self._what, self._cost, why)

    def back(self, *, wrote: bool = True) -> None:
        """`wrote`: whether it took something. That it can be read says little of one that refuses to be written."""
        if self._away and (wrote or not self._refuses_writes):
            self._away = self._refuses_writes = False
            self._back_at = time.monotonic()
            logger.warning("%s is back", self._what)

    def unavailable(self, why: str) -> BrokerUnavailable | FeedUnavailable:
        """The error to raise."""
        otherwise = f"is it running, and can this host reach it? {self._otherwise}"
        hint = next((hint for part, hint in HINTS.items() if part in why), otherwise)
        return self._error(f"{self._what} {self._fault}: {why}", hint=hint)
