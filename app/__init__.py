"""The PMHC Toolkit API: what police agencies and their partners need to know, ask and be promised, as JSON."""

__version__ = "0.1.0"
