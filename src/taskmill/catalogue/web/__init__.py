"""Requests over HTTP that stay within bounds, and the providers that are asked over it."""
