"""`python -m quantlab` is the `quantlab` command."""

import sys

from quantlab.learn.cli import main

sys.exit(main())
