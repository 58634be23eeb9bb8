"""The child of the process executor in these tests."""

from handlers import app

from taskmill.executors.child import Pipe, serve

if __name__ == "__main__":
    serve(Pipe(), app.tasks)
