"""The life of a task, pure: no clock, no randomness, no input or output, no logging."""
