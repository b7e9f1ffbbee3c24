"""What a WSGI server serves: `granian --interface wsgi wsgi:app`."""

from folkmoot.app import create_app
from folkmoot.bootstrap import bootstrap
from folkmoot.kernel.schema import require_current_schema
from folkmoot.kernel.settings import load_settings

services = bootstrap(load_settings())
require_current_schema(services.engine)
app = create_app(services)
