"""Attachments in S3. The standard library alone: the functions of sockets and streams presign too, and start fast."""
