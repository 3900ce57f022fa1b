"""Notices: what happened, told to those whom it concerns, on the web and by mail; and calendars of what is due."""
