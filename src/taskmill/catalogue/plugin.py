"""The catalogue as the rest of Taskmill knows it: the plugin that the entry point `catalogue` names."""

from taskmill.catalogue import app as catalogue_app
from taskmill.catalogue import settings
from taskmill.catalogue.files.uploads import UPLOAD_FOLDER
from taskmill.catalogue.tidy import tidy
from taskmill.config.catalogue import Configuration
from taskmill.plugins import Plugin


class CataloguePlugin:
    app = catalogue_app
    uploads = UPLOAD_FOLDER

    def configure(self, configuration: Configuration | None) -> None:
        settings.use(settings.from_config(*configuration) if configuration else None)

    def tidy(self) -> None:
        tidy()


plugin: Plugin = CataloguePlugin()
