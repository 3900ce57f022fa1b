"""Protection of every form against requests from elsewhere.

Exempt only what never looks at the session: `csrf.exempt(blueprint)` for an API that takes tokens.
"""

from __future__ import annotations

from flask_wtf.csrf import CSRFProtect

csrf = CSRFProtect()
