"""For your tests: `with Sandbox(app) as box:` keeps tasks in memory and runs them when you say so."""

from taskmill.testing.clock import Clock
from taskmill.testing.sandbox import Sandbox

__all__ = ["Clock", "Sandbox"]
