"""The app that holds the task types that ship with Taskmill. They are declared like anyone's own."""

from taskmill.catalogue.settings import current
from taskmill.plugins import refuse_disabled
from taskmill.sdk.app import App


class Catalogue(App):
    def admit(self, task_type: str) -> None:
        """Raises UnknownTaskType for a task type that is switched off."""
        refuse_disabled(task_type, current().disabled_types)


app = Catalogue()
