"""The settings of BPS in a campaign: those of a demo, at the price of production.

Plain http and crash points need DEBUG while the settings are read. Once they are, it would only
have Django keep the text of every query.
"""

from config.settings import *  # noqa: F403 - all of them

DEBUG = False
