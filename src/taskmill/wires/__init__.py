"""Connections to servers, for brokers and live feeds alike."""
