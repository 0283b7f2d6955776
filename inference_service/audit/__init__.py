"""The audit log: who had which image read by which model, when, and what came out, in a chain of records."""

from inference_service.audit.journal import Journal, JournalUnusable
from inference_service.audit.log import AuditLog, AuditUnavailable

__all__ = ["AuditLog", "AuditUnavailable", "Journal", "JournalUnusable"]
