"""The app of speaking.py, with logging configured as Python's documentation shows it."""

import importlib
import logging
import logging.config

logging.getLogger("early")
logging.config.dictConfig(
    {
        "version": 1,
        "formatters": {"short": {"format": "own format: %(message)s"}},
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "short"}},
        "loggers": {"quiet": {"level": "ERROR"}, "httpx": {"level": "DEBUG"}},
        "root": {"handlers": ["console"], "level": "WARNING"},
        "disable_existing_loggers": True,
    }
)

app = importlib.import_module("speaking").app
