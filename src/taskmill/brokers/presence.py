"""Tells once that a broker went away, and once that it is back."""

from taskmill.wires import presence


class Presence(presence.Presence):
    def __init__(self, place: str) -> None:
        super().__init__(f"the broker {place}", "tasks run all the same, but start later")
