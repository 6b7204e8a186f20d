"""The use cases, on the domain and the ports: `check_*` decides, `do_*` writes, `access_*` guards, `notify_*` emits."""
