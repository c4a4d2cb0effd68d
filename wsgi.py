"""The WSGI entry point for servers that want one."""

import os

from lms.app import create_app
from lms.config import Settings

app = create_app(Settings.from_env(os.environ))
