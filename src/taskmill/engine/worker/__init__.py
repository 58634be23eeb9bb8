"""A worker: claims tasks, runs their handlers, and saves what became of them."""
