"""The HTTP face, and the service every face stands on."""
