"""Social lending: peers pre-finance a batch, get paid back, and everyone can read the books."""
