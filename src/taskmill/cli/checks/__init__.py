"""What `taskmill doctor` looks at: a file for each component."""
