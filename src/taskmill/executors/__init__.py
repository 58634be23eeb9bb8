"""How a worker runs a handler: on the event loop, in a thread, in a process of its own."""
