"""Starts worker and server processes, keeps them running, and gives back what a dead one held."""
