"""Tasks while they change: looking them up, waiting for their end, following them."""
