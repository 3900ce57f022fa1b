"""What tests of this room share: databases as copies of one that was migrated once."""

from __future__ import annotations

from template_support import database_url as database_url
from template_support import postgres_template as postgres_template
from template_support import settings as settings
from template_support import sqlite_template as sqlite_template
