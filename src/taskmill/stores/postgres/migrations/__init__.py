"""Numbered steps of the schema. Each one is additive, so that workers of the previous schema go on meanwhile."""
