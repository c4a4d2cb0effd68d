"""The ledger of certificates: issue, supersede, revoke, draw, verify."""
