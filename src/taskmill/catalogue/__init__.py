"""The task types that ship with Taskmill. Each is a file; adding one means importing it here."""

from taskmill.catalogue.base import app
from taskmill.catalogue.data import data_processing
from taskmill.catalogue.email_sending import email_sending
from taskmill.catalogue.exchange_rate import exchange_rate
from taskmill.catalogue.files import file_processing
from taskmill.catalogue.files.uploads import upload
from taskmill.catalogue.github import github
from taskmill.catalogue.http_request import http_request
from taskmill.catalogue.math import math
from taskmill.catalogue.message import message
from taskmill.catalogue.quote import quote
from taskmill.catalogue.report import report
from taskmill.catalogue.simulation import simulation
from taskmill.catalogue.sleep import sleep
from taskmill.catalogue.weather import weather

__all__ = [
    "app",
    "data_processing",
    "email_sending",
    "exchange_rate",
    "file_processing",
    "github",
    "http_request",
    "math",
    "message",
    "quote",
    "report",
    "simulation",
    "sleep",
    "upload",
    "weather",
]
