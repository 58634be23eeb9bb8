"""What callers do to tasks: enqueue, cancel, retry, delete, copy."""
