"""The command line: one file per group of commands, over the same service as every other face.

Heavy modules are imported inside commands, so that `taskmill --help` and completion answer at once.
"""
