"""`python -m taskmill` is `taskmill`."""

from taskmill.cli.main import main

main()
