# ruff: noqa: N999 - the name that gunicorn looks for
"""How gunicorn serves the sandbox. It names no address: `--bind` does.

One process of many threads: a scenario that answers late holds a thread, and nothing else.
"""

worker_class = "gthread"
workers = 1
threads = 48
graceful_timeout = 2
control_socket_disable = True
