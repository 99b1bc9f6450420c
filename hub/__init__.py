"""CRM Hub: connects the systems a company keeps its customers in."""

__version__ = "0.1.0"
