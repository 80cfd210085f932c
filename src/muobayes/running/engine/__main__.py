"""``python -m muobayes.running.engine MODEL [VARIANT]``: regenerate the tables of a model."""

import sys

from ...errors import InputError
from .generate import generate

if __name__ == "__main__":
    try:
        print("\n".join(generate(*sys.argv[1:3])))
    except InputError as error:
        sys.exit(f"muobayes: {error}")
