"""One order at a time, a virtual clock, every kind of fault: the shipped rules on trial.

What decides is payments.domain, as shipped. Around it stand, in memory: the shell (`sessions`,
`purchases`, `gate`, `refunds`, `webhooks`: what payments.services do, each transaction one step),
a PSP with books (`psp`), a network (`wire`), people (`people`). `oracle` judges what happened by
the history alone. It knows no Django and no database, and opens no socket.
"""
