"""From "tasks:app" to the App of that name."""

import importlib
import os
import sys
import sysconfig
from types import ModuleType

from taskmill.core.errors import InvalidSettings
from taskmill.sdk.app import App

DEFAULT_ATTRIBUTE = "app"


def load_app(ref: str) -> App:
    """`module:attribute`, or `module` for its `app`; the working directory is searched after the standard library.

    Raises InvalidSettings when there is no such module, or no App of that name in it. Errors inside the module come
    through as they are.
    """
    module_name, _, attribute = ref.partition(":")
    if module_name.endswith(".py") or "/" in module_name:
        module = module_name.removesuffix(".py").strip("./").replace("/", ".")
        raise InvalidSettings(f"app {ref!r} is a file, not a module", hint=f"use {module}:{attribute or 'app'}")
    found = _app_in(_module(module_name, ref), attribute or DEFAULT_ATTRIBUTE)
    if found is None:
        raise _no_app(ref, attribute or DEFAULT_ATTRIBUTE, sys.modules[module_name])
    return found


def _module(name: str, ref: str) -> ModuleType:
    here = os.getcwd()
    if here not in sys.path:
        sys.path.insert(_after_the_standard_library(), here)
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not (name == error.name or name.startswith(f"{error.name}.")):
            raise  # the module is there; it imports something that isn't
        raise InvalidSettings(
            f"app {ref!r}: there is no module '{error.name}'", hint=f"looked in {here} and on the Python path"
        ) from None
    except (ValueError, TypeError):
        raise InvalidSettings(
            f"app {ref!r} is not of the form module:attribute", hint="for example tasks:app"
        ) from None


def _after_the_standard_library() -> int:
    """There in the path. What stands before it takes its place, for every library that is imported later."""
    homes = {sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib")}
    homes |= {f"{home}/lib-dynload" for home in homes}
    return max((place for place, folder in enumerate(sys.path, 1) if folder in homes), default=0)


def _app_in(module: ModuleType, attribute: str) -> App | None:
    value: object = module
    for part in attribute.split("."):
        value = getattr(value, part, None)
    return value if isinstance(value, App) else None


def _no_app(ref: str, attribute: str, module: ModuleType) -> InvalidSettings:
    apps = [name for name, value in vars(module).items() if isinstance(value, App)]
    hint = f"use {module.__name__}:{apps[0]}" if apps else "make one: app = taskmill.App()"
    if module.__name__.partition(".")[0] in sys.stdlib_module_names:
        hint = "Python's standard library has a module of that name, which comes first; give yours another"
    return InvalidSettings(f"app {ref!r}: '{attribute}' in {module.__name__} is not an App", hint=hint)
