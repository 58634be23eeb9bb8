"""Taskmill beside another task queue, workload by workload, in turns on the same machine.

    python benchmarks/peers.py PEERBENCH [--rounds 3] [--workloads w1,w2,w3,w4,w5,w6] [--tasks 20000]

PEERBENCH is a directory of the peerbench tool (https-free: a checkout on this machine). The adapter in
benchmarks/peerbench/ is laid beside the tool's own. Prints each figure's median and the ratio of the medians.
"""
