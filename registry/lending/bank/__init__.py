"""Money in and out of a campaign's own bank account: statements, the review queue, payments that two people approve."""
