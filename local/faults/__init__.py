"""Faults on purpose, with a seed: kills, bad posts, lost `$disconnect`s, batches again, engines that stop or forget."""

from local.faults.faults import Faults, UnknownFaultError
from local.faults.models import Fault, FaultFile, read_fault, read_file

__all__ = ["Fault", "FaultFile", "Faults", "UnknownFaultError", "read_fault", "read_file"]
