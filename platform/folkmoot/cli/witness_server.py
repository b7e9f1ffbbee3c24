"""What serves a witness: `granian --interface wsgi folkmoot.cli.witness_server:app`.

`folkmoot witness serve` starts it, and says by the environment which files it works with.
"""

import logging
import os

from folkmoot.cli.witness_building import VARIABLE, WitnessFiles, witness_app

logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
app = witness_app(WitnessFiles.model_validate_json(os.environ[VARIABLE]))
