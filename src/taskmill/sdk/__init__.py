"""The Python face: App, Task, TaskHandle."""
