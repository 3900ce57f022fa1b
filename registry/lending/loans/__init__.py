"""From loan to payback: tranches, repayments, sales, units in place of money, arrears, default, write-off."""
