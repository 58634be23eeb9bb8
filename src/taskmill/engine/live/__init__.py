"""What is told of tasks while they change: waiting, following, events."""
