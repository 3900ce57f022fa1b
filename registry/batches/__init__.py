"""Requests for quotation, quotes, and batches: from a wish to a delivery."""
