"""The PSP's commands."""
