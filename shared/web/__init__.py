"""What the screens of the three services share: pages, two languages, signing in, pairing, work without network.

A page is made here and sent whole (`Pages`, `show`); a screen that must work without network (`Offline`) is a shell
and modules that a service worker keeps, and talks to its own service's API alone.
"""

from shared.web.language import lang, t
from shared.web.offline import Offline
from shared.web.pages import Pages, form, show
from shared.web.screens import screens

__all__ = ["Offline", "Pages", "form", "lang", "screens", "show", "t"]
