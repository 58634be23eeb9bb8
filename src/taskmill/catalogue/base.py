"""The app that holds the task types that ship with Taskmill. They are declared like anyone's own."""

from taskmill.sdk.app import App

app = App()
