"""Brokers carry tickets to workers. The store stays the truth; a broker may lose, repeat or reorder."""
