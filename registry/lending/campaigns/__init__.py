"""Loan campaigns and their pledges."""
