"""What proto/ says, in Python: made by `make proto`, and not written by hand."""
