"""Every table of every feature, in one metadata."""

from sqlmodel import SQLModel

import registry.accounts.tables
import registry.batches.origin_tables
import registry.batches.tables
import registry.batches.unit_tables
import registry.builds.tables
import registry.commons.tables
import registry.dashboard.tables
import registry.designs.tables
import registry.fabricators.limit_tables
import registry.fabricators.needs_tables
import registry.fabricators.tables
import registry.ledger.tables
import registry.lending.bank.tables
import registry.lending.books.tables
import registry.lending.campaigns.tables
import registry.lending.community.tables
import registry.lending.loans.tables
import registry.lending.tables
import registry.notices.tables
import registry.reports.tables  # noqa: F401

metadata = SQLModel.metadata
