"""How gunicorn serves BPS, in the demo and in production. It names no address: `--bind` does."""

import gc

# Threads, because a Buy Now waits for its PSP; two workers of eight fit two cores.
worker_class = "gthread"
workers = 2
threads = 8
# Each worker listens for itself: shared, the kernel hands most connections to one of them.
reuse_port = True
# Loaded once, before workers are forked: one that takes a dead one's place serves at once.
preload_app = True


def pre_fork(server: object, worker: object) -> None:
    """Spare the collector what is loaded once and lives for ever, and workers copies of it."""
    gc.freeze()


# A Buy Now may wait 25 seconds when it asks to (Prefer: wait=25); let it finish.
graceful_timeout = 30
keepalive = 30
# The request middleware logs each request with its id.
accesslog = None
control_socket_disable = True
