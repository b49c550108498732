# SPDX-License-Identifier: MIT
"""What fuzz/run is made of."""
