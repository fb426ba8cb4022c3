"""Write labelled synthetic LSM6DSL data: --config configuration.json --out dataset.

The same as `wearsynth generate --config configuration.json --out dataset`, under the name that
users of an earlier generator type.
"""

import sys

from wearsynth.cli import main

if __name__ == "__main__":
    sys.argv.insert(1, "generate")
    main()
