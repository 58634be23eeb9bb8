"""What people do to tasks: cancel, retry, delete, one by one or all that match a filter."""
