"""Errors that carry one sentence a person can act on."""


class StudioError(Exception):
    """Something the user can put right; `str(error)` is the sentence to show."""


class DataError(StudioError):
    """The data cannot be used as they are."""


class CancelledError(StudioError):
    """What was under way is not wanted any more."""


class ConfigError(StudioError):
    """A setting has a value that it cannot take."""


class BackendError(StudioError):
    """A backend cannot run here."""


class ProjectError(StudioError):
    """A project cannot be opened or saved."""


class ExportError(StudioError):
    """A format cannot hold what is to be exported."""
