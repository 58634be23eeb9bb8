"""Where tasks live. A store is the only truth; it keeps what the machine decided and decides nothing itself."""
