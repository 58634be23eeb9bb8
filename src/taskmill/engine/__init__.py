"""The life of a task between the faces and the store."""
