"""From "tasks:app" to the App of that name."""

import importlib
import os
import sys
import sysconfig
from types import ModuleType

from taskmill.core.errors import InvalidSettings, TaskmillError
from taskmill.core.own_code import BrokenApp
from taskmill.sdk.app import App

DEFAULT_ATTRIBUTE = "app"


def load_app(ref: str) -> App:
    """`module:attribute`, or `module` for its `app`; the working directory is searched after the standard library.

    Raises InvalidSettings when there is no such module, no App of that name in it, or when importing it fails; what
    the module raised (SystemExit too) is the cause of the error then.
    """
    module_name, _, attribute = ref.partition(":")
    attribute = attribute or DEFAULT_ATTRIBUTE
    if module_name.endswith(".py") or "/" in module_name:
        module = module_name.removesuffix(".py").strip("./").replace("/", ".")
        raise InvalidSettings(f"app {ref!r} is a file, not a module", hint=f"use {module}:{attribute}")
    if not all(module_name.split(".")) or "\0" in module_name:
        raise InvalidSettings(f"app {ref!r} is not of the form module:attribute", hint="for example tasks:app")
    here = os.getcwd()
    if here not in sys.path:
        sys.path.insert(_after_the_standard_library(), here)
    try:
        found = _app_in(importlib.import_module(module_name), attribute)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        if isinstance(error, ModuleNotFoundError) and f"{module_name}.".startswith(f"{error.name}."):
            raise InvalidSettings(
                f"app {ref!r}: there is no module '{error.name}'", hint=f"looked in {here} and on the Python path"
            ) from None
        what = str(error) if isinstance(error, TaskmillError) else f"{type(error).__name__}: {error}".removesuffix(": ")
        hint = error.hint if isinstance(error, TaskmillError) else None
        raise BrokenApp(f"the app {ref} cannot be loaded: {what}", hint=hint) from error
    if found is None:
        raise _no_app(ref, attribute, sys.modules[module_name])
    return found


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
