"""Shuts the connections of a running server from outside, without its knowing and without a proxy in the way.

Linux lets a parent copy a socket of its child (pidfd_getfd(2)); shutting the copy shuts the connection for both ends.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import socket
import sys

import psutil

PIDFD_GETFD = 438
"""The system call's number, which is the same on every architecture."""


def cut_connections(pid: int, port: int) -> int:
    """Shuts every connection that the process `pid` has accepted on `port`; returns how many there were.

    Raises:
        OSError: this system does not allow it.
    """
    if sys.platform != "linux":
        raise OSError("only Linux lets connections be cut from outside")
    found = [
        connection.fd
        for connection in psutil.Process(pid).net_connections(kind="tcp")
        if connection.status != psutil.CONN_LISTEN and connection.laddr[1] == port
    ]
    if not found:
        return 0
    handle = os.pidfd_open(pid)
    try:
        return sum(_shut(handle, descriptor) for descriptor in found)
    finally:
        os.close(handle)


def _shut(handle: int, descriptor: int) -> bool:
    libc = ctypes.CDLL(None, use_errno=True)
    copy: int = libc.syscall(PIDFD_GETFD, handle, descriptor, 0)
    if copy < 0:
        error = ctypes.get_errno()
        if error == errno.EBADF:  # it was closed in the meantime
            return False
        raise OSError(error, os.strerror(error))
    with socket.socket(fileno=copy) as connection, contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    return True
