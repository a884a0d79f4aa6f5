"""The settings as mypy's Django plugin loads them: complete, and good for nothing else."""

import os

PLACEHOLDERS = {
    "SANDBOX_SECRET_KEY": "unused",
    "SANDBOX_PUBLIC_URL": "http://127.0.0.1:1",
    "SANDBOX_DATABASE_URL": "postgres:///unused",
    "SANDBOX_PSP_API_KEY": "unused",
    "SANDBOX_PSP_WEBHOOK_SECRET": "whsec_dW51c2Vk",
    "SANDBOX_SHOP_BPS_URL": "http://127.0.0.1:1",
    "SANDBOX_SHOP_BPS_API_KEY": "unused",
    "SANDBOX_SHOP_NOTIFICATION_SECRET": "whsec_dW51c2Vk",
}
for name, value in PLACEHOLDERS.items():
    os.environ.setdefault(name, value)

from sandbox.settings import *  # noqa: E402, F403 - read only after the environment is made
