"""One statement each; those named with_* are the common parts of several."""
