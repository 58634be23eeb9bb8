"""The command line: one file per group of commands, over the same service as every other face.

`main` names the commands and imports each when it is called. What help and `up` need is light: `main`, `errors`,
`options`, `output`, `completion` and `up` import no service.
"""
