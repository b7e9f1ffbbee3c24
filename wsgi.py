"""What a WSGI server serves: `granian --interface wsgi wsgi:app`."""

import sys

from folkmoot.app import create_app
from folkmoot.bootstrap import bootstrap
from folkmoot.kernel.schema import require_current_schema
from folkmoot.kernel.settings import load_settings

services = bootstrap(load_settings())
require_current_schema(services.engine)
app = create_app(services)

# Python lets a thread compute for 5 ms before another's turn. One that comes back from the database
# with a lock in its hands would wait so long a dozen times for one label.
sys.setswitchinterval(0.0001)
