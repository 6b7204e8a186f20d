"""What a person or a test asks of a running twin, under /_local: loopback only, and not for other sites' pages."""

from local.control.site import CONTROL_PATH, ControlSite

__all__ = ["CONTROL_PATH", "ControlSite"]
